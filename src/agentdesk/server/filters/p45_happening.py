"""What happened besides messages: somebody has ended the conversation."""

from __future__ import annotations

from agentdesk.commands.arrival import Arrival
from agentdesk.server.lookup import Lookup


def apply(arrival: Arrival, lookup: Lookup) -> None:
    """Find the conversation in which it happened: one that it names, and in which its sender takes part.
    Where there is none any more, it is of no use to anybody."""
    if arrival.inbound.happening is None:
        return
    arrival.end = "ignored"
    for thread in lookup.named_threads(arrival):
        if arrival.sender in thread.participants:
            arrival.end, arrival.thread = "happened", thread
