"""Connections whose other end takes nothing any more: it is gone and nobody said so, or it never reads.

What was written for it stays in memory until the computer gives up, which is a quarter of an hour where the
network is dead, and never where the other end only keeps its window shut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import web

__all__ = ["Stalled", "drop_stalled_for_ever"]

_LOOK_SECONDS = 20.0
_LOOKS = 3
"""So many times in a row not one byte more was taken."""


class Stalled:
    """Looks at connections now and then."""

    def __init__(self) -> None:
        self._seen: dict[web.RequestHandler, tuple[int, int]] = {}

    def look(self, connections: Iterable[web.RequestHandler]) -> int:
        """Cut those that have stood still for several looks; returns how many."""
        seen, cut = {}, 0
        for connection in connections:
            transport = connection.transport
            waiting = 0 if transport is None else transport.get_write_buffer_size()
            if transport is None or not waiting:
                continue
            before, looks = self._seen.get(connection, (0, 0))
            looks = looks + 1 if waiting == before else 0
            if looks >= _LOOKS:
                transport.abort()
                cut += 1
            else:
                seen[connection] = waiting, looks
        self._seen = seen
        return cut


async def drop_stalled_for_ever(runner: web.AppRunner) -> None:
    """Cut connections of a server that stand still, within a minute and a half."""
    stalled = Stalled()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if runner.server is not None:
            stalled.look(runner.server.connections)
