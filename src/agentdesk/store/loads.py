"""How much everybody has, in the units that a conversation of a channel counts."""

from __future__ import annotations

from sqlalchemy import Subquery, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.conversation import Status
from agentdesk.store.tables import channel_weight, conversation

__all__ = ["channel_units", "loads"]


def loads() -> Subquery:
    """Return ``units`` and ``count`` of the open conversations that each ``assignee_id`` has."""
    c = conversation.c
    return (
        select(
            c.assignee_id,
            func.sum(func.coalesce(channel_weight.c.units, 1)).label("units"),
            func.count().label("count"),
        )
        .outerjoin(channel_weight, channel_weight.c.channel == c.channel)
        .where(c.assignee_id.is_not(None), c.status == Status.OPEN)
        .group_by(c.assignee_id)
        .subquery()
    )


async def channel_units(conn: AsyncConnection) -> dict[str, int]:
    """Return how many units a conversation counts, by channel; 1 for those that are not named."""
    found = await conn.execute(select(channel_weight.c.channel, channel_weight.c.units))
    return {row.channel: row.units for row in found}
