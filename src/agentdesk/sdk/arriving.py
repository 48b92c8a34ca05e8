"""From polls, and a stream beside them, to one way of receiving: the stream is for speed, the polls are for
completeness, and only they move the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agentdesk.base.backoff import scattered
from agentdesk.sdk.context import Sink
from agentdesk.sdk.errors import RateLimited
from agentdesk.sdk.inbound import Cursor, RawItem
from agentdesk.sdk.protocols import Account, Polls, Receives, Streams

__all__ = ["Polling", "receiver_of"]

_MOST_HEARD = 500
"""How many items of a stream may wait to be stored before the stream itself has to."""


def receiver_of(account: Account) -> Receives | None:
    """Return how an account receives, whichever way that is; None where it is not by asking."""
    if isinstance(account, Receives):
        return account
    return Polling(account) if isinstance(account, Polls) else None


class Polling:
    """Makes :class:`agentdesk.sdk.protocols.Receives` of an account that polls and may have a stream.

    A poll follows the moment from which on the stream is heard, so what happened while nothing was
    connected comes in without being asked for twice.
    """

    def __init__(self, account: Polls) -> None:
        self._account = account
        self._due = asyncio.Event()

    async def receive(self, cursor: Cursor | None, sink: Sink) -> None:
        """See the protocol."""
        if not isinstance(self._account, Streams):
            await self._poll(cursor, sink)
            return

        heard: asyncio.Queue[RawItem] = asyncio.Queue(_MOST_HEARD)

        async def hand(items: Sequence[RawItem]) -> None:
            for item in items:
                await heard.put(item)

        parts = (
            asyncio.ensure_future(self._account.stream(hand, self._due.set)),
            asyncio.ensure_future(_store(heard, sink)),
            asyncio.ensure_future(self._poll(cursor, sink, streaming=True)),
        )
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in parts:
                one.cancel()
            results = await asyncio.gather(*parts, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _poll(self, cursor: Cursor | None, sink: Sink, *, streaming: bool = False) -> None:
        while True:
            self._due.clear()
            try:
                portion = await self._account.poll(cursor)
            except RateLimited as limited:
                if not streaming:
                    raise
                await asyncio.sleep(limited.retry_after)  # the stream goes on meanwhile
                continue
            await sink.connected()
            if portion.items or portion.cursor != cursor:
                await sink.accept(portion.items, portion.cursor)
            cursor = portion.cursor
            if not portion.more:
                await sink.caught_up()
                await self._rest()

    async def _rest(self) -> None:
        pause = self._account.poll_seconds
        try:
            async with asyncio.timeout(scattered(0.9 * pause, 1.1 * pause)):
                await self._due.wait()
        except TimeoutError:
            pass


async def _store(heard: asyncio.Queue[RawItem], sink: Sink) -> None:
    """Hand on what a stream brings, all that waits at once: in a flood, one by one would take too long."""
    while True:
        items = [await heard.get()]
        while not heard.empty():
            items.append(heard.get_nowait())
        await sink.accept(items, None)
