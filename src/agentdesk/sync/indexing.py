"""Making what came in large numbers findable, after it is there, a little at a time."""

from __future__ import annotations

import asyncio

from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.store.errors import DatabaseError
from agentdesk.store.unit import Changes
from agentdesk.sync import replica_index
from agentdesk.sync.replica import Replica

__all__ = ["Indexer"]

_AT_ONCE = 50
"""Messages in one transaction: takes some ten milliseconds, in which a window does not answer."""
_PAUSE_SECONDS = 0.002
_AGAIN_SECONDS = 5.0

_log = get_logger(__name__)


class Indexer:
    """Indexes the messages of a replica that were only noted. It goes on where it was interrupted."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._news = Bell()

    def look(self, changes: Changes) -> None:
        """Hear that something has changed in the replica, and that there is time now: where it were few
        messages, they are in the index already."""
        if not changes or len(changes.get("message", ())) > replica_index.MANY:
            self._news.ring()

    async def run(self) -> None:
        """Index for ever."""
        heard = 0
        while True:
            heard = self._news.rings
            try:
                if await self._some():
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
            except DatabaseError as error:
                _log.warning("messages cannot be indexed yet", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            await self._news.wait(heard)

    async def _some(self) -> bool:
        async with self._replica.write() as conn:
            return await replica_index.add_waiting(conn, _AT_ONCE) == _AT_ONCE
