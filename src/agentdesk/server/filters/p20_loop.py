"""Our own messages that come back, and senders that write without end."""

from __future__ import annotations

from agentdesk.base import clock
from agentdesk.commands.arrival import Arrival
from agentdesk.domain.message import Automatic
from agentdesk.domain.recipients import mailbox_of
from agentdesk.sdk.tokens import find_tokens
from agentdesk.server.lookup import Lookup


def apply(arrival: Arrival, lookup: Lookup) -> None:
    """Ignore what we sent ourselves: proven by its id or signed mark, and by coming from our own address.

    A stranger who copies the id of a message of ours is not ignored, and neither is a person of the team
    who writes like any customer, or a form that writes in our name.
    """
    if _from_us(arrival, lookup) and _bears_our_mark(arrival, lookup):
        arrival.end, arrival.problem = "ignored", "our own message"
        return
    if arrival.sender is not None:
        moment = min(arrival.received_at, arrival.inbound.sent_at or arrival.received_at, clock.now())
        automatic = arrival.inbound.automation is not Automatic.NO
        arrival.flooding = lookup.gate.floods(arrival.sender, arrival.raw_id, moment, automatic)


def _from_us(arrival: Arrival, lookup: Lookup) -> bool:
    return mailbox_of(arrival.inbound.sender.value) in lookup.own_mailboxes


def _bears_our_mark(arrival: Arrival, lookup: Lookup) -> bool:
    tokens = find_tokens(arrival.external_id, arrival.inbound.loop_marker)
    return lookup.is_ours(arrival.external_id) or any(lookup.signed_by_us(token) for token in tokens)
