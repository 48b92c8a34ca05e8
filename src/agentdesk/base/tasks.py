"""Tasks with a name and an owner. A task started here is kept, and its failure is reported once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from agentdesk.base.log import get_logger

_log = get_logger(__name__)


def report_error(error: BaseException, where: str) -> None:
    """Tell of a bug: ``where`` it showed goes into the log with the whole story."""
    _log.error("unexpected failure", where=where, exc_info=error)


class Tasks:
    """The tasks of one owner. Starting a name again replaces the task that has it."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._all: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run ``work`` in the background; a running task of the same name is cancelled first."""
        self.cancel(name)
        task = asyncio.get_running_loop().create_task(work, name=f"{self._owner}:{name}")
        self._tasks[name] = task
        self._all.add(task)
        task.add_done_callback(self._finished)
        return task

    def cancel(self, name: str) -> None:
        """Ask the task ``name`` to end, if it runs."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        """Ask everything to end, without waiting for it."""
        for task in list(self._all):
            task.cancel()
        self._tasks.clear()

    async def stop(self, name: str) -> None:
        """Cancel the task ``name``, if it runs, and wait until it has ended."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def running(self, name: str) -> bool:
        """Say whether the task ``name`` is under way."""
        task = self._tasks.get(name)
        return task is not None and not task.done()

    async def close(self) -> None:
        """Cancel everything and wait until it has ended."""
        for task in list(self._all):
            task.cancel()
        if self._all:
            await asyncio.gather(*self._all, return_exceptions=True)
        self._tasks.clear()

    async def drain(self) -> None:
        """Wait until everything that runs now has ended by itself."""
        if self._all:
            await asyncio.gather(*self._all, return_exceptions=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._all.discard(task)
        for name, known in list(self._tasks.items()):
            if known is task:
                del self._tasks[name]
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            report_error(error, task.get_name())
