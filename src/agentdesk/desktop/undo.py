"""What was done last and how it is taken back: every command that is sent has an inverse made from the row
as it was before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from agentdesk.commands.values import AnyCommand, Assign, MarkRead, SetPriority, SetStatus, SetTags
from agentdesk.queries.rows import ConversationRow

__all__ = ["Undo", "UndoStack", "inverse"]

Undo = Callable[[], Coroutine[Any, Any, object]]

_DEPTH = 50


class UndoStack:
    """The last deeds of this window, the newest first to be undone."""

    def __init__(self) -> None:
        self._deeds: deque[Undo] = deque(maxlen=_DEPTH)

    def push(self, undo: Undo) -> None:
        """Remember how the newest deed is undone."""
        self._deeds.append(undo)

    def pop(self) -> Undo | None:
        """Return how the newest deed that was not undone yet is undone; None where there is none."""
        return self._deeds.pop() if self._deeds else None


def inverse(command: AnyCommand, before: ConversationRow) -> AnyCommand | None:
    """Return the command that restores what ``before`` says of the thing that ``command`` changes; None for
    commands that cannot be undone."""
    match command:
        case SetStatus():
            return SetStatus(
                conversation_id=before.id, status=before.status, snoozed_until=before.snoozed_until
            )
        case Assign():
            return Assign(conversation_id=before.id, assignee_id=before.assignee_id)
        case SetTags():
            return SetTags(conversation_id=before.id, tags=before.tags)
        case SetPriority():
            return SetPriority(conversation_id=before.id, priority=before.priority)
        case MarkRead():
            return MarkRead(conversation_id=before.id, unread=before.unread)
    return None
