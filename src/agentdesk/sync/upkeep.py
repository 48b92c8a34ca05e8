"""What a desk does for its own folder now and then: old conversations go, and files that nobody needs."""

from __future__ import annotations

import asyncio
import functools
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.base.text import msg
from agentdesk.domain.conversation import RETAINED
from agentdesk.store.errors import DatabaseError
from agentdesk.store.unit import Changes
from agentdesk.sync import leaving
from agentdesk.sync.desk_archive import DeskArchive, Unavailable
from agentdesk.sync.desk_files import DeskFiles
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.replica import Replica
from agentdesk.sync.workbench import Workbench

__all__ = ["Upkeep"]

_LEEWAY = timedelta(days=7)
_FIRST_SECONDS = 20.0
_PAUSE_SECONDS = 0.05
_DAY_SECONDS = 86_400.0
_AGAIN_SECONDS = 60.0
_AT_ONCE = 50

_log = get_logger(__name__)


class Upkeep:
    """Looks after one desk's replica and files; what ``archive`` has in use stays."""

    def __init__(
        self,
        workbench: Workbench,
        replica: Replica,
        outbox: Outbox,
        files: DeskFiles,
        archive: DeskArchive | None = None,
    ) -> None:
        self._workbench = workbench
        self._replica = replica
        self._outbox = outbox
        self._files = files
        self._archive = archive or DeskArchive()
        self._gone = Bell()

    def on_changes(self, changes: Changes) -> None:
        """Hear of what changed: attachments may have gone."""
        if not changes or "attachment" in changes:
            self._gone.ring()

    async def tidy_daily(self) -> None:
        """Drop what was closed long ago, a few conversations at a time, day after day."""
        await asyncio.sleep(_FIRST_SECONDS)
        while True:
            try:
                more = await self.tidy()
                pause = _PAUSE_SECONDS if more else _DAY_SECONDS
            except (DatabaseError, Unavailable) as error:
                _log.warning("old conversations cannot be dropped yet", error=str(error))
                pause = _AGAIN_SECONDS
            await asyncio.sleep(pause)

    async def tidy(self, limit: int = _AT_ONCE) -> bool:
        """Drop up to ``limit`` conversations; False: there are none. Raises DatabaseError, Unavailable."""
        before = clock.now() - RETAINED - _LEEWAY
        connected = self._archive.connected

        async def work(conn: AsyncConnection) -> Changes:
            if self._archive.connected is not connected:
                raise Unavailable(msg("The server cannot be reached."))
            return await leaving.forget_closed(conn, before, limit, self._archive.in_use())

        async with self._replica.read() as conn:
            if not await leaving.closed(conn, before, 1, self._archive.in_use()):
                return False
        return bool(await self._archive.drop(functools.partial(self._workbench.change, work)))

    async def follow_files(self) -> None:
        """Drop the files of attachments that have gone, whenever some have."""
        while True:
            heard = self._gone.rings
            try:
                await self.drop_files()
            except (DatabaseError, OSError) as error:
                _log.warning("files cannot be dropped yet", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            await self._gone.wait(heard)

    async def drop_files(self) -> None:
        """Drop the files of attachments that have gone, where nothing else needs them. Raises DatabaseError,
        OSError."""
        if self._workbench.standing.cursor is None:
            return  # what the fill brings may need them
        async with self._replica.read() as conn:
            noted, needed = await leaving.leaving_files(conn)
        if not noted:
            return
        needed |= await self._outbox.run(self._outbox.file.files)
        await self._files.drop(noted - needed)

        async def work(conn: AsyncConnection) -> Changes:
            await leaving.settle_files(conn, noted)
            return {}

        await self._workbench.change(work)
