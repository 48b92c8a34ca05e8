"""Who has a conversation, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.rows import add_event, conversation_of, newer_messages
from agentdesk.commands.values import Assign, MarkConversation, MarkRead, SetPriority, SetStatus, SetTags
from agentdesk.domain.conversation import EventKind, Priority, Status
from agentdesk.domain.team import Role
from agentdesk.store.tables import conversation, inbox, inbox_member, user

_MOST_TAGS = 50
_LONGEST_TAG = 60


async def assign(context: Context, command: Assign) -> None:
    """Give a conversation to somebody or nobody; refused (``taken``) where another took it meanwhile."""
    row = await conversation_of(context, command.conversation_id)
    if row["assignee_id"] == command.assignee_id:
        return
    await refuse_taken(context, row, command.seen_assignee_id)
    name = ""
    if command.assignee_id is not None:
        name = await assignable(context, command.assignee_id, row["inbox_id"])
    await context.unit.update(conversation, row["id"], given_to(row, command.assignee_id))
    whom = str(command.assignee_id) if command.assignee_id else None
    await add_event(context, row, EventKind.ASSIGNED, {"assignee_id": whom, "assignee": name})


def given_to(row: Mapping[Any, Any], user_id: UUID | None) -> dict[str, Any]:
    """Return the columns that say who has the conversation ``row``; who was asked to take it is asked no
    more."""
    return {"assignee_id": user_id} if row["asked_id"] is None else {"assignee_id": user_id, "asked_id": None}


async def refuse_taken(context: Context, row: Mapping[Any, Any], seen_assignee_id: UUID | None) -> None:
    """Raise Refusal (``taken``) where somebody else has the conversation than the issuer saw."""
    now_with = row["assignee_id"]
    if now_with is not None and now_with != seen_assignee_id:
        name = await context.conn.scalar(select(user.c.name).where(user.c.id == now_with))
        raise Refusal("taken", msg("{name} took this conversation meanwhile.", name=name or "?"))


async def assignable(context: Context, user_id: UUID, inbox_id: UUID) -> str:
    """Return the name of somebody who is to get a conversation. Raises Refusal where they may not have it."""
    person = (
        await context.conn.execute(
            select(user.c.name, user.c.role, user.c.active).where(user.c.id == user_id)
        )
    ).first()
    if person is None or not person.active:
        raise Refusal("invalid", msg("That person no longer works here."))
    if person.role == Role.AGENT and not await _works_in(context, user_id, inbox_id):
        raise Refusal("invalid", msg("{name} does not work in this inbox.", name=person.name))
    return str(person.name)


async def _works_in(context: Context, user_id: UUID, inbox_id: UUID) -> bool:
    if await context.conn.scalar(select(inbox.c.everyone).where(inbox.c.id == inbox_id)):
        return True
    member = select(inbox_member.c.id).where(
        inbox_member.c.inbox_id == inbox_id, inbox_member.c.user_id == user_id
    )
    return await context.conn.scalar(member) is not None


async def set_status(context: Context, command: SetStatus) -> None:
    """Resolve, reopen or snooze; resolving is refused (``stale``) where the customer wrote meanwhile."""
    row = await conversation_of(context, command.conversation_id)
    status = _one_of(Status, command.status)
    _still(row["status"], command.seen_status, status)
    if status is Status.RESOLVED:
        await refuse_unseen(context, row, command.seen_message_id)
    await change_status(context, row, status, command.snoozed_until)


async def refuse_unseen(context: Context, row: Mapping[Any, Any], seen_message_id: UUID | None) -> None:
    """Raise Refusal (``stale``) where the customer wrote after the message that the issuer saw last."""
    if seen_message_id is None or row["status"] == Status.RESOLVED:
        return
    newer = await newer_messages(context, row["id"], seen_message_id, colleagues=False)
    if newer:
        raise Refusal("stale", msg("The customer wrote again meanwhile."), newer=newer)


async def change_status(
    context: Context, row: Mapping[Any, Any], status: Status, snoozed_until: datetime | None = None
) -> None:
    """Move a conversation to ``status`` and say so in its transcript; nothing where it is there already."""
    if status is Status.MERGED:
        raise Refusal("invalid", msg("{value} is not known here.", value=status.value))
    until = None
    if status is Status.SNOOZED:
        if snoozed_until is None:
            raise Refusal("invalid", msg("Say until when to snooze."))
        if snoozed_until <= context.now:  # decided offline, and that moment has passed
            status = Status.OPEN
        else:
            until = snoozed_until
    if row["status"] == status and row["snoozed_until"] == until:
        return
    await context.unit.update(conversation, row["id"], status_values(status, context.now, until))
    await add_event(context, row, EventKind.STATUS, status_data(status, until))


def status_values(status: Status, now: datetime, until: datetime | None = None) -> dict[str, Any]:
    """Return the columns that belong to a status."""
    return {
        "status": status.value,
        "snoozed_until": until,
        "resolved_at": now if status is Status.RESOLVED else None,
    }


def status_data(status: Status, until: datetime | None = None) -> Mapping[str, Any]:
    """Return what the transcript keeps of a change of status."""
    data = {"status": status.value}
    if until is not None:
        data["until"] = until.isoformat()
    return data


async def mark_conversation(context: Context, command: MarkConversation) -> None:
    """Put a conversation under a legal hold, or lift it."""
    row = await conversation_of(context, command.conversation_id)
    if row["legal_hold"] != command.legal_hold:
        await context.unit.update(conversation, row["id"], {"legal_hold": command.legal_hold})


async def set_priority(context: Context, command: SetPriority) -> None:
    """Say how urgent a conversation is."""
    row = await conversation_of(context, command.conversation_id)
    priority = _one_of(Priority, command.priority)
    _still(row["priority"], command.seen_priority, priority)
    if row["priority"] == priority:
        return
    await context.unit.update(conversation, row["id"], {"priority": priority.value})
    await add_event(context, row, EventKind.PRIORITY, {"priority": priority.value, "before": row["priority"]})


async def set_tags(context: Context, command: SetTags) -> None:
    """Replace the tags of a conversation."""
    row = await conversation_of(context, command.conversation_id)
    tags = [" ".join(tag.split()) for tag in command.tags]
    kept = row["tags"] if row["id"] != command.conversation_id else ()  # merged: the other's tags stay
    wanted = list(dict.fromkeys(tag for tag in (*kept, *tags) if tag))
    if len(wanted) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in wanted):
        raise Refusal("invalid", msg("These are too many tags, or one is too long."))
    before = list(row["tags"])
    if wanted == before:
        return
    _still(before, None if command.seen_tags is None else list(command.seen_tags), wanted)
    await context.unit.update(conversation, row["id"], {"tags": wanted})
    added = [tag for tag in wanted if tag not in before]
    removed = [tag for tag in before if tag not in wanted]
    if added or removed:
        await add_event(context, row, EventKind.TAGS, {"added": added, "removed": removed})


async def mark_read(context: Context, command: MarkRead) -> None:
    """Note that somebody of the team has opened it, or wants it to look unopened again."""
    row = await conversation_of(context, command.conversation_id)
    if row["unread"] != command.unread:
        await context.unit.update(conversation, row["id"], {"unread": command.unread})


def _still(now: Any, seen: Any, wanted: Any) -> None:
    """Raise Refusal where the issuer wants to take back what they saw, and somebody has changed it since."""
    if seen not in ("", None, now) and now != wanted:
        raise Refusal("changed", msg("Somebody has changed it since. It cannot be undone any more."))


def _one_of(kind: type[Status] | type[Priority], text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Refusal("invalid", msg("{value} is not known here.", value=text[:40])) from None
