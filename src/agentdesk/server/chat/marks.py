"""Marks of a page: which lines came there, and which were on screen. They come close upon each other, and
each costs a transaction: those of half a second are handed in together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agentdesk.base.ids import new_id
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.server.chat.lines import SessionGone
from agentdesk.store.errors import DatabaseError

__all__ = ["Marks"]

_PAUSE_SECONDS = 0.5
_ORDER = "read", "delivered"

_log = get_logger(__name__)


class Marks:
    """The marks of one page, handed in by ``hand_in``, which is given a line and what became of all up to it.

    ``tasks`` are the server's: a page may be gone before its marks are written. What is lost because the
    server ends without warning, or the database is away, the page says again when it comes back.
    """

    def __init__(self, hand_in: Callable[[int, str], Awaitable[None]], tasks: Tasks) -> None:
        self._hand_in = hand_in
        self._tasks = tasks
        self._upto: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._turn = asyncio.Lock()

    def note(self, upto: int, state: str) -> None:
        """Hand that in soon."""
        self._upto[state] = max(upto, self._upto.get(state, 0))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self.begin)

    def begin(self) -> None:
        """Begin to hand in what there is; also for a page that is gone."""
        self._stop()
        if self._upto:
            self._tasks.start(self._write(), str(new_id()))

    async def settle(self) -> None:
        """Hand in what there is, and wait until that is done."""
        self._stop()
        await self._write()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _write(self) -> None:
        async with self._turn:
            await self._write_in_turn()

    async def _write_in_turn(self) -> None:
        marks, self._upto = self._upto, {}
        if marks.get("read", 0) >= marks.get("delivered", 0):
            marks.pop("delivered", None)  # what was seen has come
        try:
            for state in _ORDER:
                if state in marks:
                    await self._hand_in(marks[state], state)
        except SessionGone:
            pass  # the page is told when it says something
        except DatabaseError as error:
            _log.info("marks of a page were not taken", error=str(error))
