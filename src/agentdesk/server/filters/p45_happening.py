"""What happened besides messages: somebody has ended the conversation, or changed what they wrote."""

from __future__ import annotations

from agentdesk.commands.arrival import Arrival
from agentdesk.sdk.inbound import What
from agentdesk.server.lookup import Lookup, key_of_deleted


def apply(arrival: Arrival, lookup: Lookup) -> None:
    """Find the conversation in which it happened: one that it names, and in which its sender takes part.
    Where there is none any more, it is of no use to anybody, but a deletion: what it speaks of may come
    after it, and is remembered not to be shown then."""
    happening = arrival.inbound.happening
    if happening is None:
        return
    arrival.end = "ignored"
    told = not arrival.inbound.sender.value  # by the network itself, which does not say by whom
    for thread in lookup.named_threads(arrival):
        if told or arrival.sender in thread.participants:
            arrival.end, arrival.thread = "happened", thread
    gone = arrival.references[0] if arrival.references and happening.what is What.DELETED else ""
    if told and gone and not lookup.was_deleted(gone):
        arrival.key_hash = key_of_deleted(gone)
