"""What a screen may ask and do: the desk's side of everything, without Qt and without SQL.

:class:`DeskPort` is what views are written against; :class:`agentdesk.sync.local.LocalDesk` fulfils it with
replica, outbox and connection. All answers come from the replica and never wait for the network, except where
said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec

from agentdesk.base.text import Msg
from agentdesk.commands.values import Answer, AnyCommand, File
from agentdesk.queries.likeness_rows import LikeRow
from agentdesk.queries.rows import (
    AccountRow,
    ContactDetail,
    ConversationRow,
    Counts,
    FilterCounts,
    InboxRow,
    MentionRow,
    Place,
    QueueRow,
    SavedViewRow,
    SectionRow,
    SimilarContact,
    TemplateRow,
    Timeline,
    UserRow,
    View,
)
from agentdesk.queries.team_rows import OfferRow, OwnStatusRow, PortraitRow, TeammateRow
from agentdesk.sync.draft import Draft
from agentdesk.sync.older import OlderPage, OlderWish
from agentdesk.sync.presence import Other, Writing
from agentdesk.sync.visitor import SiteVisitor

__all__ = ["Changes", "DeskPort", "Draft", "Link", "LinkStatus", "OlderPage", "OlderWish", "Waiting"]

Changes = dict[str, set[UUID]]


class Link(StrEnum):
    """How the desk stands with its server."""

    CONNECTING = "connecting"
    FILLING = "filling"
    SYNCED = "synced"
    OFFLINE = "offline"
    SIGN_IN = "sign_in"
    TOO_OLD = "too_old"


class LinkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``since`` is when this state began, ``synced_at`` when the desk last was current; ``waiting`` counts
    commands that have not gone up; ``done`` of ``total`` conversations during the first fill."""

    link: Link
    since: datetime
    synced_at: datetime | None = None
    waiting: int = 0
    done: int = 0
    total: int = 0
    problem: Msg | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A command in the outbox: ``state`` is ``held`` (undo window until ``held_until``), ``waiting``,
    ``sent`` (no answer yet) or ``refused`` (``answer`` says why; shown with Edit, Retry, Discard).
    ``again``: a server had confirmed it and lost it since, so what it sends may have gone out."""

    id: UUID
    number: int | None
    command: AnyCommand
    state: str
    issued_at: datetime
    held_until: datetime | None = None
    answer: Answer | None = None
    again: bool = False


class DeskPort(Protocol):
    """The desk, as views see it. Everything runs on the loop of the caller."""

    @property
    def me(self) -> UserRow | None:
        """Who is signed in; None before the first fill has brought it."""
        ...

    @property
    def status(self) -> LinkStatus: ...

    @property
    def undo_seconds(self) -> int:
        """How long a reply is held back so that it can be undone, in seconds; 0 sends at once."""
        ...

    def subscribe(self, on_changes: Callable[[Changes], None]) -> Callable[[], None]:
        """Call ``on_changes`` with table names and ids after each change; returns the unsubscriber.

        ``{}`` means that everything may have changed (replica filled anew). ``outbox``, ``draft``,
        ``presence`` and ``site`` are told as tables of their own, and with messages, as ``timeline``, the
        conversations that they are in.
        """
        ...

    def subscribe_status(self, on_status: Callable[[LinkStatus], None]) -> Callable[[], None]: ...

    async def queue_ids(self, view: View) -> list[UUID]:
        """All conversation ids of a view, in its order."""
        ...

    async def queue_sections(self, view: View) -> tuple[list[UUID], list[SectionRow]]:
        """All conversation ids of a view that has sections, in their order, and the sections."""
        ...

    async def queue_places(self, view: View, among: Collection[UUID] | None = None) -> list[Place]:
        """Where the conversations of a view stand in its list, or those of the few ``among`` that are in it;
        in any order. Not for searches and drafts."""
        ...

    async def filter_counts(self, view: View) -> FilterCounts:
        """How many conversations each filter leaves of a view."""
        ...

    async def queue_rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        """The rows of ``ids``; those that are gone are left out."""
        ...

    async def written_since(self, since: Mapping[UUID, datetime]) -> dict[UUID, int]:
        """How many messages customers have written in these conversations, each after its moment; those with
        none are left out."""
        ...

    async def counts(self) -> Counts: ...

    async def conversation(self, conversation_id: UUID) -> ConversationRow | None: ...

    async def timeline(
        self, conversation_id: UUID, before: UUID | None = None, limit: int = 40
    ) -> Timeline: ...

    async def joined(self, conversation_id: UUID) -> frozenset[UUID]:
        """Who has joined a chat besides the colleague who has it."""
        ...

    async def contact(self, contact_id: UUID) -> ContactDetail | None: ...

    async def alike(self, contact_id: UUID) -> list[LikeRow]:
        """Who may be the same person as a customer, as far as this desk knows them, with what speaks for it,
        who has the most of it first."""
        ...

    async def find_contacts(self, text: str, limit: int = 20) -> list[SimilarContact]:
        """Customers whose name, company, address or handle has all words of ``text``, whose names begin with
        it first; those that were merged with another one or erased are left out."""
        ...

    async def saved_views(self) -> list[SavedViewRow]:
        """The lists that this person has saved and those that are shared with them, by name."""
        ...

    async def rail_keys(self) -> list[str]:
        """In which order this person has the entries of the rail, by their keys; those it does not name are
        where they are by nature."""
        ...

    async def view_counts(self, views: Sequence[View]) -> list[int]:
        """How many conversations each view has; of a search none are counted."""
        ...

    async def templates(self) -> list[TemplateRow]: ...

    async def users(self) -> list[UserRow]: ...

    async def teammates(self) -> list[TeammateRow]:
        """Everybody who works here with status and load, by name. Conversations that this desk does not see
        are not in anybody's load."""
        ...

    async def own_statuses(self) -> list[OwnStatusRow]:
        """The statuses that the team has defined and that can be chosen, by name."""
        ...

    async def portraits(self) -> list[PortraitRow]:
        """What the people of the team look like: those who have a picture."""
        ...

    async def inbox_people(self, inbox_id: UUID) -> list[UserRow]:
        """Everybody who may see an inbox, by name."""
        ...

    async def unseen_mentions(self) -> list[MentionRow]:
        """Where this person was mentioned and has not looked yet, oldest first."""
        ...

    async def offers(self) -> list[OfferRow]:
        """The chats that this person is asked to take, the oldest first."""
        ...

    async def inboxes(self) -> list[InboxRow]: ...

    async def accounts(self) -> list[AccountRow]: ...

    async def do(self, command: AnyCommand, hold_seconds: float = 0) -> UUID:
        """Commit ``command`` to the outbox, apply it to the replica, and return its id.

        Raises AgentDeskError where it is refused here already. ``hold_seconds`` is the undo window; it runs
        on in the outbox when the program ends.
        """
        ...

    async def undo_hold(self, command_id: UUID) -> bool:
        """Take a held command back. False where it has gone already."""
        ...

    async def release_hold(self, command_id: UUID) -> None:
        """Let a held command go now."""
        ...

    async def waiting(self) -> list[Waiting]:
        """What the outbox holds, oldest first, refused ones included."""
        ...

    async def retry(self, command_id: UUID) -> None:
        """Offer a refused command again, as a new one, meant in spite of what came between."""
        ...

    async def discard(self, command_id: UUID) -> None:
        """Drop a refused command. Its text goes back to the draft first, where it has one."""
        ...

    async def save_draft(self, draft: Draft) -> UUID | None:
        """Keep a draft; an empty one (no text, no files) removes it. Safe against kill -9 on return.

        Returns the edition it has now. It goes to the other desks of this person after a while; one that was
        typed there comes as a change of ``draft``.
        """
        ...

    async def draft(self, conversation_id: UUID, mode: str) -> Draft | None: ...

    async def drafts(self) -> list[Draft]: ...

    async def drafts_aside(self, conversation_id: UUID) -> list[Draft]:
        """Texts of this person that gave way to newer ones of another desk, oldest first."""
        ...

    async def drop_draft_aside(self, draft: Draft) -> None:
        """A text that gave way has been looked at: it goes, on every desk."""
        ...

    def be_at(self, conversation_id: UUID | None, writing: Writing = "", *, watching: bool = False) -> None:
        """Let colleagues know which conversation is open here (None: none, or nobody looks at the window) and
        what is being written there. It holds until something else is said, and is stored nowhere.

        ``watching``: this person looks on at a colleague's chat. They do not count as reading it, and it is
        written down that they did.
        """
        ...

    def others_at(self, conversation_id: UUID) -> tuple[Other, ...]:
        """Who else is at a conversation, writers first; nobody without a connection.

        Of conversations that are not open here, only those who write are known, and the customers of chats.
        """
        ...

    def visitor_at(self, conversation_id: UUID, contact_id: UUID) -> bool | None:
        """Whether the customer of a chat has their page open; None where that is not known."""
        ...

    def look_at_site(self, on: bool) -> None:
        """Have the server tell who is on the site, or not any more: a change of ``site``, again and again."""
        ...

    def site_visitors(self) -> tuple[SiteVisitor, ...] | None:
        """Who is on the site and agreed to be seen, who came first first; None where that is not known (yet),
        or nobody here looks."""
        ...

    @property
    def sees_site(self) -> bool:
        """Whether the server can tell who is on the site; not without a connection."""
        ...

    async def invite_visitor(self, visitor_id: UUID, text: str) -> None:
        """Have a visitor's page ask them whether they want to chat. Raises AgentDeskError offline, where
        the person may not, and where they are gone or were asked before."""
        ...

    async def attach(self, path: Path) -> File:
        """Take a file into the desk's own store, to be sent. Raises AgentDeskError where it is too large or
        cannot be read."""
        ...

    async def attach_bytes(self, name: str, media_type: str, content: bytes) -> File: ...

    async def file(self, blob: str, attachment_id: UUID) -> bytes:
        """Return an attachment's content, fetching it from the server if need be.

        Raises AgentDeskError offline, or where it is gone.
        """
        ...

    async def original(self, message_id: UUID) -> bytes:
        """Return a message as it came (asked from the server). Raises AgentDeskError offline."""
        ...

    async def remote_picture(self, message_id: UUID, url: str) -> bytes:
        """Return a remote picture of a message, fetched by the server, guarded; only when a person asked."""
        ...

    async def export_contact(
        self, contact_id: UUID, path: Path, on_progress: Callable[[int, int | None], None]
    ) -> None:
        """Have the server put everything about a customer into a ZIP, and save it at ``path``, in the place
        of what was there; ``on_progress`` hears how many bytes have come, of how many (None: not known).

        Raises AgentDeskError offline, where the person may not, and where it cannot be saved. Then, and when
        it is cancelled, nothing has changed at ``path``.
        """
        ...

    async def search(self, text: str, limit: int = 200) -> list[UUID]:
        """Conversation ids that match, newest first, from the replica's index."""
        ...

    async def older(self, wish: OlderWish) -> OlderPage:
        """Fetch conversations that the desk does not keep from the server; on return they are here like all
        others, and stay for as long as they are used. A later call does not overtake an earlier one.

        Raises AgentDeskError offline, where the server is too old for it, and where the person may not.
        """
        ...

    async def close(self) -> None: ...
