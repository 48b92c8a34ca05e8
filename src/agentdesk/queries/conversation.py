"""One conversation: its head, its transcript a stretch at a time, its messages and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.message import Automatic, Direction, Kind
from agentdesk.queries.columns import parties, party, plain, with_people
from agentdesk.queries.rows import (
    AttachmentRow,
    ConversationRow,
    EventRow,
    MergedRow,
    MessageRow,
    Timeline,
)
from agentdesk.store import tables
from agentdesk.store.merged import conversation_root
from agentdesk.store.tables import account, contact, conversation, event, user

_EVENTS_AT_ONCE = 500
_PARTIES = ("to", "cc", "bcc", "reply_to")
_message = tables.message
_attachment = tables.attachment
_related = conversation.alias("related")
_asked = user.alias("asked")


async def head(conn: AsyncConnection, conversation_id: UUID) -> ConversationRow | None:
    """Return the head of a conversation, or of the one it goes on in where it was merged; None where it is
    gone."""
    root = await conversation_root(conn, conversation_id)
    statement = (
        with_people(
            conversation.c.account_id,
            conversation.c.last_message_id,
            conversation.c.snoozed_until,
            conversation.c.related_id,
            conversation.c.created_at,
            conversation.c.asked_id,
            func.coalesce(_asked.c.name, "").label("asked_name"),
            func.coalesce(account.c.address, "").label("account_address"),
            _related.c.number.label("related_number"),
        )
        .outerjoin(account, account.c.id == conversation.c.account_id)
        .outerjoin(_related, _related.c.id == conversation.c.related_id)
        .outerjoin(_asked, _asked.c.id == conversation.c.asked_id)
        .where(conversation.c.id == root)
    )
    found = plain(await conn.execute(statement))
    if not found:
        return None
    return msgspec.convert({**found[0], "merged": await _merged_into(conn, root)}, ConversationRow)


async def _merged_into(conn: AsyncConnection, conversation_id: UUID) -> tuple[MergedRow, ...]:
    c = conversation.c
    statement = select(c.id, c.number, c.subject).where(c.merged_into_id == conversation_id)
    rows = plain(await conn.execute(statement.order_by(c.number)))
    return tuple(msgspec.convert(row, MergedRow) for row in rows)


async def timeline(
    conn: AsyncConnection, conversation_id: UUID, before: UUID | None = None, limit: int = 40
) -> Timeline:
    """Return the last ``limit`` messages of a conversation (those before the message ``before``, if named)
    and the events among them, oldest first. Empty where the conversation or ``before`` is gone."""
    older_than: ColumnElement[bool] | None = None
    events = [event.c.conversation_id == conversation_id]
    if before is not None:
        edge = await conn.scalar(select(_message.c.created_at).where(_message.c.id == before))
        if edge is None:
            return Timeline(messages=(), events=(), older=False)
        older_than = or_(
            _message.c.created_at < edge, and_(_message.c.created_at == edge, _message.c.id < before)
        )
        events.append(event.c.created_at < edge)
    statement = _messages().where(_message.c.conversation_id == conversation_id)
    if older_than is not None:
        statement = statement.where(older_than)
    newest_first = statement.order_by(_message.c.created_at.desc(), _message.c.id.desc()).limit(limit + 1)
    found = plain(await conn.execute(newest_first))
    shown = found[:limit][::-1]
    older = len(found) > limit
    if older and shown:
        events.append(event.c.created_at >= shown[0]["created_at"])
    return Timeline(
        messages=await _to_messages(conn, shown), events=await _events(conn, and_(*events)), older=older
    )


async def written_since(conn: AsyncConnection, since: Mapping[UUID, datetime]) -> dict[UUID, int]:
    """Return how many messages customers have written in these conversations, each after its moment; those
    with none are left out."""
    m = _message.c
    places = [and_(m.conversation_id == one, m.created_at > moment) for one, moment in since.items()]
    if not places:
        return {}
    theirs = m.direction == Direction.IN, m.kind == Kind.MESSAGE, m.automatic == Automatic.NO
    statement = select(m.conversation_id, func.count()).where(or_(*places), *theirs)
    return {row[0]: row[1] for row in await conn.execute(statement.group_by(m.conversation_id))}


async def message(conn: AsyncConnection, message_id: UUID) -> MessageRow | None:
    """Return one message with its files, or None where it is gone."""
    found = plain(await conn.execute(_messages().where(_message.c.id == message_id)))
    rows = await _to_messages(conn, found)
    return rows[0] if rows else None


async def attachment(conn: AsyncConnection, attachment_id: UUID) -> AttachmentRow | None:
    """Return what is known of one file, or None where it is gone."""
    found = plain(await conn.execute(select(_attachment).where(_attachment.c.id == attachment_id)))
    return msgspec.convert(found[0], AttachmentRow) if found else None


def _messages() -> Select[Any]:
    return (
        select(
            _message,
            func.coalesce(user.c.name, contact.c.name, "").label("author_name"),
            _message.c.raw_id.is_not(None).label("has_original"),
        )
        .outerjoin(user, user.c.id == _message.c.user_id)
        .outerjoin(contact, contact.c.id == _message.c.contact_id)
    )


async def _to_messages(conn: AsyncConnection, found: Sequence[dict[str, Any]]) -> tuple[MessageRow, ...]:
    files = await _attachments(conn, [row["id"] for row in found])
    return tuple(_to_message(row, files.get(row["id"], ())) for row in found)


def _to_message(values: dict[str, Any], files: Sequence[AttachmentRow]) -> MessageRow:
    sender = party(values["sender"])
    values["author_id"] = values["user_id"] or values["contact_id"]
    values["author_name"] = values["author_name"] or (sender.name or sender.value if sender else "")
    values["has_original"] = bool(values["has_original"])
    for name in _PARTIES:
        values[name] = parties(values[name])
    values["sender"] = sender
    values["attachments"] = tuple(files)
    values["mentions"] = values["mentions"] or ()
    return msgspec.convert(values, MessageRow)


async def _attachments(conn: AsyncConnection, message_ids: Sequence[UUID]) -> dict[UUID, list[AttachmentRow]]:
    by_message: dict[UUID, list[AttachmentRow]] = {}
    if not message_ids:
        return by_message
    statement = (
        select(_attachment)
        .where(_attachment.c.message_id.in_(message_ids))
        .order_by(_attachment.c.message_id, _attachment.c.position, _attachment.c.id)
    )
    for row in plain(await conn.execute(statement)):
        by_message.setdefault(row["message_id"], []).append(msgspec.convert(row, AttachmentRow))
    return by_message


async def _events(conn: AsyncConnection, which: ColumnElement[bool]) -> tuple[EventRow, ...]:
    statement = (
        select(event, func.coalesce(user.c.name, "").label("user_name"))
        .outerjoin(user, user.c.id == event.c.user_id)
        .where(which)
        .order_by(event.c.created_at.desc(), event.c.id.desc())
        .limit(_EVENTS_AT_ONCE)
    )
    newest_first = plain(await conn.execute(statement))
    return tuple(msgspec.convert(row, EventRow) for row in reversed(newest_first))
