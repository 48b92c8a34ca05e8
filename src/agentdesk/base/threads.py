"""Work in a thread that nobody has to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

__all__ = ["in_daemon_thread"]

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T], name: str) -> T:
    """Run ``work`` in a thread called ``name`` and return what it returns, or raise what it raises.

    Unlike asyncio's own threads it keeps nobody from ending the program: who is cancelled leaves it behind.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            answer.set_exception(error)
        else:
            answer.set_result(result)

    answer.set_running_or_notify_cancel()  # who is cancelled must not cancel what the thread will answer
    Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wrap_future(answer)
