"""The frozen rows that leave the database; what screens, the REST API and connectors are given."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from agentdesk.domain.authority import Permission, is_permitted
from agentdesk.domain.mentions import WHISPER
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.domain.visits import Trail, read_trail


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all rows."""


class UserRow(Row, frozen=True):
    id: UUID
    email: str
    name: str
    role: str
    active: bool
    permissions: dict[str, bool] = {}
    """What the person was given (true) or denied (false) besides what the role gives."""

    def may(self, permission: Permission) -> bool:
        """Say whether the person has a permission."""
        return is_permitted(Role(self.role), self.permissions, permission)


class InboxRow(Row, frozen=True):
    id: UUID
    name: str


class AccountRow(Row, frozen=True):
    """An account of a channel and how it is doing; ``problem`` and ``remedy`` are ``{"text", "args"}``."""

    id: UUID
    inbox_id: UUID
    channel: str
    name: str
    address: str
    paused: bool
    state: str
    problem: dict[str, Any] | None = None
    remedy: dict[str, Any] | None = None
    complete_until: datetime | None = None
    done: int = 0
    total: int | None = None
    since: datetime | None = None
    """When the present state began."""
    retry_at: datetime | None = None
    retried_at: datetime | None = None
    abilities: dict[str, Any] | None = None
    """What it can do now: see :func:`agentdesk.domain.abilities.abilities_of`."""
    figures: dict[str, Any] | None = None
    """How it fares: see :func:`agentdesk.domain.figures.figures_of`."""

    @property
    def is_being_retried(self) -> bool:
        """Whether somebody asked that it be tried again, and what it shows is from before that."""
        return self.retry_at is not None and self.retry_at != self.retried_at


class QueueRow(Row, frozen=True):
    """All that one line of the queue paints."""

    id: UUID
    ver: int
    number: int
    channel: str
    inbox_id: UUID
    contact_id: UUID
    contact_name: str
    subject: str
    preview: str
    status: str
    priority: str
    tags: tuple[str, ...]
    language: str
    unread: bool
    assignee_id: UUID | None
    assignee_name: str
    waiting_since: datetime | None
    last_message_at: datetime
    last_customer_at: datetime | None
    failed: bool = False
    """One of our messages in it was not sent, or is not confirmed."""
    visibility: str | None = None
    """Who can read what the customer wrote last; None: mail and chat."""
    watched: bool = False
    """It speaks of us, not to us."""


PlaceKey = tuple[Any, ...]
"""Sorts as the database does: of two conversations in a list, the one with the lesser key stands first."""


class Place(NamedTuple):
    """Where a conversation stands in a list: its ``key`` among all others, and the section of the list."""

    key: PlaceKey
    id: UUID
    section: str = ""


class MergedRow(Row, frozen=True):
    """A conversation that goes on in another one."""

    id: UUID
    number: int
    subject: str


class ConversationRow(Row, frozen=True):
    """The head of an opened conversation; ``merged`` are those that go on in it."""

    id: UUID
    ver: int
    number: int
    channel: str
    inbox_id: UUID
    account_id: UUID | None
    account_address: str
    contact_id: UUID
    contact_name: str
    subject: str
    preview: str
    status: str
    priority: str
    tags: tuple[str, ...]
    language: str
    unread: bool
    assignee_id: UUID | None
    assignee_name: str
    waiting_since: datetime | None
    last_message_id: UUID | None
    last_message_at: datetime
    snoozed_until: datetime | None
    related_id: UUID | None
    related_number: int | None
    created_at: datetime
    merged: tuple[MergedRow, ...] = ()
    asked_id: UUID | None = None
    """Whom the one who has it has asked to take it over."""
    asked_name: str = ""
    visibility: str | None = None
    watched: bool = False


class AttachmentRow(Row, frozen=True):
    id: UUID
    message_id: UUID
    name: str
    media_type: str
    size: int
    blob: str
    content_id: str
    inline: bool
    note: str
    alt: str | None = None


class MentionedRow(Row, frozen=True):
    """Who is meant in a note: ``kind`` is ``user``, ``inbox`` for everybody who works in it, or ``whisper``
    for whom a supervisor says it to."""

    kind: str
    id: UUID
    name: str


class MessageRow(Row, frozen=True):
    """One message or note with its files. ``delivery_detail`` and ``reason`` are plain JSON values."""

    id: UUID
    ver: int
    conversation_id: UUID
    kind: str
    direction: str
    author: str
    author_id: UUID | None
    author_name: str
    sender: Party | None
    to: tuple[Party, ...]
    cc: tuple[Party, ...]
    bcc: tuple[Party, ...]
    reply_to: tuple[Party, ...]
    subject: str
    text: str
    html: str
    quoted_text: str
    quoted_html: str
    external_id: str
    reason: dict[str, Any]
    automatic: str
    remote_images: int
    protection: str
    warnings: tuple[str, ...]
    delivery: str
    delivery_detail: dict[str, Any] | None
    delivery_at: datetime | None
    has_original: bool
    sent_at: datetime | None
    created_at: datetime
    attachments: tuple[AttachmentRow, ...] = ()
    mentions: tuple[MentionedRow, ...] = ()
    revision: dict[str, Any] | None = None
    """Whether it was changed or taken back: see :mod:`agentdesk.domain.revising`."""
    extras: dict[str, Any] | None = None
    """What it offers besides its text: see :mod:`agentdesk.domain.extras`."""
    post: dict[str, Any] | None = None
    """What a post of a network has besides text: see :func:`agentdesk.domain.posts.post_of`."""
    account_id: UUID | None = None

    @property
    def whispered_to(self) -> MentionedRow | None:
        """To whom a supervisor says it; None for all that is no whisper."""
        return next((one for one in self.mentions if one.kind == WHISPER), None)


