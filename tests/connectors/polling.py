"""What tests of connectors that poll share."""

from __future__ import annotations

from agentdesk.sdk.inbound import Cursor, RawItem
from agentdesk.sdk.protocols import Polls

__all__ = ["drained"]


async def drained(account: Polls, cursor: Cursor | None) -> tuple[list[RawItem], Cursor]:
    """Poll until nothing more waits; returns what came and where the next poll begins."""
    items: list[RawItem] = []
    while True:
        portion = await account.poll(cursor)
        items += portion.items
        cursor = portion.cursor
        if not portion.more:
            return items, cursor
