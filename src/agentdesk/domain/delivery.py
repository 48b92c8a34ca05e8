"""The way of an outgoing message, as a closed map of states."""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    """How far an outgoing message has come."""

    HELD = "held"  # waits for the undo window
    QUEUED = "queued"  # will be sent
    SENDING = "sending"  # committed before the first byte leaves
    SENT = "sent"  # the channel took it
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"  # certainly not delivered; the reason is known
    VERIFY = "verify"  # it may have gone out: being looked up
    UNCERTAIN = "uncertain"  # could not be looked up; a person decides


_NEXT: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.HELD: frozenset({DeliveryState.QUEUED, DeliveryState.FAILED}),
    DeliveryState.QUEUED: frozenset({DeliveryState.SENDING, DeliveryState.VERIFY, DeliveryState.FAILED}),
    DeliveryState.SENDING: frozenset(
        {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.VERIFY, DeliveryState.QUEUED}
    ),
    DeliveryState.VERIFY: frozenset(
        {DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.UNCERTAIN, DeliveryState.FAILED}
    ),
    DeliveryState.UNCERTAIN: frozenset(
        {DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.VERIFY, DeliveryState.FAILED}
    ),
    DeliveryState.SENT: frozenset({DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.FAILED}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.READ, DeliveryState.FAILED}),
    DeliveryState.READ: frozenset(),
    DeliveryState.FAILED: frozenset({DeliveryState.QUEUED, DeliveryState.VERIFY}),
}


def may_follow(now: DeliveryState, then: DeliveryState) -> bool:
    """Say whether a message in state ``now`` may go to state ``then``."""
    return then in _NEXT[now]
