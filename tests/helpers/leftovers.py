"""What a test must not leave behind: tasks, threads, and errors in the log that nobody looked at."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import Iterable
from typing import Any

from tests.helpers.loop_thread import HELPER_THREADS

# Threads that belong to the test tools and outlive a test on purpose.
_ALLOWED_THREADS = (HELPER_THREADS, "pytest_timeout", "Dummy-", "pydevd", "MainThread")
_SETTLE_SECONDS = 2.0


class ErrorLog(logging.Handler):
    """Keeps every log record of level ERROR and above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def complaint(self, expected: Iterable[str]) -> str | None:
        """Return what is wrong: errors that match no expected pattern, or a pattern that matched nothing."""
        lines = [self.format(record) for record in self.records]
        patterns = tuple(expected)
        surprises = [line for line in lines if not any(re.search(pattern, line) for pattern in patterns)]
        if surprises:
            return "errors were logged:\n" + "\n".join(surprises)
        missing = [pattern for pattern in patterns if not any(re.search(pattern, line) for line in lines)]
        return f"no logged error matches {missing}" if missing else None


def threads_now() -> set[threading.Thread]:
    """Return the threads that run at this moment."""
    return set(threading.enumerate())


def leftover_threads(before: set[threading.Thread]) -> list[str]:
    """Return the names of threads that were started since ``before`` and do not end within two seconds."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        left = [
            thread.name for thread in threads_now() - before if not thread.name.startswith(_ALLOWED_THREADS)
        ]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.01)


class LoopWatch:
    """Collects what goes wrong on one event loop outside of any awaited call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._failures: list[str] = []
        loop.set_exception_handler(self._failed)

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._failures.append(
            f"{context.get('message')}: {error!r}" if error else str(context.get("message"))
        )

    async def complaint(self) -> str | None:
        """Return what is wrong after the test: unhandled errors, or tasks that do not end by themselves."""
        for _ in range(20):
            if not self._others():
                break
            await asyncio.sleep(0.01)
        left = [f"the task {task.get_name()} still runs: {task.get_coro()!r}" for task in self._others()]
        wrong = self._failures + left
        return "\n".join(wrong) or None

    def _others(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks(self._loop) - {asyncio.current_task()}
