"""Commands about chats only; imported from :mod:`agentdesk.commands.values`, where all are."""

from __future__ import annotations

from uuid import UUID

from agentdesk.commands.parts import Command

__all__ = ["EndChat", "JoinChat", "LeaveChat", "TakeOver", "WatchChat"]


class EndChat(Command, frozen=True, tag="end_chat"):
    """End the chat of a conversation on its visitor's page, and resolve the conversation. ``seen_message_id``
    is as in ``SetStatus``. What the visitor writes later begins the chat again."""

    conversation_id: UUID
    seen_message_id: UUID | None = None


class WatchChat(Command, frozen=True, tag="watch_chat"):
    """A supervisor looks on at a colleague's chat: it is written down, nothing changes."""

    conversation_id: UUID


class JoinChat(Command, frozen=True, tag="join_chat"):
    """Come into a colleague's chat: the visitor is told, and the colleague keeps it."""

    conversation_id: UUID


class LeaveChat(Command, frozen=True, tag="leave_chat"):
    """Leave a chat that the issuer had joined."""

    conversation_id: UUID


class TakeOver(Command, frozen=True, tag="take_over"):
    """Take a chat over from the colleague who has it (``seen_assignee_id``), and tell the visitor; or, with
    ``back_to``, give it back to them."""

    conversation_id: UUID
    seen_assignee_id: UUID
    back_to: UUID | None = None
