"""What tests of connectors that poll share."""

from __future__ import annotations

from agentdesk.sdk.errors import AuthFailed, RateLimited, Unreachable
from agentdesk.sdk.inbound import Cursor, RawItem
from agentdesk.sdk.protocols import Polls
from agentdesk.sdk.testing.simulator import Fault

__all__ = ["TROUBLES", "drained"]

TROUBLES = (
    (Fault.TOO_MANY, RateLimited),
    (Fault.BROKEN, Unreachable),
    (Fault.LOST_CALL, Unreachable),
    (Fault.TRUNCATED, Unreachable),
    (Fault.LOST_ANSWER, Unreachable),
    (Fault.DEAD_TOKEN, AuthFailed),
    (Fault.NO_SCOPE, AuthFailed),
)
"""What can go wrong at a network that is asked, and which of the contract's errors that is."""


async def drained(account: Polls, cursor: Cursor | None) -> tuple[list[RawItem], Cursor]:
    """Poll until nothing more waits; returns what came and where the next poll begins."""
    items: list[RawItem] = []
    while True:
        portion = await account.poll(cursor)
        items += portion.items
        cursor = portion.cursor
        if not portion.more:
            return items, cursor
