"""Whose message it is."""

from __future__ import annotations

from agentdesk.base.ids import new_id
from agentdesk.commands.arrival import UNVERIFIED, Arrival, Person
from agentdesk.commands.placing import profile_row
from agentdesk.server.lookup import Lookup


def apply(arrival: Arrival, lookup: Lookup) -> None:
    """Find the contact by the sender's address, or make one. Reply-To is where answers go, not who wrote."""
    address, name = arrival.identity, arrival.inbound.sender.name
    person = lookup.person(address)
    if person is None:
        person = _new_person(arrival, address, name)
        lookup.add_person(person)
    elif name and not person.name:
        person.name, person.renamed = name, not person.is_new
    _know(person, arrival)
    arrival.person = person
    thread = arrival.thread
    if thread is not None and thread.contact_id is None:
        thread.contact_id = person.id
        lookup.add_addressed(arrival)


def _know(person: Person, arrival: Arrival) -> None:
    """Take over what a network says of somebody, where it says something new."""
    profile = arrival.inbound.profile
    said = profile_row(profile)
    if said is not None and said != person.profile:
        person.profile = person.changed["profile"] = said
    if profile.handle and profile.handle != person.display:
        person.display = person.changed["display"] = profile.handle


def _new_person(arrival: Arrival, address: tuple[str, str], name: str) -> Person:
    kind, value = address
    return Person(
        id=new_id(),
        kind=kind,
        value=value,
        name=name,
        display=arrival.inbound.sender.value,
        verified=kind != UNVERIFIED,
        language=arrival.inbound.profile.language,
        time_zone=arrival.inbound.profile.time_zone,
        is_new=True,
        enters=True,
    )
