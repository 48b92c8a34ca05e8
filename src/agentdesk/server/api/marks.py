"""Operations of the REST API about marks: sensitive customers, and what is under a legal hold."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.commands.authority import refusal
from agentdesk.commands.context import Actor
from agentdesk.commands.values import MarkContact, MarkConversation
from agentdesk.domain.authority import Permission
from agentdesk.server.api.handlers import execute, not_found, visible
from agentdesk.server.api.operations import ApiError, Call
from agentdesk.server.api.values import (
    ContactMarks,
    ConversationMarks,
    LegalHolds,
    NewContactMarks,
    NewConversationMarks,
    Nothing,
)
from agentdesk.store.merged import contact_root
from agentdesk.store.tables import contact, contact_inbox, conversation


async def of_contact(call: Call[Nothing, Nothing]) -> ContactMarks:
    """The marks of a customer, or of whom they were merged into."""
    async with call.services.db.read() as conn:
        return await _of_contact(conn, call.actor, call.id)


async def mark_contact(call: Call[Nothing, NewContactMarks]) -> ContactMarks:
    """Set or take away marks of a customer."""
    async with call.services.db.read() as conn:
        contact_id = (await _of_contact(conn, call.actor, call.id)).contact_id
    wanted = call.body
    command = MarkContact(contact_id=contact_id, sensitive=wanted.sensitive, legal_hold=wanted.legal_hold)
    await execute(call, command)
    async with call.services.db.read() as conn:
        return await _of_contact(conn, call.actor, contact_id)


async def of_conversation(call: Call[Nothing, Any]) -> ConversationMarks:
    """Whether a conversation is under a legal hold of its own."""
    async with call.services.db.read() as conn:
        await visible(conn, call, call.id)
        held = await conn.scalar(select(conversation.c.legal_hold).where(conversation.c.id == call.id))
    return ConversationMarks(conversation_id=call.id, legal_hold=bool(held))


async def mark_conversation(call: Call[Nothing, NewConversationMarks]) -> ConversationMarks:
    """Put a conversation under a legal hold, or lift that."""
    async with call.services.db.read() as conn:
        await visible(conn, call, call.id)
    await execute(call, MarkConversation(conversation_id=call.id, legal_hold=call.body.legal_hold))
    return await of_conversation(call)


async def legal_holds(call: Call[Nothing, Nothing]) -> LegalHolds:
    """All that is under a legal hold, within the inboxes of who asks."""
    if not call.actor.may(Permission.ERASE):
        refused = refusal(Permission.ERASE)
        raise ApiError(403, refused.code, refused.message, refused.hint)
    contacts = _seen(call.actor).where(contact.c.legal_hold.is_(True)).order_by(contact.c.id)
    held = conversation.c.legal_hold.is_(True)
    conversations = select(conversation.c.id).where(held).order_by(conversation.c.number)
    if call.actor.inboxes is not None:
        conversations = conversations.where(conversation.c.inbox_id.in_(list(call.actor.inboxes)))
    async with call.services.db.read(snapshot=True) as conn:
        return LegalHolds(
            contacts=tuple(row.id for row in await conn.execute(contacts)),
            conversations=tuple(await conn.scalars(conversations)),
        )


async def _of_contact(conn: AsyncConnection, actor: Actor, contact_id: UUID) -> ContactMarks:
    root = await contact_root(conn, contact_id)
    row = (await conn.execute(_seen(actor).where(contact.c.id == root))).one_or_none()
    if row is None:
        raise not_found()
    return ContactMarks(contact_id=root, sensitive=row.sensitive, legal_hold=row.legal_hold)


def _seen(actor: Actor) -> Select[tuple[UUID, bool, bool]]:
    """Customers that have written to an inbox of the actor's."""
    found = select(contact.c.id, contact.c.sensitive, contact.c.legal_hold)
    if actor.inboxes is None:
        return found
    theirs = select(contact_inbox.c.contact_id).where(contact_inbox.c.inbox_id.in_(list(actor.inboxes)))
    return found.where(contact.c.id.in_(theirs))
