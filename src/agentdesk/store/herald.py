"""Telling the other servers on the same PostgreSQL what was written.

Not within the transaction: PostgreSQL lets those that notify commit only one after the other. So it is told
right after the commit, and once for all that were committed meanwhile. A notification that is lost, because
the process ends or the connection breaks, costs time only: every reader also looks by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.store.errors import DatabaseError

__all__ = ["CHANNEL", "Herald", "Word", "has_written", "note_word", "note_written", "words_of"]

CHANNEL = "agentdesk_changes"
"""What PostgreSQL servers notify each other on: something was written. The text names who has."""

Word = tuple[str, str]
"""A channel, and a text of less than 8000 bytes."""

_PAUSE_SECONDS = 0.01
_CLOSE_SECONDS = 2.0
_WRITTEN = "agentdesk_written"
_WORDS = "agentdesk_words"

_log = get_logger(__name__)


def note_written(conn: AsyncConnection) -> None:
    """Note that the transaction of ``conn`` writes what others wait for."""
    conn.info[_WRITTEN] = True


def note_word(conn: AsyncConnection, channel: str, text: str) -> None:
    """Note what the other servers are to be told once the transaction of ``conn`` has ended well."""
    conn.info.setdefault(_WORDS, []).append((channel, text))


def has_written(conn: AsyncConnection) -> bool:
    """Say whether that was noted since it was asked for the last time."""
    return bool(conn.info.pop(_WRITTEN, False))


def words_of(conn: AsyncConnection) -> Sequence[Word]:
    """Return the words that were noted since they were asked for the last time."""
    words: Sequence[Word] = conn.info.pop(_WORDS, ())
    return words


class Herald:
    """Calls ``send`` soon after :meth:`tell`, at most a hundred times a second."""

    def __init__(self, send: Callable[[Sequence[Word]], Awaitable[None]]) -> None:
        self._send = send
        self._tasks = Tasks("herald")
        self._due: dict[Word, None] = {}

    def tell(self, words: Iterable[Word]) -> None:
        """Something was committed; the same words are told once."""
        self._due.update(dict.fromkeys(words))
        if not self._tasks.running("tell"):
            self._tasks.start(self._run(), "tell")

    async def close(self) -> None:
        """Tell what is still to be told, unless that takes too long."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._tasks.drain()
        except TimeoutError:
            await self._tasks.close()

    async def _run(self) -> None:
        while self._due:
            words, self._due = list(self._due), {}
            try:
                await self._send(words)
            except DatabaseError as error:
                _log.info("the other servers were not told of a change", error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)
