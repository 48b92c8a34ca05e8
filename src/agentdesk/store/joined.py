"""Who has joined a colleague's chat, read from what happened in it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.chat import STEPS, Step, joined
from agentdesk.store.tables import event

__all__ = ["joined_in"]

_STEPS = (
    select(event.c.kind, event.c.user_id, event.c.data)
    .where(event.c.conversation_id == bindparam("here"), event.c.kind.in_(STEPS))
    .order_by(event.c.created_at, event.c.id)
)


async def joined_in(conn: AsyncConnection, conversation_id: UUID) -> frozenset[UUID]:
    """Return who is in a chat besides the colleague who has it."""
    found = await conn.execute(_STEPS, {"here": conversation_id})
    return joined(Step(row.kind, row.user_id, row.data) for row in found)