class EventRow(Row, frozen=True):
    """One line in the transcript that is no message."""

    id: UUID
    conversation_id: UUID
    kind: str
    author: str
    user_id: UUID | None
    user_name: str
    data: dict[str, Any]
    created_at: datetime


class Timeline(Row, frozen=True):
    """A stretch of a transcript, oldest first; ``older`` says that there is more before it."""

    messages: tuple[MessageRow, ...]
    events: tuple[EventRow, ...]
    older: bool


class IdentityRow(Row, frozen=True):
    id: UUID
    kind: str
    value: str
    display: str
    verified: bool
    bouncing: dict[str, Any] | None
    visit: dict[str, Any] | None = None
    """Where a visitor of pages is and was: see :func:`agentdesk.domain.visits.read_trail`."""
    profile: dict[str, Any] | None = None
    """What a network says of them: ``url``, ``picture``, ``followers``, ``verified``."""


class PastConversation(Row, frozen=True):
    id: UUID
    number: int
    channel: str
    subject: str
    status: str
    last_message_at: datetime


class SimilarContact(Row, frozen=True):
    """A customer who may be the same person, or was merged with one; ``address`` is one of theirs."""

    id: UUID
    name: str
    address: str = ""


class ContactDetail(Row, frozen=True):
    """What the customer panel shows. ``similar`` bear the same name; ``merged`` are known as this one."""

    id: UUID
    ver: int
    name: str
    company: str
    place: str
    language: str
    time_zone: str
    notes: str
    fields: dict[str, Any]
    created_at: datetime
    identities: tuple[IdentityRow, ...]
    conversations: tuple[PastConversation, ...]
    erased_at: datetime | None = None
    sensitive: bool = False
    legal_hold: bool = False
    blocked: bool = False
    similar: tuple[SimilarContact, ...] = ()
    merged: tuple[SimilarContact, ...] = ()

    def trail(self) -> Trail | None:
        """Return where they are and were on our pages; the latest where they are known there twice."""
        trails = [one for row in self.identities if (one := read_trail(row.visit)) is not None and one.visits]
        return max(trails, key=lambda one: one.visits[-1].pages[-1].at, default=None)


class TemplateRow(Row, frozen=True):
    id: UUID
    name: str
    shortcut: str
    folder: str
    language: str
    body: str


class MentionRow(Row, frozen=True):
    """A note in which somebody was mentioned who has not seen it yet."""

    id: UUID
    conversation_id: UUID
    created_at: datetime
    author_name: str
    text: str
    whisper: bool = False
    """A supervisor says all of it to this person."""


class View(Row, frozen=True):
    """What a list of the rail selects. ``kind`` is mine, unassigned, mentions, all, resolved, snoozed or
    search; ``channel`` and ``inbox_id`` narrow it; ``only`` is all, unread or waiting; ``order`` is newest,
    oldest (waiting longest first), due, priority or customer; ``group`` is the kind of its sections:
    channel, assignee, priority, due (of those that sleep), or nothing."""

    kind: str
    channel: str | None = None
    inbox_id: UUID | None = None
    text: str = ""
    only: str = "all"
    order: str = "newest"
    group: str = ""
    tags: tuple[str, ...] = ()
    """Any of them, where there are some."""
    priority: str = ""
    saved_id: UUID | None = None
    """The saved view that it is, and what that is called."""
    name: str = ""


class SavedViewRow(Row, frozen=True):
    """A list that was saved, by the person themselves or shared with them. ``query`` is as in
    :class:`agentdesk.commands.values.ViewQuery`."""

    id: UUID
    user_id: UUID | None
    inbox_id: UUID | None
    name: str
    icon: str
    query: dict[str, Any]

    @property
    def is_shared(self) -> bool:
        """Whether others have it too."""
        return self.user_id is None

    def view(self) -> View | None:
        """Return the list; None where it was saved by a newer program that knows more lists."""
        try:
            return msgspec.convert({**self.query, "saved_id": self.id, "name": self.name}, View, strict=False)
        except msgspec.ValidationError:
            return None


class FilterCounts(Row, frozen=True):
    """How many conversations a list has, and how many of them each filter leaves."""

    all: int = 0
    unread: int = 0
    waiting: int = 0


class SectionRow(Row, frozen=True):
    """A section of a list: ``key`` is a channel, a priority, the name of an assignee (empty: nobody), or
    ``today`` and ``later``; ``count`` its length."""

    key: str
    count: int


class Counts(Row, frozen=True):
    """Numbers beside the rail's entries, of conversations that are open."""

    mine: int = 0
    unassigned: int = 0
    all: int = 0
    snoozed: int = 0
    mine_unread: int = 0
    mentions: int = 0
    mentions_unseen: int = 0
    channels: dict[str, int] = {}
