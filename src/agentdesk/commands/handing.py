"""Handing a conversation over: to a person, to another inbox, or back to its queue.

Whoever is asked to take a chat is offered it (:mod:`agentdesk.server.offering`); until they take it, the one
who hands it over has it, so that its visitor is never left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, insert, select, update

from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.authority import refusal
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.conversation import assign, assignable, given_to, refuse_taken
from agentdesk.commands.reply import add_note
from agentdesk.commands.rows import add_event, conversation_of
from agentdesk.commands.values import AddNote, Assign, CancelTransfer, Mention, Transfer
from agentdesk.domain.authority import Permission
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.conversation import EventKind, HandingOver, Status
from agentdesk.domain.routing import OfferState
from agentdesk.domain.routing_rules import rules_from
from agentdesk.store import search
from agentdesk.store.merged import conversation_tree
from agentdesk.store.tables import (
    attachment,
    contact_inbox,
    conversation,
    draft,
    event,
    inbox,
    mention,
    message,
    offer,
    placement,
    user,
)

__all__ = ["cancel_transfer", "not_taken", "transfer"]

ANSWER_WITHIN = timedelta(seconds=60)
"""How long somebody has to take over what is handed to them, where their inbox says nothing of offers."""
_INSIDE = (message, event, attachment, mention, draft)
_AT_ONCE = 500


async def transfer(context: Context, command: Transfer) -> None:
    """Hand a conversation over; refused (``taken``) where somebody else has it than the issuer saw."""
    row = await conversation_of(context, command.conversation_id)
    await refuse_taken(context, row, command.seen_assignee_id)
    place = command.inbox_id or row["inbox_id"]
    person = None
    if command.user_id is not None:
        person = await assignable(context, command.user_id, place)
    moves = place != row["inbox_id"]
    inbox_name = await _inbox_name(context, place) if moves else ""
    asks = command.ask and not moves and row["status"] == Status.OPEN
    if command.note.strip() and command.note_id is not None:
        await _add_note(context, command, command.note_id, None if asks or moves else person)
    if moves:
        await _move(context, row, place, inbox_name, command.user_id)
    elif command.user_id is None:
        await _return(context, row)
    elif asks:
        await _ask(context, row, command, person or "")
    else:
        await assign(context, _assigning(command))
        await context.unit.update(conversation, row["id"], {"unread": True})


def _assigning(command: Transfer) -> Assign:
    return Assign(
        conversation_id=command.conversation_id,
        assignee_id=command.user_id,
        seen_assignee_id=command.seen_assignee_id,
    )


async def _inbox_name(context: Context, inbox_id: UUID) -> str:
    name = await context.conn.scalar(select(inbox.c.name).where(inbox.c.id == inbox_id))
    if name is None:
        raise Refusal("invalid", msg("That inbox is not there any more."))
    return str(name)


async def _add_note(context: Context, command: Transfer, note_id: UUID, person: str | None) -> None:
    """Write the note. A ``person`` who is given the conversation unasked is told by a mention in it."""
    mentions: tuple[Mention, ...] = ()
    if person is not None and command.user_id is not None and command.user_id != context.actor.user_id:
        mentions = (Mention(kind="user", id=command.user_id, name=person),)
    where = command.conversation_id
    note = AddNote(message_id=note_id, conversation_id=where, text=command.note, mentions=mentions)
    await add_note(context, note)


# --- to a person who is asked ---


async def _ask(context: Context, row: Mapping[Any, Any], command: Transfer, name: str) -> None:
    if row["asked_id"] == command.user_id or row["assignee_id"] == command.user_id:
        return
    await context.unit.update(conversation, row["id"], {"asked_id": command.user_id})
    await _note_step(context, row, HandingOver.ASKED, person=name)
    if context.unit.optimistic:
        return
    stored = await context.conn.scalar(select(inbox.c.routing).where(inbox.c.id == row["inbox_id"]))
    values = {
        "id": new_id(),
        "user_id": command.user_id,
        "conversation_id": row["id"],
        "inbox_id": row["inbox_id"],
        "state": OfferState.OPEN.value,
        "offered_at": context.now,
        "expires_at": context.now + (rules_from(stored).offer_within or ANSWER_WITHIN),
        "from_id": context.actor.user_id,
        "note_id": command.note_id if command.note.strip() else None,
    }
    await context.unit.insert(offer, [values])


async def not_taken(context: Context, offered: Row[Any], step: HandingOver) -> None:
    """Whoever was asked by ``offered`` does not take the conversation: it stays with who has it, who is told
    by the line of the transcript."""
    here = select(conversation).where(conversation.c.id == offered.conversation_id).with_for_update()
    row = (await context.conn.execute(here)).mappings().first()
    if row is None or row["asked_id"] != offered.user_id:
        return  # somebody has it, or it is being handed to somebody else
    await context.unit.update(conversation, row["id"], {"asked_id": None})
    if row["status"] != Status.OPEN:
        return  # it needs nobody any more
    name = await context.conn.scalar(select(user.c.name).where(user.c.id == offered.user_id))
    giver = str(offered.from_id) if offered.from_id is not None else None
    await _note_step(context, row, step, person=name or "", giver_id=giver)


async def cancel_transfer(context: Context, command: CancelTransfer) -> None:
    """Ask nobody any more to take a conversation over; nothing where nobody is asked."""
    row = await conversation_of(context, command.conversation_id)
    if row["asked_id"] is None:
        return
    theirs = row["assignee_id"] not in (None, context.actor.user_id)
    if theirs and not context.actor.may(Permission.ASSIGN_OTHERS):
        raise refusal(Permission.ASSIGN_OTHERS)
    name = await context.conn.scalar(select(user.c.name).where(user.c.id == row["asked_id"]))
    await context.unit.update(conversation, row["id"], {"asked_id": None})
    await _note_step(context, row, HandingOver.CANCELLED, person=name or "")


# --- to a queue ---


async def _return(context: Context, row: Mapping[Any, Any]) -> None:
    """Put a conversation back into its queue, to be given to somebody else than who had it."""
    if row["assignee_id"] is None and row["asked_id"] is None:
        return
    await context.unit.update(conversation, row["id"], {**given_to(row, None), **_waiting(context, row)})
    await _note_step(context, row, HandingOver.RETURNED)
    await _pass_over(context, row)


async def _move(
    context: Context, row: Mapping[Any, Any], inbox_id: UUID, name: str, user_id: UUID | None
) -> None:
    """Put a conversation into another inbox, with those that were merged into it and all that is in them.

    A desk shows the head there at once; the rest comes from the server, or leaves the desk.
    """
    before = await context.conn.scalar(select(inbox.c.name).where(inbox.c.id == row["inbox_id"]))
    values = {**given_to(row, user_id), "inbox_id": inbox_id}
    if user_id is None:
        values |= _waiting(context, row)
    await context.unit.update(conversation, row["id"], values)
    moved = {**row, "inbox_id": inbox_id}
    if not context.unit.optimistic:
        await _move_inside(context, row, inbox_id)
        if user_id is None:
            await _pass_over(context, row)
    await _note_step(context, moved, HandingOver.MOVED, inbox=name, before=before or "")


async def _move_inside(context: Context, row: Mapping[Any, Any], inbox_id: UUID) -> None:
    tree = await conversation_tree(context.conn, row["id"])
    here = {"inbox_id": inbox_id}
    joined = sorted(set(tree) - {row["id"]})
    await context.unit.update_many(conversation, dict.fromkeys(joined, here))
    for table in _INSIDE:
        ids = await _ids_in(context, table, tree)
        for start in range(0, len(ids), _AT_ONCE):
            await context.unit.update_many(table, dict.fromkeys(ids[start : start + _AT_ONCE], here))
        if table is message:
            await search.move(context.conn, ids, row["id"], inbox_id)
    theirs = select(conversation.c.contact_id).where(conversation.c.id.in_(tree)).distinct()
    there = select(contact_inbox.c.contact_id).where(contact_inbox.c.inbox_id == inbox_id)
    new = await context.conn.scalars(theirs.where(conversation.c.contact_id.not_in(there)))
    entering = [{"id": new_id(), "contact_id": one, "inbox_id": inbox_id} for one in new]
    await context.unit.insert(contact_inbox, entering)


async def _ids_in(context: Context, table: Table, tree: Any) -> list[UUID]:
    found = await context.conn.scalars(select(table.c.id).where(table.c.conversation_id.in_(tree)))
    return list(found)


def _waiting(context: Context, row: Mapping[Any, Any]) -> dict[str, Any]:
    """What a conversation is like that nobody has now: unread, and a visitor waits for somebody from now on,
    also where the last word was ours."""
    values: dict[str, Any] = {"unread": True}
    if row["channel"] == CHANNEL and row["status"] == Status.OPEN and row["waiting_since"] is None:
        values["waiting_since"] = context.now
    return values


async def _pass_over(context: Context, row: Mapping[Any, Any]) -> None:
    """Let routing know who had a conversation, so that it is given to somebody else."""
    holder = row["assignee_id"]
    if context.unit.optimistic or holder is None:
        return
    here = placement.c.conversation_id == row["id"]
    tried = await context.conn.scalar(select(placement.c.tried).where(here))
    values = {
        "user_id": holder,
        "given_at": context.now,
        "tried": sorted({*(tried or ()), holder.hex}),
        "opened": True,
        "settled": True,
    }
    if tried is None:
        await context.conn.execute(insert(placement).values(conversation_id=row["id"], **values))
    else:
        await context.conn.execute(update(placement).where(here).values(**values))
    if row["channel"] == CHANNEL:  # where chats are offered, it counts as declined
        declined = {
            "id": new_id(),
            "user_id": holder,
            "conversation_id": row["id"],
            "inbox_id": row["inbox_id"],
            "state": OfferState.DECLINED.value,
            "offered_at": context.now,
            "expires_at": context.now,
        }
        await context.unit.insert(offer, [declined])


async def _note_step(context: Context, row: Mapping[Any, Any], step: HandingOver, **data: str | None) -> None:
    await add_event(context, row, EventKind.TRANSFER, {"step": step.value, **data})
