"""A few threads for the SQLite files of many desks that share a process.

Each connection to a SQLite file has a thread of its own. A real desk is a process of its own and has a few
of them; a hundred desks in one process have hundreds, which no computer of an agent has, and the handing
over of Python's lock between them costs nearly as much as the work itself. Here the connections of a process
are given out to a few threads, each of which does the work of its connections in their order, as before:
nothing else of the desks' code changes.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any
from unittest import mock

from aiosqlite import core

__all__ = ["sharing_threads"]

_THREADS = 2

Job = tuple[asyncio.Future[Any] | None, Callable[[], Any]]


class _NoThread:
    """Stands where a connection has its thread."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...]) -> None:
        self.daemon = True

    def start(self) -> None:
        """Nothing: the shared threads run already."""


def sharing_threads() -> mock._patch[Any]:
    """Connections that are made within a ``with`` statement of this share threads."""
    lanes: list[SimpleQueue[Job]] = [SimpleQueue() for _ in range(_THREADS)]
    for lane in lanes:
        Thread(target=_run, args=(lane,), name="files", daemon=True).start()
    turns = itertools.cycle(lanes)
    return mock.patch.multiple(core, Thread=_NoThread, SimpleQueue=lambda: next(turns))


def _run(jobs: SimpleQueue[Job]) -> None:
    while True:
        future, work = jobs.get()
        tell: Callable[[asyncio.Future[Any], Any], None]
        answer: Any
        try:
            tell, answer = core.set_result, work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            tell, answer = core.set_exception, error
        if future is not None:
            future.get_loop().call_soon_threadsafe(tell, future, answer)
