"""Text that was typed and not sent, as it is kept and as it travels."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from agentdesk.commands.values import File

__all__ = ["Draft"]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A person's text in a conversation. ``mode`` is ``reply`` or ``note``; one of each per conversation.

    ``html`` is the text with its formatting, in the form of :class:`agentdesk.commands.values.SendReply`;
    empty where it has none. ``edition`` names the saved text: each save gives it a new one. Given to be
    saved, a draft names the edition that it grew out of; None: whichever is there. ``visibility`` is who may
    read an answer to a post, where fewer may than could read that.
    """

    conversation_id: UUID
    mode: str
    text: str
    html: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    files: tuple[File, ...] = ()
    seen_message_id: UUID | None = None
    saved_at: datetime | None = None
    edition: UUID | None = None
    visibility: str = ""
