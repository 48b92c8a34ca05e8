"""Work in a thread of its own: its answer, its failure, and leaving it behind."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.helpers.until import until

from agentdesk.base.threads import in_daemon_thread


async def test_it_returns_what_the_work_returns_and_runs_aside() -> None:
    name, daemon = await in_daemon_thread(
        lambda: (threading.current_thread().name, threading.current_thread().daemon), "aside"
    )
    assert (name, daemon) == ("aside", True)


async def test_it_raises_what_the_work_raises() -> None:
    def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await in_daemon_thread(fail, "aside")


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_leaves_it_behind_quietly(fails: bool) -> None:
    go_on, ended = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(10)
        ended.set()
        if fails:
            raise LookupError("nobody hears of it")

    waiting = asyncio.ensure_future(in_daemon_thread(work, "left behind"))
    await until(lambda: any(one.name == "left behind" for one in threading.enumerate()))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not ended.is_set()
    go_on.set()
    await until(lambda: not any(one.name == "left behind" for one in threading.enumerate()))
    assert ended.is_set()
