"""Builds the frozen rows of a small invented world, for widget tests and pictures of screens.

All ids follow from the order of building and all times from ``now``, so two builds are equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from agentdesk.domain.party import Party
from agentdesk.queries.rows import (
    AccountRow,
    AttachmentRow,
    ContactDetail,
    ConversationRow,
    EventRow,
    IdentityRow,
    InboxRow,
    MentionedRow,
    MessageRow,
    TemplateRow,
    UserRow,
)
from agentdesk.queries.team_rows import OwnStatusRow

OUR_ADDRESS = "support@larkfield.example"


def fixed_id(number: int) -> UUID:
    """The ``number``-th id of a world: a valid UUIDv7 that sorts by number."""
    return UUID(int=(0x0192_0000_0000 << 80) | (7 << 76) | (2 << 62) | number)


@dataclass
class World:
    """Everything the desk may show, by id; grown by the methods below."""

    now: datetime
    users: dict[UUID, UserRow] = field(default_factory=dict)
    inboxes: dict[UUID, InboxRow] = field(default_factory=dict)
    accounts: dict[UUID, AccountRow] = field(default_factory=dict)
    templates: dict[UUID, TemplateRow] = field(default_factory=dict)
    contacts: dict[UUID, ContactDetail] = field(default_factory=dict)
    conversations: dict[UUID, ConversationRow] = field(default_factory=dict)
    messages: dict[UUID, MessageRow] = field(default_factory=dict)
    events: dict[UUID, EventRow] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    originals: dict[UUID, bytes] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    merged: dict[UUID, tuple[ConversationRow, UUID]] = field(default_factory=dict)
    """What was merged: the conversation as it was, and the one it goes on in."""
    standings: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    """How people stand who do not stand as usual: fields of a TeammateRow."""
    statuses: dict[UUID, OwnStatusRow] = field(default_factory=dict)
    """The team's own statuses."""
    retired: set[UUID] = field(default_factory=set)
    homes: dict[UUID, UUID] = field(default_factory=dict)
    """Where messages belong that moved."""
    last_id: int = 0

    def choose(self, user_id: UUID, **values: Any) -> None:
        """Somebody chooses a status."""
        self.standings[user_id] = {**self.standings.get(user_id, {}), **values}

    def standing_of(self, user_id: UUID) -> dict[str, Any]:
        """How somebody stands, with the name of the team's own status."""
        values = self.standings.get(user_id, {})
        status = self.statuses.get(values.get("status_id", user_id))
        return values if status is None else {**values, "own_name": status.name, "own_icon": status.icon}

    def new_id(self) -> UUID:
        """The next id of this world."""
        self.last_id += 1
        return fixed_id(self.last_id)

    def ago(self, minutes: float) -> datetime:
        """The moment ``minutes`` before now."""
        return self.now - timedelta(minutes=minutes)

    def user(self, name: str, role: str = "agent") -> UserRow:
        """Somebody of the team."""
        email = f"{name.split()[0].lower()}@larkfield.example"
        row = UserRow(id=self.new_id(), email=email, name=name, role=role, active=True)
        self.users[row.id] = row
        return row

    def inbox(self, name: str, address: str = OUR_ADDRESS) -> InboxRow:
        """An inbox with one email account."""
        row = InboxRow(id=self.new_id(), name=name)
        self.inboxes[row.id] = row
        account = AccountRow(
            id=self.new_id(),
            inbox_id=row.id,
            channel="email",
            name=name,
            address=address,
            paused=False,
            state="live",
        )
        self.accounts[account.id] = account
        return row

    def template(
        self, name: str, shortcut: str, body: str, language: str = "en", folder: str = ""
    ) -> TemplateRow:
        """A reply that is often needed."""
        row = TemplateRow(
            id=self.new_id(), name=name, shortcut=shortcut, folder=folder, language=language, body=body
        )
        self.templates[row.id] = row
        return row

    def contact(self, name: str, address: str, **details: Any) -> ContactDetail:
        """A customer with one verified address."""
        identity = IdentityRow(
            id=self.new_id(),
            kind="email",
            value=address.lower(),
            display=address,
            verified=True,
            bouncing=None,
        )
        defaults = {"company": "", "place": "", "language": "", "time_zone": "", "notes": "", "fields": {}}
        row = ContactDetail(
            id=self.new_id(),
            ver=1,
            name=name,
            created_at=self.ago(60 * 24 * 200),
            identities=(identity, *details.pop("identities", ())),
            conversations=(),
            **{**defaults, **details},
        )
        self.contacts[row.id] = row
        return row

    def conversation(
        self, contact: ContactDetail, number: int, subject: str, inbox: InboxRow, **details: Any
    ) -> Thread:
        """A conversation; what is written in it is added through the :class:`Thread`."""
        assignee: UserRow | None = details.pop("assignee", None)
        account = next(row for row in self.accounts.values() if row.inbox_id == inbox.id)
        defaults = {"status": "open", "priority": "normal", "tags": (), "language": contact.language}
        row = ConversationRow(
            id=self.new_id(),
            ver=1,
            number=number,
            channel="email",
            inbox_id=inbox.id,
            account_id=account.id,
            account_address=account.address,
            contact_id=contact.id,
            contact_name=contact.name,
            subject=subject,
            preview="",
            unread=False,
            assignee_id=assignee.id if assignee else None,
            assignee_name=assignee.name if assignee else "",
            waiting_since=None,
            last_message_id=None,
            last_message_at=self.now,
            snoozed_until=details.pop("snoozed_until", None),
            related_id=None,
            related_number=None,
            created_at=self.now,
            **{**defaults, **details},
        )
        self.conversations[row.id] = row
        return Thread(self, row.id, contact)

    def file(
        self, message_id: UUID, name: str, media_type: str, content: bytes, **details: Any
    ) -> AttachmentRow:
        """A file that came with a message."""
        blob = hashlib.sha256(content).hexdigest()
        self.blobs[blob] = content
        return AttachmentRow(
            id=self.new_id(),
            message_id=message_id,
            name=name,
            media_type=media_type,
            size=details.pop("size", len(content)),
            blob=blob,
            content_id=details.pop("content_id", ""),
            inline=details.pop("inline", False),
            note=details.pop("note", ""),
        )


