"""What the core hands out, and what the channel answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from agentdesk.base.text import Msg
from agentdesk.domain.extras import Extras as Extras
from agentdesk.domain.posts import Visibility
from agentdesk.sdk.inbound import Party

__all__ = [
    "Extras",
    "Found",
    "Outbound",
    "OutboundAttachment",
    "Receipt",
    "Reconciliation",
    "RefusedRecipient",
]


@dataclass(frozen=True, slots=True)
class OutboundAttachment:
    """A file to send; ``content`` is in memory, capped by the channel's limit before it comes here. ``alt``
    describes it to who cannot see or hear it; ``uploaded`` is what :meth:`Uploads.upload` returned for it."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""
    alt: str = ""
    uploaded: str = ""


@dataclass(frozen=True, slots=True)
class Outbound:
    """A message on its way out.

    ``key`` is the idempotency key, made once by :meth:`Sends.key_for` before the first attempt and the same
    for every attempt (email: the Message-ID). ``references`` are external ids, oldest first; ``in_reply_to``
    the one answered. ``thread_token`` is the signed text that leads an answer back to its conversation.
    ``sender_name`` is shown beside the account's own address. ``extras`` are answers and cards (see
    :mod:`agentdesk.domain.extras`), for channels that can show them; to the others they come as words.
    ``visibility`` is who may read an answer to a post, never more than could read that (mail and chat are
    private); ``root`` the external id of the post with which its thread began; ``warning`` what stood before
    the post, and belongs before the answer.
    """

    message_id: UUID
    key: str
    to: tuple[Party, ...]
    text: str
    created_at: datetime
    cc: tuple[Party, ...] = ()
    bcc: tuple[Party, ...] = ()
    subject: str = ""
    html: str = ""
    sender_name: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    thread_token: str = ""
    attachments: tuple[OutboundAttachment, ...] = ()
    automatic: bool = False
    extras: Extras = field(default_factory=Extras)
    visibility: Visibility = Visibility.PRIVATE
    root: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class RefusedRecipient:
    """One recipient whom the channel did not accept, with its words."""

    recipient: str
    answer: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The channel took the message. ``external_id`` is its id there; ``answer`` the channel's words."""

    external_id: str
    answer: str = ""
    refused: tuple[RefusedRecipient, ...] = ()


class Found(StrEnum):
    """The outcome of looking a message up."""

    SENT = "sent"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Whether a message had gone out after all, and the evidence for a person to judge by."""

    found: Found
    evidence: Msg
    external_id: str = ""
    facts: dict[str, str] = field(default_factory=dict)
