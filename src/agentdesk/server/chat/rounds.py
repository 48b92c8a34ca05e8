"""One look at all chats that are open here, now and then: for what nobody has heard.

A page is told when somebody writes. Who wrote at another server may not have been heard, and who answers a
chat, or into which one it was merged, rings no bell. Were each page to look for itself, a thousand that are
silent would cost as much as some that talk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from agentdesk.base.backoff import scattered
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.place import Place, standing_of
from agentdesk.server.chat.protocol import Agent
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError

__all__ = ["ROUND_SECONDS", "Rounds"]

ROUND_SECONDS = 25.0
_AT_ONCE = 500

_Standing = tuple[int, Place | None, Agent | None]

_log = get_logger(__name__)


class Rounds:
    """Rings for those pages that have not been told how their chat stands."""

    def __init__(self, db: Database, doors: Doors) -> None:
        self._db = db
        self._doors = doors
        self._tasks = Tasks("chat rounds")
        self._told: dict[UUID, _Standing] = {}
        self._changed_at: dict[UUID, float] = {}

    def begin(self) -> None:
        """Look from now on, where others may work on the database; asked again, go on."""
        if self._db.dialect != "sqlite" and not self._tasks.running("look"):
            self._tasks.start(self._run(), "look")

    async def close(self) -> None:
        """Look no more."""
        await self._tasks.close()

    def told(self, session_id: UUID, cursor: int, place: Place | None, agent: Agent | None) -> None:
        """A page knows the lines of its session up to ``cursor``, its place at the desk, and who answers."""
        self._told[session_id] = cursor, place, agent

    def changed_at(self, session_id: UUID) -> float:
        """Return when a look found that a session was another than its page knew, in the loop's time."""
        return self._changed_at.get(session_id, float("-inf"))

    async def look(self) -> None:
        """Look once. Raises DatabaseError."""
        here = self._doors.sessions()
        for start in range(0, len(here), _AT_ONCE):
            await self._compare(here[start : start + _AT_ONCE])
        there = set(self._doors.sessions())
        for known in (self._told, self._changed_at):
            for session_id in known.keys() - there:
                del known[session_id]

    async def _compare(self, ids: Sequence[UUID]) -> None:
        async with self._db.read() as conn:
            standing = await standing_of(conn, ids)
        now = asyncio.get_running_loop().time()
        for session_id in ids:
            lines, place = standing.get(session_id, (0, None))
            if self._told.get(session_id) != (lines, place, place.agent if place else None):
                self._changed_at[session_id] = now
                self._doors.shown(session_id)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(scattered(0.75 * ROUND_SECONDS, 1.25 * ROUND_SECONDS))
            try:
                await self.look()
            except DatabaseError as error:
                _log.info("open chats could not be looked at", error=str(error))
