"""The desk's side of conversations that it does not keep: asked from the server, kept while they are in use.

They come as whole as all others, in step with the changes, and are kept current like these; a day after they
were last used they leave again with what was closed long ago.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.sync.older import OlderPage, OlderWish
from agentdesk.sync.protocol import OLDER, AskOlder, Frame, Older

__all__ = ["DeskArchive", "Unavailable"]

_PATIENCE_SECONDS = 60.0
_IN_USE = timedelta(days=1)

Send = Callable[[Frame], Awaitable[None]]
Then = Callable[[], Awaitable[None]]
T = TypeVar("T")


class Unavailable(AgentDeskError):
    """What is not on this computer cannot be had from the server, now or at all."""


class DeskArchive:
    """Asks for what a screen wants, one page at a time, over whichever connection there is."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._asking = asyncio.Lock()
        self._send: Send | None = None
        self._can: Collection[str] = ()
        self._waiting: dict[int, tuple[asyncio.Future[Older], Then | None]] = {}
        self._used: dict[UUID, datetime] = {}

    async def ask(self, wish: OlderWish) -> OlderPage:
        """Let the server send what is wanted; it is in the replica on return. Raises Unavailable."""
        async with self._asking:
            return await self._answered(wish)

    def use(self, ids: Collection[UUID]) -> None:
        """Note that somebody looks at these."""
        now = clock.now()
        self._used.update(dict.fromkeys(ids, now))

    def in_use(self) -> set[UUID]:
        """Return what was looked at within the last day."""
        since = clock.now() - _IN_USE
        self._used = {one: at for one, at in self._used.items() if at > since}
        return set(self._used)

    async def drop(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work``, which drops conversations, at a moment after which the server sends whole again what
        changes in them. Raises Unavailable where the connection came or went meanwhile."""
        async with self._asking:
            if not self.connected:
                return await work()
            done: list[T] = []

            async def drop() -> None:
                done.append(await work())

            await self._answered(OlderWish(anew=True), drop)
        return done[0]

    @property
    def connected(self) -> bool:
        """Whether there is a server to ask that knows of these."""
        return self._send is not None and OLDER in self._can

    # --- what the connection does ---

    async def run(self, send: Send, can: Collection[str]) -> None:
        """Ask over this connection until it is over; ``can`` is what its server knows."""
        self._send, self._can = send, can
        try:
            await asyncio.Event().wait()  # the connection ends it
        finally:
            self._send = None
            for future, _ in self._waiting.values():
                if not future.done():
                    future.set_exception(_offline())

    async def take(self, frame: Older) -> None:
        """The rows of an answer have been written, and nothing that came after it."""
        future, then = self._waiting.get(frame.number, (None, None))
        if future is None or future.done():
            return
        try:
            if then is not None:
                await then()
        except AgentDeskError as error:
            if not future.done():
                future.set_exception(error)
        if not future.done():
            future.set_result(frame)

    async def _answered(self, wish: OlderWish, then: Then | None = None) -> OlderPage:
        ask, send = AskOlder(number=next(self._numbers), wish=wish), self._send
        if send is None:
            raise _offline()
        if OLDER not in self._can:
            raise Unavailable(msg("The server has to be updated before it can do this."))
        future: asyncio.Future[Older] = asyncio.get_running_loop().create_future()
        self._waiting[ask.number] = future, then
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await send(ask)
                answer = await future
        except TimeoutError:
            raise Unavailable(msg("The server does not answer."), msg("Try again in a moment.")) from None
        except ConnectionError:
            raise _offline() from None
        finally:
            del self._waiting[ask.number]
        if answer.refused is not None:
            text = answer.refused
            raise Unavailable(Msg(text.text, dict(text.args), text.many, text.count))
        self.use(answer.page.ids)
        return answer.page


def _offline() -> Unavailable:
    return Unavailable(msg("The server cannot be reached."), msg("Try again when you are connected."))
