"""The commands that are about what was sent already, and about posts of networks, as values that travel."""

from __future__ import annotations

from uuid import UUID

from agentdesk.commands.parts import Command

__all__ = ["DeleteReply", "EditReply", "HidePost", "LikePost", "ReportPost"]


class EditReply(Command, frozen=True, tag="edit_reply"):
    """Let an answer of the issuer's say something else: for five minutes, where its channel can. Of posts of
    networks, anybody's of the team: as long as the network takes it."""

    conversation_id: UUID
    message_id: UUID
    text: str


class DeleteReply(Command, frozen=True, tag="delete_reply"):
    """Take an answer of the issuer's back: as above, but posts of networks without a limit of time."""

    conversation_id: UUID
    message_id: UUID


class LikePost(Command, frozen=True, tag="like_post"):
    """Like a customer's post at its network, or take that back."""

    conversation_id: UUID
    message_id: UUID
    liked: bool = True


class HidePost(Command, frozen=True, tag="hide_post"):
    """Hide a customer's post from others at its network, or show it again."""

    conversation_id: UUID
    message_id: UUID
    hidden: bool = True


class ReportPost(Command, frozen=True, tag="report_post"):
    """Report a customer's post to its network; ``reason`` is in the words of who does."""

    conversation_id: UUID
    message_id: UUID
    reason: str
