"""What screens ask of the replica: all of it is answered from this computer."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from agentdesk.base import clock
from agentdesk.queries import contact as contact_queries
from agentdesk.queries import conversation as conversation_queries
from agentdesk.queries import queue as queue_queries
from agentdesk.queries import team as team_queries
from agentdesk.queries.rows import (
    AccountRow,
    ContactDetail,
    ConversationRow,
    Counts,
    FilterCounts,
    InboxRow,
    MentionRow,
    OfferRow,
    QueueRow,
    SavedViewRow,
    SectionRow,
    SimilarContact,
    TeammateRow,
    TemplateRow,
    Timeline,
    UserRow,
    View,
)
from agentdesk.store import search
from agentdesk.sync.desk_archive import DeskArchive
from agentdesk.sync.replica import Replica
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

    @property
    def _my_id(self) -> UUID:
        """Who is signed in."""
        return self._workbench.standing.user_id or UUID(int=0)

    async def queue_ids(self, view: View) -> list[UUID]:
        """All conversation ids of a view, in its order."""
        async with self._replica.read() as conn:
            return await queue_queries.queue_ids(conn, view, self._my_id)

    async def queue_sections(self, view: View) -> tuple[list[UUID], list[SectionRow]]:
        """All conversation ids of a view that has sections, in their order, and the sections."""
        async with self._replica.read() as conn:
            return await queue_queries.queue_sections(conn, view, self._my_id, clock.next_midnight())

    async def filter_counts(self, view: View) -> FilterCounts:
        """How many conversations each filter leaves of a view."""
        async with self._replica.read() as conn:
            return await queue_queries.filter_counts(conn, view, self._my_id)

    async def queue_rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        """The rows of ``ids``; those that are gone are left out."""
        async with self._replica.read() as conn:
            return await queue_queries.queue_rows(conn, ids)

    async def counts(self) -> Counts:
        """The numbers beside the rail's entries."""
        async with self._replica.read() as conn:
            return await queue_queries.counts(conn, self._my_id)

    async def conversation(self, conversation_id: UUID) -> ConversationRow | None:
        """The head of a conversation."""
        self._archive.use([conversation_id])
        async with self._replica.read() as conn:
            return await conversation_queries.head(conn, conversation_id)

    async def timeline(self, conversation_id: UUID, before: UUID | None = None, limit: int = 40) -> Timeline:
        """The latest messages and events of a conversation, or those before one."""
        async with self._replica.read() as conn:
            return await conversation_queries.timeline(conn, conversation_id, before, limit)

    async def contact(self, contact_id: UUID) -> ContactDetail | None:
        """What is known of a customer."""
        async with self._replica.read() as conn:
            return await contact_queries.detail(conn, contact_id)

    async def saved_views(self) -> list[SavedViewRow]:
        """The lists that this person has saved and those that are shared with them."""
        async with self._replica.read() as conn:
            return await team_queries.saved_views(conn, self._my_id)

    async def rail_keys(self) -> list[str]:
        """In which order this person has the entries of the rail."""
        async with self._replica.read() as conn:
            return await team_queries.rail_keys(conn, self._my_id)

    async def view_counts(self, views: Sequence[View]) -> list[int]:
        """How many conversations each view has."""
        async with self._replica.read() as conn:
            return await queue_queries.view_counts(conn, views, self._my_id)

    async def templates(self) -> list[TemplateRow]:
        """All templates."""
        async with self._replica.read() as conn:
            return await team_queries.templates(conn)

    async def users(self) -> list[UserRow]:
        """Everybody in the team."""
        async with self._replica.read() as conn:
            return await team_queries.users(conn)

    async def teammates(self) -> list[TeammateRow]:
        """Everybody who works here with status and load, by name."""
        async with self._replica.read() as conn:
            return await team_queries.teammates(conn)

    async def inbox_people(self, inbox_id: UUID) -> list[UserRow]:
        """Everybody who may see an inbox, by name."""
        async with self._replica.read() as conn:
            return await team_queries.people_of(conn, inbox_id)

    async def unseen_mentions(self) -> list[MentionRow]:
        """Where this person was mentioned and has not looked yet, oldest first."""
        async with self._replica.read() as conn:
            return await team_queries.unseen_mentions(conn, self._my_id)

    async def offers(self) -> list[OfferRow]:
        """The chats that this person is asked to take."""
        async with self._replica.read() as conn:
            return await team_queries.offers(conn, self._my_id)

    async def inboxes(self) -> list[InboxRow]:
        """The inboxes."""
        async with self._replica.read() as conn:
            return await team_queries.inboxes(conn)

    async def accounts(self) -> list[AccountRow]:
        """The accounts and how they are doing."""
        async with self._replica.read() as conn:
            return await team_queries.accounts(conn)

    async def search(self, text: str, limit: int = 200) -> list[UUID]:
        """Conversation ids that match, newest first."""
        async with self._replica.read() as conn:
            return await search.find_conversations(conn, text, inboxes=None, limit=limit)

    async def find_contacts(self, text: str, limit: int = 20) -> list[SimilarContact]:
        """Customers by name, company, address or handle."""
        async with self._replica.read() as conn:
            return await contact_queries.find(conn, text, limit)
