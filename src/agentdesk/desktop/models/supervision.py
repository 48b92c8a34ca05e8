"""Which chats a supervisor helps in, and to whom they whisper there."""

from __future__ import annotations

from agentdesk.commands.values import Mention
from agentdesk.domain.authority import Permission
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.conversation import Status
from agentdesk.domain.mentions import WHISPER
from agentdesk.queries.rows import ConversationRow, UserRow

__all__ = ["is_colleagues_chat", "is_supervised", "whisper_to"]


def is_colleagues_chat(row: ConversationRow, me: UserRow | None) -> bool:
    """Say whether somebody else has this chat, and it goes on."""
    theirs = me is not None and row.assignee_id not in (None, me.id)
    return theirs and row.channel == CHANNEL and row.status == Status.OPEN


def is_supervised(row: ConversationRow, me: UserRow | None) -> bool:
    """Say whether it is a colleague's chat in which I may help without having it."""
    return me is not None and me.may(Permission.SUPERVISE) and is_colleagues_chat(row, me)


def whisper_to(row: ConversationRow, me: UserRow | None) -> Mention | None:
    """Return to whom a note in this conversation is said; None: to the whole team, as notes are."""
    if row.assignee_id is None or not is_supervised(row, me):
        return None
    return Mention(WHISPER, row.assignee_id, row.assignee_name)
