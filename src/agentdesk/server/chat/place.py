"""Where a visitor's session is at the desk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.server.chat.faces import HAS_FACE, agent_of
from agentdesk.server.chat.protocol import Agent
from agentdesk.store.fixed import Among
from agentdesk.store.tables import chat_session, conversation, message, portrait, user

__all__ = ["Place", "place_of", "standing_of"]

_STANDING = Among(
    select(
        chat_session.c.id,
        chat_session.c.lines,
        conversation.c.id.label("conversation_id"),
        conversation.c.inbox_id,
        conversation.c.contact_id,
        user.c.name,
        portrait.c.digest,
    )
    .outerjoin(message, and_(message.c.external_id == chat_session.c.last, message.c.external_id != ""))
    .outerjoin(conversation, conversation.c.id == message.c.conversation_id)
    .outerjoin(user, user.c.id == conversation.c.assignee_id)
    .outerjoin(portrait, HAS_FACE)
    .order_by(conversation.c.id.desc()),
    chat_session.c.id,
)


@dataclass(frozen=True, slots=True)
class Place:
    """The conversation that a session is in at the desk; ``agent`` is who has it."""

    conversation_id: UUID
    inbox_id: UUID
    contact_id: UUID
    agent: Agent | None = field(default=None, compare=False)


async def place_of(conn: AsyncConnection, session_id: UUID) -> Place | None:
    """Return where a session is; None before its first message was recorded."""
    last = select(chat_session.c.last).where(chat_session.c.id == session_id).scalar_subquery()
    c = conversation.c
    row = (
        await conn.execute(
            select(c.id, c.inbox_id, c.contact_id, user.c.name, portrait.c.digest)
            .join(message, message.c.conversation_id == c.id)
            .outerjoin(user, user.c.id == c.assignee_id)
            .outerjoin(portrait, HAS_FACE)
            .where(message.c.external_id == last, message.c.external_id != "")
            .limit(1)
        )
    ).first()
    if row is None:
        return None
    return Place(row.id, row.inbox_id, row.contact_id, agent_of(row.name, row.digest))


async def standing_of(
    conn: AsyncConnection, sessions: Collection[UUID]
) -> dict[UUID, tuple[int, Place | None]]:
    """Return how many lines sessions have, and where they are; those that are gone are left out."""
    found: dict[UUID, tuple[int, Place | None]] = {}
    for row in await _STANDING.rows(conn, sessions):
        place = None
        if row["conversation_id"] is not None:
            where = row["conversation_id"], row["inbox_id"], row["contact_id"]
            place = Place(*where, agent_of(row["name"], row["digest"]))
        found[row["id"]] = row["lines"], place
    return found
