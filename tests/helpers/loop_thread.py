"""An event loop in a thread of its own, for servers that go on while the test's loop is busy or absent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

HELPER_THREADS = "helper-"


class LoopThread:
    """Runs coroutines from any thread until it is closed."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=HELPER_THREADS + name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 15) -> T:
        """Run a coroutine in the thread and wait for its result; blocks the caller."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def close(self) -> None:
        """Cancel what still runs, cut what is still connected, end the loop and the thread."""
        self.run(self._cancel_all())
        self.run(self._cut_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(15)
        self.loop.close()

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut_all(self) -> None:
        """Also connections in the middle of a TLS handshake, which no server knows of yet."""
        transports: dict[int, asyncio.Transport] = self.loop._transports  # type: ignore[attr-defined]
        for transport in tuple(transports.values()):
            transport.abort()
        await asyncio.sleep(0)  # the loop closes their sockets in its next round
