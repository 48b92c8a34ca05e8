"""Waiting for something to become true: polled, bounded, and with a message that says what never came.

Async tests on the Qt loop must not use ``qtbot.waitSignal`` or ``qtbot.waitUntil``: both run a nested event
loop, in which tasks of the outer loop are lost.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

What = str | Callable[[], str] | None
"""What is waited for, in words; or what says at the end what is missing."""

POLL_SECONDS = 0.01


@overload
async def until(
    predicate: Callable[[], Awaitable[T | None]], timeout: float = ..., *, what: What = ...
) -> T: ...


@overload
async def until(predicate: Callable[[], T | None], timeout: float = ..., *, what: What = ...) -> T: ...


async def until(predicate: Callable[[], Any], timeout: float = 30.0, *, what: What = None) -> Any:
    """Call ``predicate`` until it answers something true, and return that.

    The predicate may be a plain or a coroutine function. Raises ``AssertionError`` after ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = predicate()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(_never(predicate, value, timeout, what))
        await asyncio.sleep(POLL_SECONDS)


def until_sync(predicate: Callable[[], T | None], timeout: float = 30.0, *, what: What = None) -> T:
    """Like `until`, for code without an event loop. Blocks the thread."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(_never(predicate, value, timeout, what))
        time.sleep(POLL_SECONDS)


async def next_signal(signal: Any, timeout: float = 30.0) -> tuple[Any, ...]:
    """Wait for the next emission of a Qt ``signal`` and return its arguments.

    Call it before the action that emits: ``waiting = asyncio.ensure_future(next_signal(view.opened))``.
    """
    future: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()

    def arrived(*arguments: Any) -> None:
        if not future.done():
            future.set_result(arguments)

    signal.connect(arrived)
    try:
        async with asyncio.timeout(timeout):
            return await future
    except TimeoutError:
        raise AssertionError(f"the signal {signal} was not emitted within {timeout} s") from None
    finally:
        signal.disconnect(arrived)


def _never(predicate: Callable[[], Any], last: Any, timeout: float, what: What) -> str:
    name = (what() if callable(what) else what) or getattr(predicate, "__qualname__", repr(predicate))
    return f"{name} did not become true within {timeout} s; its last answer was {last!r}"
