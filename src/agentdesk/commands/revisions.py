"""Messages that who wrote them has changed or taken back: the customer on their page, or one of us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import NotFound
from agentdesk.base.text import msg
from agentdesk.commands import acts
from agentdesk.commands.arrival import Arrival
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.rows import author_name, conversation_of, message_of, preview_of
from agentdesk.commands.values import DeleteReply, EditReply
from agentdesk.domain.cleaning import storable
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Direction, Kind
from agentdesk.domain.posts import as_row, post_of
from agentdesk.domain.revising import after_deletion, after_edit, is_deleted, may_revise
from agentdesk.sdk.inbound import What
from agentdesk.store import blobs, search
from agentdesk.store.tables import attachment, contact, conversation, message, raw_item
from agentdesk.store.unit import Unit

__all__ = ["change_text", "delete_reply", "edit_reply", "revises", "take_back", "write_revisions"]

_GONE = msg("This message was deleted.").text
_OUT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
_NO_WORDS: Mapping[str, Any] = {
    "text": "",
    "html": "",
    "quoted_text": "",
    "quoted_html": "",
    "extras": None,
    "post": None,
}


# --- by the customer ---


def revises(arrival: Arrival) -> bool:
    """Say whether somebody changes what they wrote."""
    happening = arrival.inbound.happening
    return happening is not None and happening.what in (What.EDITED, What.DELETED)


async def write_revisions(unit: Unit, arrivals: Sequence[Arrival]) -> None:
    """Change what customers have changed. The message says it all then: the item itself is not kept."""
    for arrival in arrivals:
        if arrival.end == "revised":
            await _bring_up_to_date(unit, arrival)
        happening = arrival.inbound.happening
        if arrival.end != "happened" or not revises(arrival) or happening is None:
            continue
        moment = arrival.inbound.sent_at or arrival.received_at
        row = await _theirs(unit.conn, arrival.references[0], arrival)
        if row is not None and happening.what is What.EDITED:
            await change_text(unit, row, happening.text, moment)
        elif row is not None:
            await take_back(unit, row, moment)
        await _drop_originals(unit.conn, [arrival.raw_id])


async def _bring_up_to_date(unit: Unit, arrival: Arrival) -> None:
    """Take over what a network says now of a post that is known. What it said when is in the message."""
    await _drop_originals(unit.conn, [arrival.raw_id])
    row, post = await _theirs(unit.conn, arrival.external_id, arrival), arrival.inbound.post
    known = post_of(row["post"]) if row is not None else None
    if row is None or known is None or post is None:
        return
    if known.edited_at is not None and (post.edited_at is None or post.edited_at < known.edited_at):
        return  # it is older than what is known
    text, edited_at = arrival.inbound.text, post.edited_at
    if edited_at is not None and edited_at != known.edited_at and text != row["text"]:
        await change_text(unit, {**row, "post": as_row(post)}, text, edited_at)
    ours = {"kind": known.kind, "liked": known.liked, "hidden": known.hidden, "acts": known.acts}
    fresh = as_row(msgspec.structs.replace(post, **ours))
    if fresh != row["post"]:
        await unit.update(message, row["id"], {"post": fresh})


async def _theirs(conn: AsyncConnection, external_id: str, arrival: Arrival) -> Mapping[str, Any] | None:
    """The message that an arrival is about; None where it was taken back."""
    named = select(message).where(
        message.c.external_id == external_id,
        message.c.account_id == arrival.source.account_id,
        message.c.direction == Direction.IN,
    )
    row = (await conn.execute(named)).mappings().first()
    return None if row is None or is_deleted(row["revision"]) else dict(row)


# --- by one of us ---


async def edit_reply(context: Context, command: EditReply) -> None:
    """Let an answer say something else, here and where the customer reads it."""
    row = await _ours(context, command.message_id)
    text = storable(command.text)
    if not text.strip():
        raise Refusal("invalid", msg("There is no text yet."))
    post = post_of(row["post"])
    if post is not None:
        await acts.change_post(context, row, post, text)
        return
    _must_be_recent(context, row)
    if text == row["text"]:
        return
    await _reach(context, row, text)
    await change_text(context.unit, row, text, context.now)


async def delete_reply(context: Context, command: DeleteReply) -> None:
    """Take an answer back, here and where the customer reads it."""
    row = await _ours(context, command.message_id)
    post = post_of(row["post"])
    if post is not None:
        await acts.delete_post(context, row, post)
        return
    _must_be_recent(context, row)
    await _reach(context, row, None)
    await take_back(context.unit, row, context.now)


async def _ours(context: Context, message_id: UUID) -> Mapping[str, Any]:
    """A message of the actor's; where it is a post, of anybody's: the account has said it."""
    where = select(message.c.conversation_id).where(message.c.id == message_id)
    place = await context.conn.scalar(where)
    if place is None:
        raise NotFound
    await conversation_of(context, place)
    row = dict(await message_of(context, message_id))
    mine = row["user_id"] is not None and row["user_id"] == context.actor.user_id
    may = mine or row["post"] is not None
    if not may or row["direction"] != Direction.OUT or row["kind"] != Kind.MESSAGE:
        raise Refusal("not_allowed", msg("Only who wrote a message can change it."))
    if is_deleted(row["revision"]):
        raise Refusal("gone", msg("This message was deleted."))
    return row


def _must_be_recent(context: Context, row: Mapping[str, Any]) -> None:
    if row["delivery"] not in _OUT:
        raise Refusal("invalid", msg("This message has not been sent yet."))
    if not may_revise(row["created_at"], context.now):
        raise Refusal("late", msg("A message can be changed for five minutes after it was sent."))


async def _reach(context: Context, row: Mapping[str, Any], text: str | None) -> None:
    """Change it where the customer reads it; None: take it away there."""
    if context.unit.optimistic:
        return
    if context.channels is None or not await context.channels.revise(
        context, row, text, await author_name(context)
    ):
        raise Refusal("invalid", msg("What was sent through this channel cannot be changed."))


# --- the rows ---


async def change_text(unit: Unit, row: Mapping[str, Any], text: str, moment: datetime) -> None:
    """Let a message say ``text`` from ``moment`` on, and remember what it said before."""
    revision = after_edit(row["revision"], row["text"], row["created_at"], moment)
    await unit.update(message, row["id"], {"text": text, "html": "", "revision": revision})
    warning = str((row["post"] or {}).get("warning") or "").strip()
    await _preview(unit, row, preview_of(warning or text))
    if not unit.optimistic:  # a desk keeps an index of its own
        sender = row["sender"] or {}
        names = [str(sender.get(name) or "") for name in ("name", "value")]
        names += await unit.conn.scalars(
            select(attachment.c.name).where(attachment.c.message_id == row["id"])
        )
        words = search.search_text(row["subject"], text, names)
        await search.index_messages(unit.conn, [(row["id"], row["conversation_id"], row["inbox_id"], words)])


async def take_back(unit: Unit, row: Mapping[str, Any], moment: datetime, by: str = "") -> None:
    """Leave the bare mark, and the name of who took it back where that was a colleague of its author's.
    Under a legal hold what it said stays as its earlier text, with files and original."""
    revision = after_deletion(moment, by)
    if await _is_held(unit.conn, row["conversation_id"]):
        revision["earlier"] = after_edit(row["revision"], row["text"], row["created_at"], moment)["earlier"]
        await unit.update(message, row["id"], {**_NO_WORDS, "revision": revision})
    else:
        await unit.update(message, row["id"], {**_NO_WORDS, "revision": revision, "raw_id": None})
        await _drop_files(unit, row["id"])
        if row["raw_id"] is not None and not unit.optimistic:
            await _drop_originals(unit.conn, [row["raw_id"]])
    await _preview(unit, row, _GONE)
    if not unit.optimistic:
        await search.remove(unit.conn, [row["id"]])


async def _is_held(conn: AsyncConnection, conversation_id: UUID) -> bool:
    held = or_(conversation.c.legal_hold, contact.c.legal_hold)
    statement = select(conversation.c.id).join(contact, contact.c.id == conversation.c.contact_id)
    return await conn.scalar(statement.where(conversation.c.id == conversation_id, held)) is not None


async def _preview(unit: Unit, row: Mapping[str, Any], text: str) -> None:
    columns = conversation.c
    last = select(columns.id).where(
        columns.id == row["conversation_id"], columns.last_message_id == row["id"]
    )
    if await unit.conn.scalar(last) is not None:
        await unit.update(conversation, row["conversation_id"], {"preview": text})


async def _drop_files(unit: Unit, message_id: UUID) -> None:
    found = select(attachment.c.id, attachment.c.blob).where(attachment.c.message_id == message_id)
    files = (await unit.conn.execute(found)).all()
    await unit.delete(attachment, [one.id for one in files])
    if not unit.optimistic:
        await blobs.drop_unused(unit.conn, {one.blob for one in files})


async def _drop_originals(conn: AsyncConnection, raw_ids: Sequence[UUID]) -> None:
    """The row stays: what was read once is not read again."""
    mine = raw_item.c.id.in_(raw_ids)
    contents = set(await conn.scalars(select(raw_item.c.blob).where(mine)))
    await conn.execute(update(raw_item).where(mine).values(blob="", facts={}))
    await blobs.drop_unused(conn, contents - {""})
