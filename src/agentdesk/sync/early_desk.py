"""The desk while its files are being opened: it shows the last screen, all else waits for the real desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from agentdesk.base import clock
from agentdesk.commands.values import AnyCommand, File
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
from agentdesk.sync.desk import Changes, DeskPort, Draft, Link, LinkStatus, Waiting
from agentdesk.sync.first_screen import FirstScreen
from agentdesk.sync.older import OlderPage, OlderWish
from agentdesk.sync.presence import Other, Writing
from agentdesk.sync.subscribers import Subscribers
from agentdesk.sync.visitor import SiteVisitor

__all__ = ["EarlyDesk"]


class EarlyDesk:
    """Fulfils :class:`agentdesk.sync.desk.DeskPort` from the first moment on.

    Until :meth:`become` it answers from ``screen`` what that knows; every other question waits. From then on
    the real desk answers everything. Where none will come (:meth:`give_up`), those who wait are cancelled.
    """

    def __init__(self, screen: FirstScreen | None) -> None:
        self._screen = screen
        self._rows = {row.id: row for row in screen.rows} if screen else {}
        self._desk: DeskPort | None = None
        self._opened: asyncio.Future[DeskPort] = asyncio.get_running_loop().create_future()
        self._subscribers = Subscribers[Changes]()
        self._status_subscribers = Subscribers[LinkStatus]()
        self._status = LinkStatus(link=Link.CONNECTING, since=clock.now())

    @property
    def rows(self) -> int:
        """How many rows of the first list are there at once."""
        return len(self._rows)

    def become(self, desk: DeskPort) -> None:
        """Pass everything on to ``desk`` from now on; all that was shown may be different."""
        if self._opened.cancelled():
            return  # the window was closed meanwhile
        self._desk, self._screen = desk, None
        self._rows = {}
        self._opened.set_result(desk)
        desk.subscribe(self._subscribers.tell)
        desk.subscribe_status(self._status_subscribers.tell)
        self._subscribers.tell({})
        self._status_subscribers.tell(desk.status)

    def give_up(self) -> None:
        """The real desk does not come: nobody waits for it any longer."""
        self._opened.cancel()

    async def _open(self) -> DeskPort:
        return await asyncio.shield(self._opened) if self._desk is None else self._desk

    # --- what the last screen knows ---

    @property
    def me(self) -> UserRow | None:
        if self._desk is not None:
            return self._desk.me
        return self._screen.me if self._screen else None

    @property
    def status(self) -> LinkStatus:
        return self._status if self._desk is None else self._desk.status

    @property
    def undo_seconds(self) -> int:
        if self._desk is not None:
            return self._desk.undo_seconds
        return self._screen.undo_seconds if self._screen else 0

    def subscribe(self, on_changes: Callable[[Changes], None]) -> Callable[[], None]:
        return self._subscribers.add(on_changes)

    def subscribe_status(self, on_status: Callable[[LinkStatus], None]) -> Callable[[], None]:
        return self._status_subscribers.add(on_status)

    async def queue_ids(self, view: View) -> list[UUID]:
        if self._screen is not None and view == self._screen.view:
            return list(self._screen.ids)
        return await (await self._open()).queue_ids(view)

    async def filter_counts(self, view: View) -> FilterCounts:
        return await (await self._open()).filter_counts(view)

    async def queue_sections(self, view: View) -> tuple[list[UUID], list[SectionRow]]:
        if self._screen is not None and view == self._screen.view:
            return list(self._screen.ids), list(self._screen.sections)
        return await (await self._open()).queue_sections(view)

    async def queue_places(self, view: View, among: Collection[UUID] | None = None) -> list[Place]:
        return await (await self._open()).queue_places(view, among)

    async def queue_rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        if self._screen is not None and self._rows.keys() >= set(ids):
            return [self._rows[row_id] for row_id in ids]
        return await (await self._open()).queue_rows(ids)

    async def written_since(self, since: Mapping[UUID, datetime]) -> dict[UUID, int]:
        return await (await self._open()).written_since(since)

    async def counts(self) -> Counts:
        return self._screen.counts if self._screen else await (await self._open()).counts()

    async def accounts(self) -> list[AccountRow]:
        return list(self._screen.accounts) if self._screen else await (await self._open()).accounts()

    async def saved_views(self) -> list[SavedViewRow]:
        return list(self._screen.saved) if self._screen else await (await self._open()).saved_views()

    async def rail_keys(self) -> list[str]:
        return list(self._screen.rail) if self._screen else await (await self._open()).rail_keys()

    async def view_counts(self, views: Sequence[View]) -> list[int]:
        if self._screen is None:
            return await (await self._open()).view_counts(views)
        known = dict(zip([row.view() for row in self._screen.saved], self._screen.saved_counts, strict=False))
        return [known.get(view, 0) for view in views]

    async def drafts(self) -> list[Draft]:
        if self._screen is not None:
            return [Draft(conversation_id=one, mode="reply", text="") for one in self._screen.drafts]
        return await (await self._open()).drafts()

    def be_at(self, conversation_id: UUID | None, writing: Writing = "", *, watching: bool = False) -> None:
        if self._desk is not None:
            self._desk.be_at(conversation_id, writing, watching=watching)

    def others_at(self, conversation_id: UUID) -> tuple[Other, ...]:
        return self._desk.others_at(conversation_id) if self._desk is not None else ()

    def visitor_at(self, conversation_id: UUID, contact_id: UUID) -> bool | None:
        return self._desk.visitor_at(conversation_id, contact_id) if self._desk is not None else None

    def look_at_site(self, on: bool) -> None:
        if self._desk is not None:
            self._desk.look_at_site(on)

    def site_visitors(self) -> tuple[SiteVisitor, ...] | None:
        return self._desk.site_visitors() if self._desk is not None else None

    @property
    def sees_site(self) -> bool:
        return self._desk is not None and self._desk.sees_site

    # --- what waits for the real desk ---

    async def invite_visitor(self, visitor_id: UUID, text: str) -> None:
        await (await self._open()).invite_visitor(visitor_id, text)

    async def conversation(self, conversation_id: UUID) -> ConversationRow | None:
        return await (await self._open()).conversation(conversation_id)

    async def timeline(self, conversation_id: UUID, before: UUID | None = None, limit: int = 40) -> Timeline:
        return await (await self._open()).timeline(conversation_id, before, limit)

    async def contact(self, contact_id: UUID) -> ContactDetail | None:
        return await (await self._open()).contact(contact_id)

    async def alike(self, contact_id: UUID) -> list[LikeRow]:
        return await (await self._open()).alike(contact_id)

    async def find_contacts(self, text: str, limit: int = 20) -> list[SimilarContact]:
        return await (await self._open()).find_contacts(text, limit)

    async def templates(self) -> list[TemplateRow]:
        return await (await self._open()).templates()

    async def users(self) -> list[UserRow]:
        return await (await self._open()).users()

    async def teammates(self) -> list[TeammateRow]:
        return await (await self._open()).teammates()

    async def own_statuses(self) -> list[OwnStatusRow]:
        return await (await self._open()).own_statuses()

    async def portraits(self) -> list[PortraitRow]:
        return await (await self._open()).portraits()

    async def inbox_people(self, inbox_id: UUID) -> list[UserRow]:
        return await (await self._open()).inbox_people(inbox_id)

    async def unseen_mentions(self) -> list[MentionRow]:
        return await (await self._open()).unseen_mentions()

    async def joined(self, conversation_id: UUID) -> frozenset[UUID]:
        return await (await self._open()).joined(conversation_id)

    async def offers(self) -> list[OfferRow]:
        return await (await self._open()).offers()

    async def inboxes(self) -> list[InboxRow]:
        return await (await self._open()).inboxes()

    async def search(self, text: str, limit: int = 200) -> list[UUID]:
        return await (await self._open()).search(text, limit)

    async def older(self, wish: OlderWish) -> OlderPage:
        return await (await self._open()).older(wish)

    async def do(self, command: AnyCommand, hold_seconds: float = 0) -> UUID:
        return await (await self._open()).do(command, hold_seconds)

    async def undo_hold(self, command_id: UUID) -> bool:
        return await (await self._open()).undo_hold(command_id)

    async def release_hold(self, command_id: UUID) -> None:
        await (await self._open()).release_hold(command_id)

    async def waiting(self) -> list[Waiting]:
        return await (await self._open()).waiting()

    async def retry(self, command_id: UUID) -> None:
        await (await self._open()).retry(command_id)

    async def discard(self, command_id: UUID) -> None:
        await (await self._open()).discard(command_id)

    async def save_draft(self, draft: Draft) -> UUID | None:
        return await (await self._open()).save_draft(draft)

    async def draft(self, conversation_id: UUID, mode: str) -> Draft | None:
        return await (await self._open()).draft(conversation_id, mode)

    async def drafts_aside(self, conversation_id: UUID) -> list[Draft]:
        return await (await self._open()).drafts_aside(conversation_id)

    async def drop_draft_aside(self, draft: Draft) -> None:
        await (await self._open()).drop_draft_aside(draft)

    async def attach(self, path: Path) -> File:
        return await (await self._open()).attach(path)

    async def attach_bytes(self, name: str, media_type: str, content: bytes) -> File:
        return await (await self._open()).attach_bytes(name, media_type, content)

    async def file(self, blob: str, attachment_id: UUID) -> bytes:
        return await (await self._open()).file(blob, attachment_id)

    async def original(self, message_id: UUID) -> bytes:
        return await (await self._open()).original(message_id)

    async def remote_picture(self, message_id: UUID, url: str) -> bytes:
        return await (await self._open()).remote_picture(message_id, url)

    async def export_contact(
        self, contact_id: UUID, path: Path, on_progress: Callable[[int, int | None], None]
    ) -> None:
        await (await self._open()).export_contact(contact_id, path, on_progress)

    async def close(self) -> None:
        self.give_up()
        if self._desk is not None:
            await self._desk.close()
