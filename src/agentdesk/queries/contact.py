"""A customer, as the customer panel shows them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.queries.rows import ContactDetail, IdentityRow, PastConversation
from agentdesk.store.tables import contact, contact_identity, conversation

_PAST = 50


async def detail(conn: AsyncConnection, contact_id: UUID) -> ContactDetail | None:
    """Return a customer with all identities and the 50 latest conversations, or None where they are gone."""
    found = (await conn.execute(select(contact).where(contact.c.id == contact_id))).mappings().first()
    if found is None:
        return None
    values: dict[str, Any] = dict(found)
    values["identities"] = await _identities(conn, contact_id)
    values["conversations"] = await _conversations(conn, contact_id)
    return msgspec.convert(values, ContactDetail)


async def _identities(conn: AsyncConnection, contact_id: UUID) -> tuple[IdentityRow, ...]:
    statement = (
        select(contact_identity)
        .where(contact_identity.c.contact_id == contact_id)
        .order_by(contact_identity.c.created_at, contact_identity.c.id)
    )
    return tuple(
        msgspec.convert(dict(row), IdentityRow) for row in (await conn.execute(statement)).mappings()
    )


async def _conversations(conn: AsyncConnection, contact_id: UUID) -> tuple[PastConversation, ...]:
    c = conversation.c
    statement = (
        select(c.id, c.number, c.channel, c.subject, c.status, c.last_message_at)
        .where(c.contact_id == contact_id)
        .order_by(c.last_message_at.desc(), c.id.desc())
        .limit(_PAST)
    )
    found = (await conn.execute(statement)).mappings()
    return tuple(msgspec.convert(dict(row), PastConversation) for row in found)
