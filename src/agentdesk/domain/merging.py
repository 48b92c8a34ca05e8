"""What a conversation is like that another one goes on in, and what it is like without it again.

Pure rules on the values of columns, so that they can be tested with every history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agentdesk.domain.conversation import Priority, Status
from agentdesk.domain.message import Automatic, Direction

Values = Mapping[Any, Any]

FROM_MESSAGES = (
    "last_message_id",
    "last_message_at",
    "preview",
    "waiting_since",
    "last_customer_at",
    "unread",
)
"""What follows from the messages in a conversation."""

FROM_PEOPLE = ("status", "snoozed_until", "resolved_at", "assignee_id", "tags", "priority")
"""What people have said of it."""

_URGENCY = (Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.URGENT)


def joined(stays: Values, joins: Values) -> dict[str, Any]:
    """Return what becomes of the columns of ``stays`` where ``joins`` goes on in it.

    Who waits goes on waiting, what is open stays open, and nothing that people have said of either is lost.
    """
    later = joins if joins["last_message_at"] > stays["last_message_at"] else stays
    both = (stays, joins)
    return {
        **{name: later[name] for name in ("last_message_id", "last_message_at", "preview")},
        "waiting_since": _earliest(row["waiting_since"] for row in both),
        "last_customer_at": _latest(row["last_customer_at"] for row in both),
        "unread": stays["unread"] or joins["unread"],
        **_status(stays, joins),
        "assignee_id": stays["assignee_id"] or joins["assignee_id"],
        "tags": list(dict.fromkeys([*stays["tags"], *joins["tags"]])),
        "priority": max((row["priority"] for row in both), key=_URGENCY.index),
    }


def _status(stays: Values, joins: Values) -> dict[str, Any]:
    statuses = {stays["status"], joins["status"]}
    if Status.OPEN in statuses:
        return {"status": Status.OPEN.value, "snoozed_until": None, "resolved_at": None}
    if Status.SNOOZED in statuses:
        until = _earliest(row["snoozed_until"] for row in (stays, joins))
        return {"status": Status.SNOOZED.value, "snoozed_until": until, "resolved_at": None}
    return {name: stays[name] for name in ("status", "snoozed_until", "resolved_at")}


def _earliest(moments: Any) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _latest(moments: Any) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


class Said(Protocol):
    """A message, as far as its conversation follows from it."""

    @property
    def id(self) -> UUID: ...

    @property
    def created_at(self) -> datetime: ...

    @property
    def direction(self) -> str: ...

    @property
    def automatic(self) -> str: ...


def follows(messages: Sequence[Said]) -> dict[str, Any]:
    """Return what follows from the messages of a conversation (no notes), oldest first, besides its preview
    and whether somebody has looked at it; nothing where there are none."""
    if not messages:
        return {}
    customers = [m for m in messages if m.direction == Direction.IN and m.automatic == Automatic.NO]
    answered = max((m.created_at for m in messages if m.direction == Direction.OUT), default=None)
    waiting = [m.created_at for m in customers if answered is None or m.created_at > answered]
    return {
        "last_message_id": messages[-1].id,
        "last_message_at": messages[-1].created_at,
        "waiting_since": waiting[0] if waiting else None,
        "last_customer_at": customers[-1].created_at if customers else None,
    }


def speaking(messages: Sequence[Said]) -> UUID | None:
    """Return the message whose words stand for the conversation: the last one that a person wrote."""
    persons = [m.id for m in messages if m.direction == Direction.OUT or m.automatic == Automatic.NO]
    return persons[-1] if persons else None


def parted(now: Values, before: Values, after: Values) -> dict[str, Any]:
    """Return what people had said of a conversation ``before`` another one joined it, where that has stayed
    what it was right ``after``; what somebody has changed since (``now``) stays."""
    status_stayed = all(now[name] == after[name] for name in ("status", "snoozed_until"))
    values = {name: before[name] for name in ("assignee_id", "priority") if now[name] == after[name]}
    if status_stayed:
        values |= {name: before[name] for name in ("status", "snoozed_until", "resolved_at")}
    came_along = [tag for tag in after["tags"] if tag not in before["tags"]]
    values["tags"] = [tag for tag in now["tags"] if tag not in came_along]
    return values
