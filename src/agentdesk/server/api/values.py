"""What the REST API takes and gives. Times are UTC (RFC 3339), ids are UUIDs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from agentdesk.queries.rows import AccountRow, EventRow, InboxRow, MessageRow, QueueRow, UserRow

StatusWord = Literal["open", "snoozed", "resolved"]
# No space, control or direction character, spelt out: what \s means differs between regex dialects.
_PART = r"[^@\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]+"
Address = Annotated[str, Meta(min_length=3, max_length=320, pattern=f"^{_PART}@{_PART}$")]


# What queries.queue.page gives: eight bytes of time (before the year 9999) and sixteen of an id, base64.
_CURSOR = r"^A[A-Za-z0-3][A-Za-z0-9_-]{30}$"
_BASE64 = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"


class Taken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what the API takes: unknown members are refused, so that a typing error is noticed."""


class ListConversations(Taken, frozen=True):
    status: StatusWord | None = None
    inbox: UUID | None = None
    assignee: UUID | None = None
    updated_since: Annotated[datetime, Meta(tz=True)] | None = None
    cursor: Annotated[str, Meta(pattern=_CURSOR)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Nothing(Taken, frozen=True):
    """No parameters."""


class Recipient(Taken, frozen=True):
    address: Address
    name: Annotated[str, Meta(max_length=200)] = ""


class Upload(Taken, frozen=True):
    """A file; ``content`` is base64 (RFC 4648)."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    content: Annotated[str, Meta(pattern=_BASE64)]
    media_type: Annotated[str, Meta(max_length=255, pattern=r"^[\w.+-]+/[\w.+-]+$")] = (
        "application/octet-stream"
    )


class NewMessage(Taken, frozen=True):
    """A reply to the customer, or a note for the team.

    Without ``to`` a reply goes to whoever wrote last. With ``seen_message_id`` it is refused where something
    newer is there. Of posts of networks: ``visibility`` is who may read the reply (without it, as many as
    could read what it answers), ``in_reply_to`` the message it answers (without it, the customer's last).
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
    visibility: Literal["public", "limited", "private"] | None = None
    in_reply_to: UUID | None = None


class Liking(Taken, frozen=True):
    """Whether a post of a customer's is liked by us."""

    liked: bool


class Hiding(Taken, frozen=True):
    """Whether a post of a customer's is hidden from others."""

    hidden: bool


class Complaint(Taken, frozen=True):
    """Why a post is reported to its network."""

    reason: Annotated[str, Meta(min_length=1, max_length=1_000)]


class NewText(Taken, frozen=True):
    """What a message says from now on."""

    text: Annotated[str, Meta(min_length=1, max_length=1_000_000)]


class NewAssignee(Taken, frozen=True):
    """The person to give it to; null for nobody."""

    assignee_id: UUID | None


class Opened(Taken, frozen=True, tag_field="status", tag="open"):
    """It is open again."""


class Resolved(Taken, frozen=True, tag_field="status", tag="resolved"):
    """It is done."""


class Snoozed(Taken, frozen=True, tag_field="status", tag="snoozed"):
    """It comes back by itself at ``snoozed_until``, or when the customer writes."""

    snoozed_until: Annotated[datetime, Meta(tz=True)]


NewStatus = Opened | Resolved | Snoozed


class NewContactMarks(Taken, frozen=True):
    """A mark that is null or left out stays as it is."""

    sensitive: bool | None = None
    legal_hold: bool | None = None


class NewConversationMarks(Taken, frozen=True):
    """Whether the conversation is under a legal hold of its own."""

    legal_hold: bool


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


class Person(UserRow, frozen=True):
    """Somebody of the team. ``picture`` is the path of a small JPEG at this server that anybody can load who
    knows it; null where there is none, or the person is not active."""

    picture: str | None = None


class People(Given, frozen=True):
    users: tuple[Person, ...]


class Channels(Given, frozen=True):
    channels: tuple[AccountRow, ...]


class ContactMarks(Given, frozen=True):
    """Who reads of a ``sensitive`` customer is written down; of one under ``legal_hold`` nothing is dropped
    or erased."""

    contact_id: UUID
    sensitive: bool
    legal_hold: bool


class ConversationMarks(Given, frozen=True):
    """Of a conversation under ``legal_hold`` nothing is dropped or erased, whatever its customer's marks."""

    conversation_id: UUID
    legal_hold: bool


class LegalHolds(Given, frozen=True):
    """The customers and the single conversations that are under a legal hold."""

    contacts: tuple[UUID, ...]
    conversations: tuple[UUID, ...]


class Problem(Given, frozen=True):
    """What went wrong: ``code`` for programs, ``message`` and ``hint`` for people."""

    code: str
    message: str
    hint: str = ""
    details: dict[str, Any] = {}
