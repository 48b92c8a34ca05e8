"""Numbers of conversations: one after the other over the whole workspace."""

from __future__ import annotations

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.tables import counter

_NAME = "conversation"


async def reserve_numbers(conn: AsyncConnection, count: int) -> int:
    """Return the first of ``count`` numbers that are nobody else's."""
    statement = (
        update(counter)
        .where(counter.c.name == _NAME)
        .values(value=counter.c.value + count)
        .returning(counter.c.value)
    )
    last = await conn.scalar(statement)
    if last is None:
        await conn.execute(insert(counter).values(name=_NAME, value=count))
        last = count
    return int(last) - count + 1
