"""What was done last and how it is taken back: every command that is sent has an inverse made from the row
as it was before and right after, so that it takes back nothing that somebody else has done since."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from agentdesk.commands.values import (
    AnswerOffer,
    AnyCommand,
    Assign,
    CancelTransfer,
    EndChat,
    MarkRead,
    MergeConversations,
    SetPriority,
    SetStatus,
    SetTags,
    Transfer,
    UnmergeConversations,
)
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


def inverse(command: AnyCommand, before: ConversationRow, after: ConversationRow) -> AnyCommand | None:
    """Return the command that brings back what ``before`` says of the thing that ``command`` changes, as long
    as that is still what it was right ``after``; None for commands that cannot be undone."""
    one = before.id
    match command:
        case SetStatus() | EndChat():
            return SetStatus(
                conversation_id=one,
                status=before.status,
                snoozed_until=before.snoozed_until,
                seen_message_id=after.last_message_id,
                seen_status=after.status,
            )
        case Assign() | AnswerOffer(accepted=True):
            return Assign(
                conversation_id=one, assignee_id=before.assignee_id, seen_assignee_id=after.assignee_id
            )
        case Transfer(inbox_id=None):
            if after.asked_id is not None:
                return CancelTransfer(conversation_id=one)
            return Assign(
                conversation_id=one, assignee_id=before.assignee_id, seen_assignee_id=after.assignee_id
            )
        case Transfer():
            return Transfer(
                conversation_id=one,
                user_id=before.assignee_id,
                inbox_id=before.inbox_id,
                seen_assignee_id=after.assignee_id,
            )
        case SetTags():
            return SetTags(conversation_id=one, tags=before.tags, seen_tags=after.tags)
        case SetPriority():
            return SetPriority(conversation_id=one, priority=before.priority, seen_priority=after.priority)
        case MarkRead():
            return MarkRead(conversation_id=one, unread=before.unread)
        case MergeConversations(joined_ids=joined):
            return UnmergeConversations(conversation_id=one, joined_ids=joined)
        case UnmergeConversations(joined_ids=joined):
            return MergeConversations(conversation_id=one, joined_ids=joined)
    return None
