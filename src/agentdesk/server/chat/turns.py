"""Which place visitors have among those who wait for somebody, and how long that takes: computed once for an
inbox, however many wait there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, select

from agentdesk.base import clock
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.chat_waits import MEASURED, expected, minutes_left
from agentdesk.domain.conversation import Priority, Status
from agentdesk.server.chat.place import Place
from agentdesk.store.engine import Database
from agentdesk.store.tables import conversation

__all__ = ["TURN_SECONDS", "Turn", "Turns"]

TURN_SECONDS = 5.0
"""For how long what was computed for an inbox holds."""
_MOST_WAITING = 500
_STEPS = 20
"""A place is told anew where it has changed by more than this part of it."""
_MOST_MEASURED = 200
_URGENCY = case(
    {one.value: rank for rank, one in enumerate(Priority)}, value=conversation.c.priority, else_=0
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A visitor's ``place`` among those who wait (1: the next), and in about how many ``minutes`` it is
    their turn; None where nothing can be claimed."""

    place: int
    minutes: int | None

    def is_about(self, told: Turn | None) -> bool:
        """Whether it is hardly another one than was ``told``: who is far behind is not told of each step."""
        if told is None or told.minutes != self.minutes:
            return False
        return abs(told.place - self.place) * _STEPS <= self.place


@dataclass(slots=True)
class _Board:
    """What is known of one inbox, since when (in the loop's time)."""

    since: float = float("-inf")
    turns: Mapping[UUID, Turn] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Turns:
    """The turns of all inboxes, as far as anybody asked."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._boards: dict[UUID, _Board] = defaultdict(_Board)

    async def of(self, place: Place) -> Turn | None:
        """Return the turn of a conversation; None where it waits for nobody. Raises DatabaseError."""
        return (await self._known(place.inbox_id)).get(place.conversation_id)

    async def waiting(self, inbox_id: UUID) -> int:
        """Return how many wait in an inbox. Raises DatabaseError."""
        return len(await self._known(inbox_id))

    async def _known(self, inbox_id: UUID) -> Mapping[UUID, Turn]:
        board = self._boards[inbox_id]
        async with board.lock:  # others who ask meanwhile share the answer
            now = asyncio.get_running_loop().time()
            if now - board.since >= TURN_SECONDS:
                board.turns = await self.compute(inbox_id, clock.now())
                board.since = now
        return board.turns

    async def compute(self, inbox_id: UUID, now: datetime) -> Mapping[UUID, Turn]:
        """Return the turns of all who wait in an inbox at ``now``, in the order in which they are routed."""
        c = conversation.c
        here = c.inbox_id == inbox_id, c.channel == CHANNEL
        waits = c.status == Status.OPEN, c.assignee_id.is_(None), c.waiting_since.is_not(None)
        queue = (
            select(c.id, c.waiting_since)
            .where(*here, *waits)
            .order_by(_URGENCY.desc(), c.waiting_since, c.id)
            .limit(_MOST_WAITING)
        )
        lately = now - MEASURED
        measured = (
            select(c.created_at, c.first_reply_at)
            .where(*here, c.updated_at >= lately, c.first_reply_at >= lately)
            .order_by(c.first_reply_at.desc())
            .limit(_MOST_MEASURED)
        )
        async with self._db.read() as conn:
            waiting = (await conn.execute(queue)).all()
            if not waiting:
                return {}
            answered = (await conn.execute(measured)).all()
        whole = expected(
            [row.first_reply_at - row.created_at for row in answered],
            [now - row.waiting_since for row in waiting],
        )
        return {
            row.id: Turn(place, minutes_left(whole, now - row.waiting_since))
            for place, row in enumerate(waiting, 1)
        }
