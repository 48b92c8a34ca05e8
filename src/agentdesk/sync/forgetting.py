"""A customer was erased: nothing of what was said may be left in this desk's folder."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.log import get_logger
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import contact, conversation, message, saved_view
from agentdesk.store.unit import Changes
from agentdesk.sync import leaving, replica_index
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.protocol import Erase
from agentdesk.sync.replica import Replica
from agentdesk.sync.upkeep import Upkeep
from agentdesk.sync.workbench import Workbench

__all__ = ["Forgetting"]

_log = get_logger(__name__)


class Forgetting:
    """Removes what is left of an erased customer, once the server's emptied rows have come."""

    def __init__(self, workbench: Workbench, replica: Replica, outbox: Outbox, upkeep: Upkeep) -> None:
        self._workbench = workbench
        self._replica = replica
        self._outbox = outbox
        self._upkeep = upkeep

    async def forget(self, erase: Erase) -> bool:
        """Remove it; False where something is still there, and the server has to ask again."""
        try:
            if not await self._has_come(erase):
                return False
            ids = await self._about(erase.contact_id) | await self._gone_views()
            named = await self._outbox.run(self._outbox.file.files)
            await self._workbench.forget(ids)
            freed = named - await self._outbox.run(self._outbox.file.files)
            await self._forget_words(ids, freed)
            await self._upkeep.drop_files()
            await self._replica.scrub()
        except (DatabaseError, OSError) as error:
            _log.warning("an erased customer cannot be removed yet", error=str(error))
            return False
        return True

    async def _has_come(self, erase: Erase) -> bool:
        """Whether the desk is past the erasure: it has the customer's last row, or does not know them."""
        if self._workbench.standing.cursor is None:
            return False  # being filled anew: what comes may be from before
        async with self._replica.read() as conn:
            ver = await conn.scalar(select(contact.c.ver).where(contact.c.id == erase.contact_id))
        return ver is None or ver >= erase.ver

    async def _about(self, contact_id: UUID) -> set[UUID]:
        """The customer, whoever was merged into them, and their conversations."""
        same = or_(contact.c.id == contact_id, contact.c.merged_into_id == contact_id)
        async with self._replica.read() as conn:
            people = {contact_id, *(await conn.scalars(select(contact.c.id).where(same)))}
            theirs = select(conversation.c.id).where(conversation.c.contact_id.in_(people))
            return people | set(await conn.scalars(theirs))

    async def _gone_views(self) -> set[UUID]:
        """Saved views that are no more, of which the outbox still knows what they searched for."""
        named = await self._outbox.run(self._outbox.file.views)
        async with self._replica.read() as conn:
            return named - set(await conn.scalars(select(saved_view.c.id)))

    async def _forget_words(self, ids: set[UUID], files: set[str]) -> None:
        """Take the messages out of the index at once (many that come together are indexed later only), and
        note the files of commands that have gone."""

        async def work(conn: AsyncConnection) -> Changes:
            mine = select(message.c.id).where(message.c.conversation_id.in_(ids))
            await replica_index.remove(conn, message, list(await conn.scalars(mine)))
            await leaving.note_files(conn, files)
            return {}

        await self._workbench.change(work)
