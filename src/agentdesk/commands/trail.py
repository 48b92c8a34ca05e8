"""What the audit trail says of a command: its kind and the rows, never its words."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any
from uuid import UUID

from agentdesk.commands.offer import Offer
from agentdesk.commands.values import AddNote, Answer, NoteRead, WatchChat
from agentdesk.store.audit import Entry

__all__ = ["command_entry"]

_NAMED = ("message_id", "template_id", "assignee_id", "account_id", "view_id", "inbox_id")
_MOST_ROWS = 20
"""Of one table, by id; of more only the number is written down."""


def command_entry(offer: Offer, answer: Answer, changes: Mapping[str, Set[UUID]]) -> Entry:
    """Return what is written down of a command that was answered. ``changes`` are the rows it has written."""
    envelope, actor = offer.envelope, offer.actor
    command: Any = envelope.command
    data: dict[str, Any] = {
        name: value.hex for name in _NAMED if isinstance(value := getattr(command, name, None), UUID)
    }
    if isinstance(command, NoteRead | WatchChat):  # it may have been offline, and comes later
        data["read_at"] = envelope.issued_at.isoformat()
    if isinstance(command, AddNote) and command.is_whisper:
        data["whisper"] = True
    if answer.code:
        data["code"] = answer.code
    rows = {table: _ids(ids) for table, ids in changes.items() if table != "event"}
    if rows:
        data["rows"] = rows
    return Entry(
        kind="read" if isinstance(command, NoteRead) else "command",
        what=str(command.__struct_config__.tag),
        outcome=answer.outcome,
        actor=actor.kind.value,
        user_id=actor.user_id,
        desk_id=offer.desk_id,
        contact_id=_about(command, "contact", changes),
        conversation_id=_about(command, "conversation", changes),
        ref=envelope.id,
        data=data,
    )


def _ids(ids: Set[UUID]) -> list[str] | int:
    return len(ids) if len(ids) > _MOST_ROWS else sorted(one.hex for one in ids)


def _about(command: Any, table: str, changes: Mapping[str, Set[UUID]]) -> UUID | None:
    """The row of ``table`` that the command names, or the only one that it has written."""
    named = getattr(command, f"{table}_id", None)
    if isinstance(named, UUID):
        return named
    written = changes.get(table, ())
    return next(iter(written)) if len(written) == 1 else None
