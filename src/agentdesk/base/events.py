"""A bell: many may wait for it, whoever rings wakes them all, and no ring is missed.

Who need not hear everything waits for its loud rings only.
"""

from __future__ import annotations

import asyncio
import contextlib


class Bell:
    """Counts its rings, so that a waiter who was busy meanwhile does not sleep through one."""

    def __init__(self) -> None:
        self._rings = self._loud = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self._heavy_sleepers: set[asyncio.Future[None]] = set()

    @property
    def rings(self) -> int:
        """How often it has rung; give it to :meth:`wait` to hear only what comes after."""
        return self._rings

    @property
    def loud_rings(self) -> int:
        """How often it has rung loudly; give it to :meth:`wait_for_loud`."""
        return self._loud

    def ring(self, *, quietly: bool = False) -> None:
        """Wake everybody who waits; ``quietly``: but for those who wait for loud rings. Only from the loop's
        own thread."""
        self._rings += 1
        _wake(self._waiters)
        if not quietly:
            self._loud += 1
            _wake(self._heavy_sleepers)

    async def wait(self, heard: int, timeout: float | None = None) -> int:
        """Return as soon as it has rung more than ``heard`` times, or after ``timeout`` seconds; the answer
        is the number of rings by then."""
        if self._rings <= heard:
            await _wait(self._waiters, timeout)
        return self._rings

    async def wait_for_loud(self, heard: int, timeout: float | None = None) -> int:
        """The same for loud rings."""
        if self._loud <= heard:
            await _wait(self._heavy_sleepers, timeout)
        return self._loud


def _wake(waiters: set[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
    waiters.clear()


async def _wait(waiters: set[asyncio.Future[None]], timeout: float | None) -> None:
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiters.add(waiter)
    try:
        if timeout is None:
            await waiter
        else:
            await _at_most(waiter, timeout)
    finally:
        waiters.discard(waiter)


async def _at_most(waiter: asyncio.Future[None], timeout: float) -> None:
    """Wait, but no longer than ``timeout`` seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await waiter
