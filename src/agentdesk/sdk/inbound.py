"""What a connector hands in: raw items with a cursor, and what they mean once interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agentdesk.domain.message import Automatic as Automation
from agentdesk.domain.party import Party
from agentdesk.domain.posts import Post

__all__ = [
    "INCOMPLETE",
    "Automation",
    "Cursor",
    "DeliveryReport",
    "Happening",
    "Inbound",
    "InboundAttachment",
    "Invitation",
    "Party",
    "Portion",
    "Profile",
    "Rating",
    "RawItem",
    "Report",
    "ThreadToken",
    "What",
]

Cursor = Mapping[str, object]
"""Where an account's reading has got to; JSON values, understood by its connector only."""

INCOMPLETE = "incomplete"
"""The name of a fact, true of an item of which something is still to be looked up: see
:class:`agentdesk.sdk.protocols.Completes`."""


@dataclass(frozen=True, slots=True)
class RawItem:
    """One input as it came.

    ``source_id`` names it within its account for ever (email: folder, UIDVALIDITY and UID).
    ``received_at`` is the service's time of arrival (UTC) where it tells one.
    ``facts`` are small JSON values that the bytes do not hold (folder, flags, truncation).
    """

    source_id: str
    raw: bytes
    received_at: datetime | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Portion:
    """What a poll brought: items, oldest first, the cursor after them, and whether ``more`` waits."""

    items: tuple[RawItem, ...]
    cursor: Cursor
    more: bool = False


@dataclass(frozen=True, slots=True)
class InboundAttachment:
    """A file that came with a message. ``note`` tells a person something about it (a catalogue text);
    ``alt`` is its author's description of it.

    Of a file that the server's own pages have taken ``stored`` is the SHA-256 and ``stored_size`` the bytes
    of what is kept already; ``content`` is empty then.
    """

    name: str
    media_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False
    note: str = ""
    alt: str = ""
    stored: str = ""
    stored_size: int = 0


class Report(StrEnum):
    """What a delivery report says of one recipient."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    READ = "read"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What a bounce or receipt says of a message of ours.

    ``external_ids`` are the ids found in it (our Message-ID among them, if it is genuine); ``permanent`` is
    true where the address itself is at fault (5.1.x and the like).
    """

    report: Report
    external_ids: tuple[str, ...]
    recipient: str = ""
    status: str = ""
    words: str = ""
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What a channel knows of the person who wrote, and of where they were when they did.

    ``language`` is a BCP 47 tag, ``time_zone`` an IANA name; ``visit`` are short facts by name: ``page``,
    ``title``, ``referrer``, ``email`` (as typed, proven by nothing). On a network ``handle`` is the name that
    is shown for their address there (``@ana``), ``url`` their own page, ``picture`` the address of their
    picture, ``followers`` how many read them, and ``verified`` that the network vouches for who they are.
    """

    language: str = ""
    time_zone: str = ""
    visit: Mapping[str, str] = field(default_factory=dict)
    handle: str = ""
    url: str = ""
    picture: str = ""
    followers: int | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class ThreadToken:
    """A claim, found in a message, to belong to one of our conversations; the core checks the signature."""

    conversation: str
    signature: str


class What(StrEnum):
    """What may happen in a conversation besides messages."""

    ENDED = "ended"
    """The person has ended it, or, where it is ``automatic``, the silence of all."""
    RATED = "rated"
    """The person says how it was."""
    EDITED = "edited"
    """The person has changed their message that the first of the ``references`` names: it says ``text``."""
    DELETED = "deleted"
    """The person has taken that message back."""


@dataclass(frozen=True, slots=True)
class Rating:
    """How somebody finds what was done for them. ``key`` names what it is about: the last of a key counts.

    ``score`` is 1 (very bad) to 5 (great), ``effort`` how easy it was: 1 (not at all) to 7 (very), or None.
    """

    key: str
    score: int
    effort: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened in the conversation which the item's ``references`` name; it is no message.

    A network that tells of a deletion without saying whose it was leaves the sender's ``value`` empty.
    """

    what: What
    automatic: bool = False
    rating: Rating | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What somebody was asked before they wrote: ``text`` as they saw it, ``name`` as the team calls it.
    Where a person asked them, ``user_id`` is who, and ``name`` theirs."""

    name: str
    text: str
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A raw item, interpreted.

    ``text`` and ``html`` are what the person wrote; ``quoted_text`` and ``quoted_html`` the history under
    it, kept apart to be folded. HTML is already sanitised; pictures in it are ``cid:`` or held back.
    ``external_id`` is the channel's own id (Message-ID without brackets). ``content_hash`` is the same for
    two copies of one message. ``references`` are external ids, oldest first. ``warnings`` are catalogue
    texts for the agent. ``sender_verified`` is false where From is missing, double or forged-looking.

    ``post`` is what a network says besides. Of a post that is known already, later items bring its changes:
    another text where ``post.edited_at`` is later, new counters, a wider or narrower circle of readers.
    """

    sender: Party
    text: str
    content_hash: str
    external_id: str = ""
    subject: str = ""
    html: str = ""
    quoted_text: str = ""
    quoted_html: str = ""
    sent_at: datetime | None = None
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    reply_to: tuple[Party, ...] = ()
    delivered_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    tokens: tuple[ThreadToken, ...] = ()
    attachments: tuple[InboundAttachment, ...] = ()
    automation: Automation = Automation.NO
    reports: tuple[DeliveryReport, ...] = ()
    remote_images: int = 0
    protection: str = ""
    warnings: tuple[str, ...] = ()
    sender_verified: bool = True
    loop_marker: str = ""
    profile: Profile = field(default_factory=Profile)
    happening: Happening | None = None
    invitation: Invitation | None = None
    post: Post | None = None
