"""Who goes at once, who waits, and who goes together.

Few run at the same time. What is offered meanwhile waits for one of them to end, and then goes together: the
more there is to do, the more commands share one transaction. Where little is to be done, each goes alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.commands.offer import Offer
from agentdesk.commands.values import Answer
from agentdesk.store.errors import DatabaseError

__all__ = ["Waiting"]

_MOST = 32
"""So many commands share a transaction at most."""
_LANES = 2
_PATIENCE_SECONDS = 0.05
"""Whoever takes longer waits for something, and does not keep others waiting any more."""

_log = get_logger(__name__)

_Alone = Callable[[Offer], Awaitable[Answer]]
_Together = Callable[[Sequence[Offer]], Awaitable[dict[UUID, Answer]]]


class _Lane:
    """One of the few that run; given back at the end of a ``with`` statement, or when patience is over."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back = give_back
        self._kept = True
        self._patience = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._leave)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._kept:
            self._kept = False
            self._patience.cancel()
            self._give_back()


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    """``said`` becomes the answer, or the lane in which to go alone, or None: alone, and in no lane."""

    offer: Offer
    said: asyncio.Future[Answer | _Lane | None]


class Waiting:
    """``alone`` carries out one command, ``together`` several; those that it does not answer go alone."""

    def __init__(self, alone: _Alone, together: _Together) -> None:
        self._alone = alone
        self._together = together
        self._waiters: list[_Waiter] = []
        self._running = 0
        self._groups = 0
        self._tasks = Tasks("commands")

    async def answer(self, offer: Offer) -> Answer:
        """Have a command carried out. Raises what ``alone`` raises."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter(offer, loop.create_future())
        self._waiters.append(waiter)
        if self._running < _LANES:
            loop.call_soon(self._start)  # soon: others may come at this very moment
        try:
            said = await waiter.said
        finally:
            if waiter in self._waiters:  # nobody wants to know any more
                self._waiters.remove(waiter)
        if isinstance(said, Answer):
            return said
        if said is None:
            return await self._alone(offer)
        with said:
            return await self._alone(offer)

    def _start(self) -> None:
        if not self._waiters or self._running >= _LANES:
            return
        self._running += 1
        lane, group = _Lane(self._give_back), self._take()
        if len(group) == 1:
            group[0].said.set_result(lane)
        else:
            self._groups += 1
            self._tasks.start(self._run(lane, group), f"group {self._groups}")

    def _give_back(self) -> None:
        self._running -= 1
        asyncio.get_running_loop().call_soon(self._start)

    def _take(self) -> list[_Waiter]:
        """Take those who have waited longest, one for each conversation and each desk."""
        taken: list[_Waiter] = []
        left: list[_Waiter] = []
        met: set[UUID] = set()
        for waiter in self._waiters:
            places = {place for place in (waiter.offer.about, waiter.offer.desk_id) if place is not None}
            if len(taken) < _MOST and not places & met:
                taken.append(waiter)
                met |= places
            else:
                left.append(waiter)
        self._waiters = left
        return taken

    async def _run(self, lane: _Lane, group: Sequence[_Waiter]) -> None:
        answers: dict[UUID, Answer] = {}
        try:
            with lane:
                answers = await self._together([waiter.offer for waiter in group])
        except (DatabaseError, IntegrityError) as error:
            _log.info("commands are carried out one by one", problem=type(error).__name__)
        finally:  # also a fault of ours, which the task reports, must not hit those who only came along
            for waiter in group:
                if not waiter.said.done():
                    waiter.said.set_result(answers.get(waiter.offer.envelope.id))
