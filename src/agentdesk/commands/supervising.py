"""What supervisors do in the chats of colleagues: look on, come in, leave again, take over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.conversation import assignable, given_to, refuse_taken
from agentdesk.commands.rows import add_event, author_name, conversation_of
from agentdesk.commands.values import JoinChat, LeaveChat, TakeOver, WatchChat
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.conversation import EventKind, Status
from agentdesk.store.joined import joined_in
from agentdesk.store.tables import conversation, user

__all__ = ["join_chat", "leave_chat", "take_over", "watch_chat"]


async def watch_chat(context: Context, command: WatchChat) -> None:
    """Let the audit trail know that somebody looks on; nothing changes."""
    await conversation_of(context, command.conversation_id)


async def join_chat(context: Context, command: JoinChat) -> None:
    """Come into a colleague's chat; refused (``changed``) where it has ended, or nobody has it any more."""
    row = await _running(context, command)
    if row["assignee_id"] in (None, context.actor.user_id):
        raise _nobodys() if row["assignee_id"] is None else Refusal("invalid", msg("This is your own chat."))
    if context.actor.user_id not in await joined_in(context.conn, row["id"]):
        await _tell(context, row, "joined", await author_name(context))
        await add_event(context, row, EventKind.JOINED, {})


async def leave_chat(context: Context, command: LeaveChat) -> None:
    """Leave a chat that one had joined; nothing where one is not in it (any more)."""
    row = await conversation_of(context, command.conversation_id)
    if context.actor.user_id in await joined_in(context.conn, row["id"]):
        if context.channels is not None:
            await context.channels.tell_visitor(context, row["id"], "left", await author_name(context))
        await add_event(context, row, EventKind.LEFT, {})


async def take_over(context: Context, command: TakeOver) -> None:
    """Take a chat over, or give it back; refused where it has ended (``changed``), or somebody else has it
    than the issuer saw (``taken``)."""
    row = await _running(context, command)
    before, whom = row["assignee_id"], command.back_to or context.actor.user_id
    if before == whom or whom is None:
        return
    if before is None:
        raise _nobodys()
    await refuse_taken(context, row, command.seen_assignee_id)
    name = await assignable(context, whom, row["inbox_id"])
    if whom not in await joined_in(context.conn, row["id"]):
        await _tell(context, row, "joined", name)
    old_name = await context.conn.scalar(select(user.c.name).where(user.c.id == before)) or ""
    await _tell(context, row, "left", old_name)
    await context.unit.update(conversation, row["id"], given_to(row, whom))
    data = {"assignee_id": str(whom), "assignee": name, "taken_from_id": str(before), "taken_from": old_name}
    await add_event(context, row, EventKind.ASSIGNED, data)


async def _running(context: Context, command: JoinChat | TakeOver) -> Mapping[Any, Any]:
    """The conversation of a chat that goes on."""
    row = await conversation_of(context, command.conversation_id)
    if row["channel"] != CHANNEL:
        raise Refusal("invalid", msg("This conversation is no chat."))
    if row["status"] != Status.OPEN:
        raise _ended()
    return row


async def _tell(context: Context, row: Mapping[Any, Any], kind: str, name: str) -> None:
    """Tell the visitor; a desk leaves that to the server."""
    if context.unit.optimistic:
        return
    if context.channels is None or not await context.channels.tell_visitor(context, row["id"], kind, name):
        raise _ended()


def _ended() -> Refusal:
    return Refusal("changed", msg("This chat has ended meanwhile."))


def _nobodys() -> Refusal:
    return Refusal("changed", msg("Nobody has this chat any more. You can assign it to yourself."))
