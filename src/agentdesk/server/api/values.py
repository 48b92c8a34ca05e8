"""What the REST API takes and gives. Times are UTC (RFC 3339), ids are UUIDs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from agentdesk.queries.rows import AccountRow, EventRow, InboxRow, MessageRow, QueueRow, UserRow

StatusWord = Literal["open", "snoozed", "resolved"]
Address = Annotated[str, Meta(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")]


class Taken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what the API takes: unknown members are refused, so that a typing error is noticed."""


class ListConversations(Taken, frozen=True):
    status: StatusWord | None = None
    inbox: UUID | None = None
    assignee: UUID | None = None
    updated_since: Annotated[datetime, Meta(tz=True)] | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Nothing(Taken, frozen=True):
    """No parameters."""


class Recipient(Taken, frozen=True):
    address: Address
    name: Annotated[str, Meta(max_length=200)] = ""


class Upload(Taken, frozen=True):
    """A file; ``content`` is base64 (RFC 4648)."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    content: bytes
    media_type: Annotated[str, Meta(max_length=255, pattern=r"^[\w.+-]+/[\w.+-]+$")] = (
        "application/octet-stream"
    )


class NewMessage(Taken, frozen=True):
    """A reply to the customer, or a note for the team.

    Without ``to`` a reply goes to whoever wrote last. With ``seen_message_id`` it is refused where something
    newer is there.
    """

    type: Literal["reply", "note"]
    text: Annotated[str, Meta(min_length=1, max_length=1_000_000)]
    html: Annotated[str, Meta(max_length=2_000_000)] = ""
    subject: Annotated[str, Meta(max_length=500)] = ""
    to: Annotated[tuple[Recipient, ...], Meta(max_length=100)] = ()
    cc: Annotated[tuple[Recipient, ...], Meta(max_length=100)] = ()
    bcc: Annotated[tuple[Recipient, ...], Meta(max_length=100)] = ()
    files: Annotated[tuple[Upload, ...], Meta(max_length=20)] = ()
    seen_message_id: UUID | None = None


class NewAssignee(Taken, frozen=True):
    """The person to give it to; null for nobody."""

    assignee_id: UUID | None


class NewStatus(Taken, frozen=True):
    """``snoozed_until`` belongs to ``snoozed`` and to nothing else."""

    status: StatusWord
    snoozed_until: Annotated[datetime, Meta(tz=True)] | None = None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what the API gives."""


class ConversationPage(Given, frozen=True):
    """``next_cursor`` is null on the last page."""

    conversations: tuple[QueueRow, ...]
    next_cursor: str | None


class ConversationWhole(Given, frozen=True):
    """A conversation with all that is in it, oldest first."""

    conversation: QueueRow
    messages: tuple[MessageRow, ...]
    events: tuple[EventRow, ...]


class Created(Given, frozen=True):
    """The message that was made; ``repeated`` where the same key had made it before."""

    message: MessageRow
    repeated: bool


class Inboxes(Given, frozen=True):
    inboxes: tuple[InboxRow, ...]


class People(Given, frozen=True):
    users: tuple[UserRow, ...]


class Channels(Given, frozen=True):
    channels: tuple[AccountRow, ...]


class Problem(Given, frozen=True):
    """What went wrong: ``code`` for programs, ``message`` and ``hint`` for people."""

    code: str
    message: str
    hint: str = ""
    details: dict[str, Any] = {}
