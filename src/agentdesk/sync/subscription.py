"""A desk's place among those that a server's feed tells of changes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Set
from uuid import UUID

from agentdesk.base.events import Bell
from agentdesk.sync.changelog import Position
from agentdesk.sync.scope import Scope

__all__ = ["Subscription"]

_QUEUE_FRAMES = 2000
_QUEUE_BYTES = 32 * 1024 * 1024
_CURSOR_SECONDS = 30.0
"""How long a desk that nothing concerns goes without a newer cursor; each batch costs it a transaction."""


class Subscription:
    """A desk's place in the feed: frames that wait to be sent, and what ends it.

    ``ended`` is None while it runs, ``slow`` when the desk did not keep up (it comes back with its cursor),
    ``scope`` when its agent may see something else now, and ``closing`` when the server ends.
    ``position`` is where the frames that were queued lead to; ``joined`` says that it hears what comes.
    """

    def __init__(self, desk_id: UUID, scope: Scope) -> None:
        self.desk_id = desk_id
        self.scope = scope
        self.key = scope.text()
        self.position = Position(0)
        self.ended: str | None = None
        self.joined = False
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._news = Bell()
        self._to_name: set[UUID] = set()
        self._named: deque[UUID] = deque(maxlen=_QUEUE_FRAMES)
        self._put_at = 0.0

    async def next(self) -> bytes | None:
        """Return the next frame, waiting for it; None when the subscription has ended."""
        while not self._frames:
            if self.ended is not None:
                return None
            await self._news.wait(self._news.rings)
        frame = self._frames.popleft()
        self._bytes -= len(frame)
        return frame

    def put(self, frames: list[bytes], position: Position, named: Set[UUID] = frozenset()) -> None:
        """Queue frames, which name the commands ``named``; a desk that has too many already is let go, and
        what it was not sent is dropped. Nothing where the subscription has ended: what was to be named is
        still to be named to whoever follows it."""
        if self.ended is not None:
            return
        self._named.extend(named)
        self._to_name -= named
        self._frames.extend(frames)
        self._bytes += sum(map(len, frames))
        self.position = position
        self._put_at = time.monotonic()
        if len(self._frames) > _QUEUE_FRAMES or self._bytes > _QUEUE_BYTES:
            self._frames.clear()
            self.ended = "slow"
        self._news.ring()

    def pass_by(self, position: Position) -> bool:
        """Go to ``position`` without a frame: nothing concerns the desk. False: it is time for a cursor."""
        if time.monotonic() - self._put_at > _CURSOR_SECONDS:
            return False
        self.position = position
        return True

    def end(self, why: str) -> None:
        """Take nothing more; what is queued is still handed out."""
        self.ended = self.ended or why
        self._news.ring()

    def name(self, commands: Set[UUID]) -> None:
        """Let the next batch name these commands of the desk: they are committed, changed they anything or
        not. Those that a batch has named with their changes need no other one."""
        self._to_name |= commands - set(self._named)

    def to_name(self) -> frozenset[UUID]:
        """Return the commands that are still to be named."""
        return frozenset(self._to_name)
