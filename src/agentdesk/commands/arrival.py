"""A message on its way in: what the rules of intake find out about it, and what is then recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from agentdesk.base.ids import new_id
from agentdesk.domain.conversation import Priority, Status
from agentdesk.domain.message import Automatic
from agentdesk.domain.threading import Address
from agentdesk.sdk.inbound import DeliveryReport, Inbound

UNVERIFIED = "unverified"
"""The identity kind of senders of whom nobody can say that they are who they claim to be."""


@dataclass(frozen=True, slots=True)
class Source:
    """The account through which something came."""

    account_id: UUID
    inbox_id: UUID
    channel: str
    address: str


@dataclass(slots=True)
class Person:
    """A contact, known or about to be. ``enters`` says that this inbox has not seen them before."""

    id: UUID
    kind: str
    value: str
    name: str = ""
    display: str = ""
    verified: bool = True
    language: str = ""
    time_zone: str = ""
    blocked: bool = False
    is_new: bool = False
    enters: bool = False
    renamed: bool = False
    identity_id: UUID = field(default_factory=new_id)
    profile: dict[str, Any] | None = None
    changed: dict[str, Any] = field(default_factory=dict)
    """What is to be written of the identity of somebody who is known."""


@dataclass(slots=True)
class Thread:
    """A conversation while a batch is recorded; written once, when all its messages are placed."""

    id: UUID
    inbox_id: UUID
    account_id: UUID | None
    channel: str
    contact_id: UUID | None
    subject: str = ""
    preview: str = ""
    status: str = Status.OPEN.value
    priority: str = Priority.NORMAL.value
    language: str = ""
    unread: bool = False
    waiting_since: datetime | None = None
    last_message_id: UUID | None = None
    last_message_at: datetime | None = None
    last_customer_at: datetime | None = None
    first_reply_at: datetime | None = None
    resolved_at: datetime | None = None
    snoozed_until: datetime | None = None
    related_id: UUID | None = None
    visibility: str | None = None
    root: str | None = None
    watched: bool = False
    number: int = 0
    created_at: datetime | None = None
    is_new: bool = False
    participants: set[Address] = field(default_factory=set)
    before: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of ours that a delivery report speaks of."""

    id: UUID
    delivery: str
    thread: Thread


@dataclass(slots=True)
class Arrival:
    """One interpreted item. The rules fill in the rest, in their order; ``end`` is how it ends:

    ``message`` (recorded), ``happened`` (no message, a line in the transcript of ``thread``),
    ``revised`` (what is known of a message already has changed),
    ``duplicate``, ``ignored`` (our own message come back), ``report`` (it told how a
    message of ours fared) or ``quarantined`` (shown, but it could not be read; ``problem`` says why).
    ``origin_id`` is the conversation it belongs to where that was merged into ``thread``.
    """

    raw_id: UUID
    source: Source
    inbound: Inbound
    received_at: datetime
    key_hash: str
    end: str = "message"
    problem: str = ""
    replaces: UUID | None = None
    message_id: UUID = field(default_factory=new_id)
    person: Person | None = None
    thread: Thread | None = None
    origin_id: UUID | None = None
    reason: dict[str, str] = field(default_factory=dict)
    reports: list[tuple[Sent, DeliveryReport]] = field(default_factory=list)
    extra_warnings: list[str] = field(default_factory=list)
    automatic: Automatic = Automatic.NO
    flooding: bool = False
    language: str = ""

    @property
    def external_id(self) -> str:
        """The channel's own id of the message."""
        return self.inbound.external_id

    @property
    def references(self) -> tuple[str, ...]:
        """The ids that the message names, oldest first."""
        return self.inbound.references

    @property
    def settled(self) -> bool:
        """Whether the rules have nothing more to say."""
        return self.end in ("duplicate", "ignored", "report", "happened", "revised")

    @property
    def root(self) -> str:
        """The external id of the post with which the thread of a post began; empty for all other messages."""
        post = self.inbound.post
        return (post.root or self.inbound.external_id) if post is not None else ""

    @property
    def identity(self) -> Address:
        """The address under which the writer is known; one that may be forged never leads to the contact
        who really has it."""
        party = self.inbound.sender
        if party.value and self.inbound.sender_verified:
            return party.kind, party.value
        return UNVERIFIED, party.value or f"nobody@{self.source.account_id}"

    @property
    def sender(self) -> Address | None:
        """Whose message it is, where that can be told."""
        party = self.inbound.sender
        return (party.kind, party.value) if party.value and self.inbound.sender_verified else None