@dataclass
class Thread:
    """What is written in one conversation, oldest first."""

    world: World
    id: UUID
    contact: ContactDetail

    @property
    def row(self) -> ConversationRow:
        """The conversation as it stands."""
        return self.world.conversations[self.id]

    def customer(self, minutes_ago: float, text: str, **details: Any) -> MessageRow:
        """The customer writes; ``files`` are (name, type, content) or with a dict of details."""
        address = self.contact.identities[0]
        sender = details.pop("sender", Party("email", address.value, self.contact.name))
        row = self._message(
            minutes_ago,
            text,
            direction="in",
            author="contact",
            author_id=self.contact.id,
            author_name=self.contact.name,
            sender=sender,
            to=details.pop("to", (Party("email", self.row.account_address, "Larkfield Home"),)),
            has_original=True,
            **details,
        )
        self.world.originals[row.id] = f"Subject: {row.subject}\r\n\r\n{text}\r\n".encode()
        changed = {"waiting_since": self.row.waiting_since or row.created_at, "unread": True}
        self._touch(row, **(changed if row.automatic == "no" else {}))
        return row

    def ours(self, user: UserRow, minutes_ago: float, text: str, **details: Any) -> MessageRow:
        """Somebody of the team answers."""
        address = self.contact.identities[0]
        row = self._message(
            minutes_ago,
            text,
            direction="out",
            author="user",
            author_id=user.id,
            author_name=user.name,
            sender=Party("email", self.row.account_address, "Larkfield Home"),
            to=details.pop("to", (Party("email", address.value, self.contact.name),)),
            delivery=details.pop("delivery", "sent"),
            **details,
        )
        self._touch(row, waiting_since=None, unread=False)
        return row

    def note(
        self, user: UserRow, minutes_ago: float, text: str, *, mentions: Sequence[UserRow] = ()
    ) -> MessageRow:
        """Somebody writes for the team only."""
        return self._message(
            minutes_ago,
            text,
            kind="note",
            direction="out",
            author="user",
            author_id=user.id,
            author_name=user.name,
            sender=None,
            subject="",
            mentions=tuple(MentionedRow(kind="user", id=one.id, name=one.name) for one in mentions),
        )

    def event(self, minutes_ago: float, kind: str, user: UserRow | None = None, **data: Any) -> EventRow:
        """Something happened that is no message."""
        row = EventRow(
            id=self.world.new_id(),
            conversation_id=self.id,
            kind=kind,
            author="user" if user else "system",
            user_id=user.id if user else None,
            user_name=user.name if user else "",
            data=data,
            created_at=self.world.ago(minutes_ago),
        )
        self.world.events[row.id] = row
        return row

    def set(self, **values: Any) -> None:
        """Change the head of the conversation."""
        self.world.conversations[self.id] = msgspec.structs.replace(self.row, **values)

    def _touch(self, row: MessageRow, **values: Any) -> None:
        created = min(self.row.created_at, row.created_at)
        preview = " ".join(row.text.split())[:200]
        self.set(
            last_message_id=row.id,
            last_message_at=row.created_at,
            preview=preview,
            created_at=created,
            **values,
        )

    def _message(
        self, minutes_ago: float, text: str, files: Sequence[tuple[Any, ...]] = (), **details: Any
    ) -> MessageRow:
        moment = self.world.ago(minutes_ago)
        message_id = self.world.new_id()
        values: dict[str, Any] = {
            "kind": "message",
            "cc": (),
            "bcc": (),
            "reply_to": (),
            "to": (),
            "subject": self.row.subject,
            "html": "",
            "quoted_text": "",
            "quoted_html": "",
            "external_id": f"{message_id}@mail.example",
            "reason": {"rule": "references", "evidence": "<1@mail.example>"},
            "automatic": "no",
            "remote_images": 0,
            "protection": "",
            "warnings": (),
            "delivery": "",
            "delivery_detail": None,
            "delivery_at": moment,
            "has_original": False,
            "sent_at": moment,
        }
        attachments = tuple(
            self.world.file(message_id, name, kind, content, **(rest[0] if rest else {}))
            for name, kind, content, *rest in files
        )
        row = MessageRow(
            id=message_id,
            ver=1,
            conversation_id=self.id,
            text=text,
            created_at=moment,
            attachments=attachments,
            **{**values, **details},
        )
        self.world.messages[row.id] = row
        return row
