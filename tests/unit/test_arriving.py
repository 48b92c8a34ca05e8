"""A poll and a stream as one way of receiving."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest
from tests.helpers.until import until

from agentdesk.base.text import msg
from agentdesk.sdk.arriving import Polling, receiver_of
from agentdesk.sdk.errors import RateLimited, Unreachable
from agentdesk.sdk.inbound import Cursor, Portion, RawItem
from agentdesk.sdk.testing import MemorySink


class _Polled:
    """A service with numbered items; two to a portion."""

    poll_seconds = 3600.0

    def __init__(self, *items: str) -> None:
        self.items = list(items)
        self.polls = 0
        self.fails: list[Exception] = []

    async def close(self) -> None: ...

    async def poll(self, cursor: Cursor | None) -> Portion:
        self.polls += 1
        if self.fails:
            raise self.fails.pop(0)
        start = int(str(cursor["at"])) if cursor else 0
        found = tuple(RawItem(name, name.encode()) for name in self.items[start : start + 2])
        return Portion(found, {"at": start + len(found)}, more=start + 2 < len(self.items))


class _Streamed(_Polled):
    def __init__(self, *items: str) -> None:
        super().__init__(*items)
        self.news: asyncio.Queue[str | Exception] = asyncio.Queue()
        self.begins = asyncio.Event()

    async def stream(
        self, hand: Callable[[Sequence[RawItem]], Awaitable[None]], begun: Callable[[], None]
    ) -> None:
        await self.begins.wait()
        begun()
        while True:
            one = await self.news.get()
            if isinstance(one, Exception):
                raise one
            await hand([RawItem(one, one.encode())])


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _receiving(account: _Polled, sink: MemorySink) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(Polling(account).receive(sink.cursor, sink))


async def test_polls_go_on_until_nothing_more_waits_and_keep_their_place() -> None:
    account, sink = _Polled("a", "b", "c", "d", "e"), MemorySink()
    task = _receiving(account, sink)
    await until(lambda: sink.times_caught_up > 0, what="catching up")
    assert (list(sink.items), sink.cursor, account.polls) == (["a", "b", "c", "d", "e"], {"at": 5}, 3)
    await _stop(task)


async def test_what_streams_does_not_move_the_cursor_and_its_begin_asks_for_a_poll() -> None:
    account, sink = _Streamed("a"), MemorySink()
    task = _receiving(account, sink)
    await until(lambda: sink.times_caught_up == 1, what="the first poll")
    account.items.append("b")  # while nothing is heard yet
    account.begins.set()
    await until(lambda: sink.times_caught_up == 2, what="the poll after the stream has begun")
    account.news.put_nowait("c")
    await until(lambda: "c" in sink.items, what="the streamed one")
    assert (list(sink.items), sink.cursor) == (["a", "b", "c"], {"at": 2})
    await _stop(task)


async def test_what_a_stream_brings_while_something_is_stored_is_stored_at_once() -> None:
    class Slow(MemorySink):
        def __init__(self) -> None:
            super().__init__()
            self.portions: list[list[str]] = []
            self.free = asyncio.Event()

        async def accept(self, items: Sequence[RawItem], cursor: Cursor | None) -> None:
            if cursor is None:
                self.portions.append([item.source_id for item in items])
                await self.free.wait()
            await super().accept(items, cursor)

    account, sink = _Streamed(), Slow()
    account.begins.set()
    task = _receiving(account, sink)
    account.news.put_nowait("a")
    await until(lambda: sink.portions, what="the first one")
    for name in ("b", "c", "d"):
        account.news.put_nowait(name)
    await until(account.news.empty, what="all of them have been heard")
    sink.free.set()
    await until(lambda: len(sink.items) == 4, what="all of them are stored")
    assert sink.portions == [["a"], ["b", "c", "d"]]
    await _stop(task)


async def test_a_stream_that_ends_ends_all() -> None:
    account, sink = _Streamed(), MemorySink()
    account.begins.set()
    task = _receiving(account, sink)
    account.news.put_nowait(Unreachable(msg("Gone.")))
    with pytest.raises(Unreachable):
        await task


async def test_a_poll_that_has_to_wait_leaves_a_stream_alone() -> None:
    account, sink = _Streamed("a"), MemorySink()
    account.fails = [RateLimited(msg("Wait."), 0.0)]
    account.begins.set()
    task = _receiving(account, sink)
    await until(lambda: "a" in sink.items, what="the second poll")
    await _stop(task)
    lone = _Polled()
    lone.fails = [RateLimited(msg("Wait."), 0.0)]
    with pytest.raises(RateLimited):
        await Polling(lone).receive(None, sink)


def test_each_account_receives_in_its_own_way() -> None:
    class Whole(_Polled):
        async def receive(self, cursor: Cursor | None, sink: object) -> None: ...

    class Mute:
        async def close(self) -> None: ...

    whole = Whole()
    assert receiver_of(whole) is whole
    assert isinstance(receiver_of(_Polled()), Polling)
    assert receiver_of(Mute()) is None
