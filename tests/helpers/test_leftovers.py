from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from tests.helpers import leftovers
from tests.helpers.leftovers import ErrorLog, LoopWatch, leftover_threads, threads_now
from tests.helpers.loop_thread import LoopThread


def watched(error_log: ErrorLog, *lines: str) -> None:
    for line in lines:
        error_log.handle(logging.makeLogRecord({"msg": line, "levelno": logging.ERROR}))


def test_an_unexpected_error_is_a_complaint() -> None:
    log = ErrorLog()
    assert log.complaint([]) is None
    watched(log, "the disk is full")
    assert "the disk is full" in (log.complaint([]) or "")
    assert log.complaint(["disk"]) is None


def test_an_expected_error_that_never_came_is_a_complaint() -> None:
    assert "network" in (ErrorLog().complaint(["network"]) or "")


@pytest.mark.logs_error("cannot reach the .*")
def test_expected_errors_pass() -> None:
    logging.getLogger("agentdesk.test").error("cannot reach the server")


def test_a_running_thread_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_SETTLE_SECONDS", 0.02)
    before, finish = threads_now(), threading.Event()
    thread = threading.Thread(target=finish.wait, name="forgotten")
    thread.start()
    assert leftover_threads(before) == ["forgotten"]
    finish.set()
    thread.join()
    assert leftover_threads(before) == []


def test_servers_of_the_tests_may_stay() -> None:
    before = threads_now()
    server = LoopThread("something")
    assert leftover_threads(before) == []
    server.close()


def watch_a_loop(forget: bool) -> str | None:
    """Return the complaint about a loop on which a callback failed and, perhaps, a task was forgotten."""
    loop = asyncio.new_event_loop()
    watch = LoopWatch(loop)

    def fail() -> None:
        raise ValueError("nobody sees me")

    async def body() -> None:
        if forget:
            loop.forgotten = loop.create_task(asyncio.sleep(60), name="forgotten")  # type: ignore[attr-defined]
        else:
            loop.call_soon(fail)
        await asyncio.sleep(0)

    try:
        loop.run_until_complete(body())
        complaint = loop.run_until_complete(watch.complaint())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        return complaint
    finally:
        loop.close()


def test_a_forgotten_task_is_a_complaint() -> None:
    assert "forgotten" in (watch_a_loop(forget=True) or "")


def test_a_failed_callback_is_a_complaint() -> None:
    assert "nobody sees me" in (watch_a_loop(forget=False) or "")


async def test_a_task_that_ends_soon_is_none() -> None:
    task = asyncio.ensure_future(asyncio.sleep(0.02))
    assert not task.done()
