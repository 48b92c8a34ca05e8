"""A bell: many may wait for it, whoever rings wakes them all, and no ring is missed."""

from __future__ import annotations

import asyncio
import contextlib


class Bell:
    """Counts its rings, so that a waiter who was busy meanwhile does not sleep through one."""

    def __init__(self) -> None:
        self._rings = 0
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def rings(self) -> int:
        """How often it has rung; give it to :meth:`wait` to hear only what comes after."""
        return self._rings

    def ring(self) -> None:
        """Wake everybody who waits. Only from the loop's own thread."""
        self._rings += 1
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def wait(self, heard: int, timeout: float | None = None) -> int:
        """Return as soon as it has rung more than ``heard`` times, or after ``timeout`` seconds; the answer
        is the number of rings by then."""
        if self._rings > heard:
            return self._rings
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            if timeout is None:
                await waiter
            else:
                await _at_most(waiter, timeout)
        finally:
            self._waiters.discard(waiter)
        return self._rings


async def _at_most(waiter: asyncio.Future[None], timeout: float) -> None:
    """Wait, but no longer than ``timeout`` seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await waiter
