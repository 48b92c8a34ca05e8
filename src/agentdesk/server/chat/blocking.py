"""Visitors whom the team has blocked: their pages are sent away, and not let in again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.chat import CHANNEL
from agentdesk.server.chat.refused import Refused
from agentdesk.store.tables import chat_session, contact, contact_identity

__all__ = ["refuse_blocked", "sessions_of_contact"]

_THEIRS = contact_identity.c.kind == CHANNEL, contact_identity.c.value == chat_session.c.identity


async def refuse_blocked(conn: AsyncConnection, session_id: UUID) -> None:
    """Raise Refused where the visitor of a session is blocked."""
    found = (
        select(contact.c.blocked)
        .join(contact_identity, contact_identity.c.contact_id == contact.c.id)
        .join(chat_session, _THEIRS[1])
        .where(_THEIRS[0], chat_session.c.id == session_id)
    )
    if await conn.scalar(found):
        raise Refused("blocked", "This visitor was blocked.")


async def sessions_of_contact(conn: AsyncConnection, contact_id: UUID) -> Sequence[UUID]:
    """Return all sessions of a customer."""
    known = contact_identity.c.contact_id == contact_id
    found = await conn.scalars(
        select(chat_session.c.id).join(contact_identity, _THEIRS[1]).where(_THEIRS[0], known)
    )
    return list(found)
