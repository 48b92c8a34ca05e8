"""Erasing a customer: what the command itself does. The server then goes through the rest in portions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.customer import contact_of
from agentdesk.commands.values import EraseContact
from agentdesk.domain.acts import Act
from agentdesk.domain.spellings import is_number, spellings_of_number
from agentdesk.store.tables import (
    chat_session,
    contact,
    contact_identity,
    conversation,
    erasure,
    message,
    outbox,
    post_act,
    saved_view,
)
from agentdesk.store.words import tokens

__all__ = ["NOTHING_KNOWN", "erase_contact", "same_person", "words_of_view"]

_TELLING = 5
"""How long a handle is at least that means nobody else where it stands in a search."""

NOTHING_KNOWN: dict[str, Any] = {
    "name": "",
    "company": "",
    "place": "",
    "language": "",
    "time_zone": "",
    "notes": "",
    "fields": {},
}
"""What is left of a contact's own words."""


async def erase_contact(context: Context, command: EraseContact) -> None:
    """Forget who the customer is, at once, and leave the order to erase all that was said.

    Refused under a legal hold, also of a single conversation with words of theirs, and while a message to
    the customer is just being sent.
    """
    await contact_of(context, command.contact_id)
    people = await same_person(context.conn, command.contact_id)
    held = await context.conn.scalar(
        select(contact.c.id).where(contact.c.id.in_(people), contact.c.legal_hold.is_(True)).limit(1)
    )
    if held is not None:
        raise Refusal("held", msg("This customer is under a legal hold: nothing may be erased."))
    await _check_conversations(context, people)
    if not context.unit.optimistic:
        await _stop_sending(context, people)
        await _order(context, command.contact_id)
        await _end_sessions(context, people)
        await _forget_views(context, people)
    for one in people:
        await context.unit.update(contact, one, {**NOTHING_KNOWN, "merge": None, "erased_at": context.now})
    known = select(contact_identity.c.id).where(contact_identity.c.contact_id.in_(people))
    await context.unit.delete(contact_identity, list(await context.conn.scalars(known)))


async def _check_conversations(context: Context, people: Sequence[UUID]) -> None:
    wrote_in = select(message.c.conversation_id).where(message.c.contact_id.in_(people))
    held = await context.conn.scalar(
        select(conversation.c.number)
        .where(conversation.c.legal_hold.is_(True))
        .where(or_(conversation.c.contact_id.in_(people), conversation.c.id.in_(wrote_in)))
        .order_by(conversation.c.number)
        .limit(1)
    )
    if held is not None:
        raise Refusal(
            "held",
            msg("Conversation #{number} is under a legal hold: nothing may be erased.", number=held),
            hint=msg("Lift the hold first, or wait until it is over."),
        )


async def same_person(conn: AsyncConnection, contact_id: UUID) -> list[UUID]:
    """Return a contact and those that were merged into it, over any number of steps."""
    found = [contact_id]
    newest: Sequence[UUID] = found
    while newest:
        merged = select(contact.c.id).where(contact.c.merged_into_id.in_(newest))
        newest = [one for one in await conn.scalars(merged) if one not in found]
        found.extend(newest)
    return found


async def _order(context: Context, contact_id: UUID) -> None:
    await context.conn.execute(
        insert(erasure).values(
            id=context.command_id,
            contact_id=contact_id,
            user_id=context.actor.user_id,
            state="running",
            counts={},
            asked_at=context.now,
        )
    )


async def _end_sessions(context: Context, people: Sequence[UUID]) -> None:
    """What they saw on a page goes at once, and the page may not come back as them."""
    theirs = select(contact_identity.c.value).where(contact_identity.c.contact_id.in_(people))
    await context.conn.execute(delete(chat_session).where(chat_session.c.identity.in_(theirs)))


async def _forget_views(context: Context, people: Sequence[UUID]) -> None:
    """Saved searches for an address, a number or a handle of theirs find nothing any more: they go, from
    everybody's rail."""
    known = select(contact_identity.c.value).where(contact_identity.c.contact_id.in_(people))
    wanted: set[str] = set()
    for value in await context.conn.scalars(known):
        wanted |= spellings_of_number(value) if is_number(value) else {value}
    phrases = [f" {phrase} " for phrase in map(tokens, wanted) if len(phrase) >= _TELLING]
    rows = await context.conn.execute(select(saved_view.c.id, saved_view.c.name, saved_view.c.query))
    naming = [row.id for row in rows if any(phrase in words_of_view(row) for phrase in phrases)]
    await context.unit.delete(saved_view, naming)


def words_of_view(row: Any) -> str:
    """Return the words in the name and the search of a saved view, with a blank before, between and after."""
    return f" {tokens(row.name)} {tokens(row.query.get('text', ''))} "


async def _stop_sending(context: Context, people: Sequence[UUID]) -> None:
    """What still waits to be sent to the customer is not sent any more, nor done with their posts; but what
    is to be deleted at the network is deleted."""
    theirs = select(conversation.c.id).where(conversation.c.contact_id.in_(people))
    found = await context.conn.execute(
        select(outbox.c.message_id, outbox.c.state)
        .join(message, message.c.id == outbox.c.message_id)
        .where(message.c.conversation_id.in_(theirs), outbox.c.state != "done")
        .with_for_update(of=outbox)
    )
    rows = found.all()
    if any(row.state != "queued" for row in rows):
        raise Refusal(
            "busy",
            msg("A message to this customer is just being sent, or being looked up."),
            hint=msg("Try again when that has ended."),
        )
    waiting = [row.message_id for row in rows]
    await context.conn.execute(
        update(outbox).where(outbox.c.message_id.in_(waiting)).values(state="done", next_at=None)
    )
    wished = select(message.c.id).where(message.c.conversation_id.in_(theirs))
    others = post_act.c.message_id.in_(wished), post_act.c.act != Act.DELETE.value
    await context.conn.execute(delete(post_act).where(*others))
