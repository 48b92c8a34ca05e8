"""What several handlers need: rows under lock and key, and lines for the transcript."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, bindparam, or_, select

from agentdesk.base.errors import NotFound
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.domain.cleaning import one_line
from agentdesk.domain.conversation import EventKind
from agentdesk.domain.message import Automatic, Direction, Kind
from agentdesk.store.fixed import Asked, Fixed
from agentdesk.store.merged import conversation_root
from agentdesk.store.tables import contact, conversation, event, message, user

PREVIEW_CHARACTERS = 200
_TICK = timedelta(microseconds=1)
_MOST_NEWER = 20
_TRIES = 5
"""How often a conversation is looked for again that is being merged at this very moment."""


_NOT_MERGED = Fixed(
    select(conversation)
    .where(conversation.c.id == bindparam("here", type_=conversation.c.id.type))
    .where(conversation.c.merged_into_id.is_(None))
    .with_for_update()
)
_ERASED = Fixed(select(contact.c.erased_at).where(contact.c.id == bindparam("id", type_=contact.c.id.type)))
_NAME = Fixed(select(user.c.name).where(user.c.id == bindparam("id", type_=user.c.id.type)))


async def conversation_of(context: Context, conversation_id: UUID) -> Mapping[str, Any]:
    """Return a conversation, or the one that it goes on in where it was merged, locked until the transaction
    ends.

    Raises NotFound also where the actor may not see it: nobody learns that it exists.
    """
    here, row = conversation_id, context.held.get(conversation_id)
    for _ in range(0 if row is not None else _TRIES):
        found = await _NOT_MERGED.rows(context.conn, {"here": here})
        row = found[0] if found else None
        if row is not None and (here == conversation_id or await _leads(context, conversation_id) == here):
            break
        row, here = None, await _leads(context, conversation_id)
    if row is None or not context.actor.sees(row["inbox_id"]):
        raise NotFound
    return row


async def _leads(context: Context, conversation_id: UUID) -> UUID:
    return await conversation_root(context.conn, conversation_id)


def asks_of_customer(row: Mapping[Any, Any]) -> Asked:
    """Return what :func:`need_customer` asks the database."""
    return _ERASED, {"id": row["contact_id"]}


async def need_customer(context: Context, conversation_row: Mapping[Any, Any]) -> None:
    """Raise Refusal where the conversation's customer was erased: nothing is written there any more."""
    question, about = asks_of_customer(conversation_row)
    found = await question.first(context.conn, about)
    if found is not None and found["erased_at"] is not None:
        raise Refusal("gone", msg("This customer was erased."))


async def message_of(context: Context, message_id: UUID) -> RowMapping:
    """Return a message, locked until the transaction ends; raises NotFound as above."""
    statement = select(message).where(message.c.id == message_id).with_for_update()
    row = (await context.conn.execute(statement)).mappings().first()
    if row is None or not context.actor.sees(row["inbox_id"]):
        raise NotFound
    return row


async def add_event(
    context: Context, row: Mapping[Any, Any], kind: EventKind, data: Mapping[str, Any]
) -> None:
    """Add a line to the transcript of the conversation ``row``."""
    await context.unit.insert(event, [event_row(context, row["id"], row["inbox_id"], kind, data)])


def event_row(
    context: Context, conversation_id: UUID, inbox_id: UUID, kind: EventKind, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Return an event of the context's actor as a row."""
    return {
        "id": new_id(),
        "conversation_id": conversation_id,
        "inbox_id": inbox_id,
        "kind": kind.value,
        "author": context.actor.kind.value,
        "user_id": context.actor.user_id,
        "data": dict(data),
        "created_at": context.now,
    }


def asks_of_author(context: Context) -> Asked:
    """Return what :func:`author_name` asks the database."""
    return _NAME, {"id": context.actor.user_id}


async def author_name(context: Context) -> str:
    """Return the name of who issues the command; empty for a program."""
    if context.actor.user_id is None:
        return ""
    question, who = asks_of_author(context)
    found = await question.first(context.conn, who)
    return one_line(found["name"] if found else "", 200)


def next_moment(now: datetime, last: datetime | None) -> datetime:
    """Return when a message takes its place: now, but always after what stands there already.

    So the order within a conversation is the order in which messages were recorded, whatever clocks say, and
    "newer than what I saw" has one meaning.
    """
    return now if last is None else max(now, last + _TICK)


async def newer_messages(
    context: Context,
    conversation_id: UUID,
    seen_message_id: UUID,
    *,
    customers: bool = True,
    colleagues: bool,
) -> tuple[UUID, ...]:
    """Return what was written after a message that the actor had seen, oldest first: by ``customers``, and
    with ``colleagues`` the answers of others. An unknown id was seen by nobody: all counts as newer."""
    seen = await context.conn.scalar(
        select(message.c.created_at).where(
            message.c.id == seen_message_id, message.c.conversation_id == conversation_id
        )
    )
    from_customer = and_(message.c.direction == Direction.IN, message.c.automatic == Automatic.NO)
    others = message.c.user_id.is_distinct_from(context.actor.user_id)
    ours = message.c.direction == Direction.OUT, message.c.automatic == Automatic.NO
    from_others = and_(*ours, others)
    who = or_(*([from_customer] if customers else []), *([from_others] if colleagues else []))
    statement = select(message.c.id).where(
        message.c.conversation_id == conversation_id, message.c.kind == Kind.MESSAGE, who
    )
    if seen is not None:
        statement = statement.where(message.c.created_at > seen)
    statement = statement.order_by(message.c.created_at.desc()).limit(_MOST_NEWER)
    found = list(await context.conn.scalars(statement))
    return tuple(reversed(found))


def preview_of(text: str) -> str:
    """Return the first words of a message on one line."""
    return " ".join(text[: PREVIEW_CHARACTERS * 4].split())[:PREVIEW_CHARACTERS]
