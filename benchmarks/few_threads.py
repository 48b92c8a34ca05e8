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
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any
from unittest import mock

from aiosqlite import core

__all__ = ["sharing_threads"]

_THREADS = 2

Work = Callable[[], Any]
Waiting = asyncio.Future[Any]


class _NoThread:
    """Stands where a connection has its thread."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...]) -> None:
        self.daemon = True

    def start(self) -> None:
        """Nothing: the shared threads run already."""


class _Lane:
    """Stands where a connection has the queue of its thread; several share one."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "files")

    def put_nowait(self, job: tuple[Waiting | None, Work]) -> None:
        """Do the work when all before it is done, and tell whoever waits for it."""
        waiting, work = job
        done = self._thread.submit(work)
        if waiting is not None:
            done.add_done_callback(partial(_tell, waiting))


def sharing_threads() -> mock._patch[Any]:
    """Connections that are made within a ``with`` statement of this share threads."""
    turns = itertools.cycle([_Lane() for _ in range(_THREADS)])
    return mock.patch.multiple(core, Thread=_NoThread, SimpleQueue=lambda: next(turns))


def _tell(waiting: Waiting, done: Future[Any]) -> None:
    error = done.exception()
    if error is None:
        waiting.get_loop().call_soon_threadsafe(core.set_result, waiting, done.result())
    else:
        waiting.get_loop().call_soon_threadsafe(core.set_exception, waiting, error)
