"""What screens ask of the replica: all of it is answered from this computer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from agentdesk.base import clock
from agentdesk.queries import contact as contact_queries
from agentdesk.queries import conversation as conversation_queries
from agentdesk.queries import likeness as like_queries
from agentdesk.queries import queue as queue_queries
from agentdesk.queries import team as team_queries
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
from agentdesk.store import search
from agentdesk.store.joined import joined_in
from agentdesk.sync.desk_archive import DeskArchive
from agentdesk.sync.replica import Replica
from agentdesk.sync.row_cache import RowCache
from agentdesk.sync.workbench import Workbench

__all__ = ["DeskReads"]


class DeskReads:
    """The questions of :class:`agentdesk.sync.desk.DeskPort` that the replica answers.

    What is looked at stays on this computer, also where ``archive`` brought it.
    """

    def __init__(self, replica: Replica, workbench: Workbench, archive: DeskArchive) -> None:
        self._replica = replica
        self._workbench = workbench
        self._archive = archive
        self._rows = RowCache(self._read_rows)

    @property
    def _my_id(self) -> UUID:
        """Who is signed in."""
        return self._workbench.standing.user_id or UUID(int=0)

    async def queue_ids(self, view: View) -> list[UUID]:
        """All conversation ids of a view, in its order."""
        if view.kind == "search":  # looking for common words is done in a thread of its own
            async with self._replica.read() as conn:
                return await queue_queries.queue_ids(conn, view, self._my_id)
        return await self._replica.ask(queue_queries.queue_ids, view, self._my_id)

    async def queue_sections(self, view: View) -> tuple[list[UUID], list[SectionRow]]:
        """All conversation ids of a view that has sections, in their order, and the sections."""
        return await self._replica.ask(queue_queries.queue_sections, view, self._my_id, clock.next_midnight())

    async def queue_places(self, view: View, among: Collection[UUID] | None = None) -> list[Place]:
        """Where conversations stand in the list of a view."""
        midnight = clock.next_midnight()
        return await self._replica.ask(queue_queries.queue_places, view, self._my_id, midnight, among)

    async def filter_counts(self, view: View) -> FilterCounts:
        """How many conversations each filter leaves of a view."""
        return await self._replica.ask(queue_queries.filter_counts, view, self._my_id)

    async def queue_rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        """The rows of ``ids``; those that are gone are left out."""
        return await self._rows.rows(ids)

    async def _read_rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        return await self._replica.ask(queue_queries.queue_rows, ids)

    async def written_since(self, since: Mapping[UUID, datetime]) -> dict[UUID, int]:
        """How many messages customers have written, each after its moment."""
        return await self._replica.ask(conversation_queries.written_since, since)

    async def counts(self) -> Counts:
        """The numbers beside the rail's entries."""
        return await self._replica.ask(queue_queries.counts, self._my_id)

    async def conversation(self, conversation_id: UUID) -> ConversationRow | None:
        """The head of a conversation."""
        self._archive.use([conversation_id])
        return await self._replica.ask(conversation_queries.head, conversation_id)

    async def timeline(self, conversation_id: UUID, before: UUID | None = None, limit: int = 40) -> Timeline:
        """The latest messages and events of a conversation, or those before one."""
        return await self._replica.ask(conversation_queries.timeline, conversation_id, before, limit)

    async def joined(self, conversation_id: UUID) -> frozenset[UUID]:
        """Who has joined a chat besides the colleague who has it."""
        return await self._replica.ask(joined_in, conversation_id)

    async def contact(self, contact_id: UUID) -> ContactDetail | None:
        """What is known of a customer."""
        return await self._replica.ask(contact_queries.detail, contact_id)

    async def saved_views(self) -> list[SavedViewRow]:
        """The lists that this person has saved and those that are shared with them."""
        return await self._replica.ask(team_queries.saved_views, self._my_id)

    async def rail_keys(self) -> list[str]:
        """In which order this person has the entries of the rail."""
        return await self._replica.ask(team_queries.rail_keys, self._my_id)

    async def view_counts(self, views: Sequence[View]) -> list[int]:
        """How many conversations each view has."""
        return await self._replica.ask(queue_queries.view_counts, views, self._my_id)

    async def templates(self) -> list[TemplateRow]:
        """All templates."""
        return await self._replica.ask(team_queries.templates)

    async def users(self) -> list[UserRow]:
        """Everybody in the team."""
        return await self._replica.ask(team_queries.users)

    async def teammates(self) -> list[TeammateRow]:
        """Everybody who works here with status and load, by name."""
        return await self._replica.ask(team_queries.teammates)

    async def own_statuses(self) -> list[OwnStatusRow]:
        """The team's own statuses."""
        return await self._replica.ask(team_queries.own_statuses)

    async def portraits(self) -> list[PortraitRow]:
        """The pictures of people."""
        async with self._replica.read() as conn:
            return await team_queries.portraits(conn)

    async def inbox_people(self, inbox_id: UUID) -> list[UserRow]:
        """Everybody who may see an inbox, by name."""
        return await self._replica.ask(team_queries.people_of, inbox_id)

    async def unseen_mentions(self) -> list[MentionRow]:
        """Where this person was mentioned and has not looked yet, oldest first."""
        return await self._replica.ask(team_queries.unseen_mentions, self._my_id)

    async def offers(self) -> list[OfferRow]:
        """The chats that this person is asked to take."""
        return await self._replica.ask(team_queries.offers, self._my_id)

    async def inboxes(self) -> list[InboxRow]:
        """The inboxes."""
        return await self._replica.ask(team_queries.inboxes)

    async def accounts(self) -> list[AccountRow]:
        """The accounts and how they are doing."""
        return await self._replica.ask(team_queries.accounts)

    async def search(self, text: str, limit: int = 200) -> list[UUID]:
        """Conversation ids that match, newest first."""
        async with self._replica.read() as conn:
            return await search.find_conversations(conn, text, inboxes=None, limit=limit)

    async def alike(self, contact_id: UUID) -> list[LikeRow]:
        """Who may be the same person as a customer."""
        return await self._replica.ask(like_queries.alike, contact_id)

    async def find_contacts(self, text: str, limit: int = 20) -> list[SimilarContact]:
        """Customers by name, company, address or handle."""
        return await self._replica.ask(contact_queries.find, text, limit)
