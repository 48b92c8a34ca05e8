"""Which language the customer writes."""

from __future__ import annotations

from agentdesk.commands.arrival import Arrival
from agentdesk.domain.language import language_of
from agentdesk.domain.message import Automatic
from agentdesk.server.lookup import Lookup

_ENOUGH = 800


def apply(arrival: Arrival, _lookup: Lookup) -> None:
    """Note the language of the message; a new contact is taken to speak it."""
    arrival.language = language_of(f"{arrival.inbound.subject}\n{arrival.inbound.text[:_ENOUGH]}")
    person = arrival.person
    if person is not None and not person.language and arrival.automatic is Automatic.NO:
        person.language = arrival.language
