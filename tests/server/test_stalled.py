"""Connections whose other end takes nothing are cut; slow ones are not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.helpers.until import until

from agentdesk.server import app as server_app
from agentdesk.server import stalled
from agentdesk.server.stalled import Stalled

_SIZE = 16_000_000


class _Site:
    """A server that answers each request with more than a network holds."""

    def __init__(self, runner: web.AppRunner) -> None:
        self.runner = runner
        self._stalled = Stalled()

    def look(self) -> int:
        assert self.runner.server is not None
        return self._stalled.look(self.runner.server.connections)

    @property
    def waiting(self) -> int:
        assert self.runner.server is not None
        there = (one.transport for one in self.runner.server.connections)
        return sum(one.get_write_buffer_size() for one in there if one is not None)

    @property
    def open(self) -> int:
        assert self.runner.server is not None
        return len(self.runner.server.connections)

    async def ask(self) -> socket.socket:
        """A client that has asked, and has not read anything yet."""
        asking = socket.create_connection(self.runner.addresses[0][:2])
        asking.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(asking, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: self.waiting > 0, what="something that is not taken")
        return asking


@pytest.fixture
async def site() -> AsyncIterator[_Site]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * _SIZE)

    app = web.Application()
    app.add_routes([web.get("/", answer)])
    runner = server_app.runner_of(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield _Site(runner)
    await runner.cleanup()


async def _still(site: _Site) -> None:
    """Wait until the network has taken what it holds."""
    before = -1
    while before != site.waiting:
        before = site.waiting
        await asyncio.sleep(0.05)


async def test_who_takes_nothing_is_cut(site: _Site) -> None:
    with await site.ask():
        await _still(site)
        cut = [site.look() for _ in range(stalled._LOOKS + 1)]
        assert cut == [0] * stalled._LOOKS + [1]
        await until(lambda: site.open == 0, what="the connection is gone, and what waited for it")


class _Slow:
    """A connection of which a little is taken between two looks."""

    def __init__(self, *sizes: int) -> None:
        self._sizes = list(sizes)
        self.transport = self

    def get_write_buffer_size(self) -> int:
        return self._sizes.pop(0)

    def abort(self) -> None:
        raise AssertionError("it was cut")


def test_who_takes_little_or_nothing_for_a_while_is_waited_for() -> None:
    slow: Any = _Slow(9, 8, 8, 8, 7, 7, 7, 6, 0, 6, 6, 6, 9, 9, 9)
    looks = Stalled()
    assert [looks.look([slow]) for _ in range(15)] == [0] * 15


async def test_a_server_looks_by_itself(site: _Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalled, "_LOOK_SECONDS", 0.05)
    looking = asyncio.create_task(stalled.drop_stalled_for_ever(site.runner))
    try:
        with await site.ask():
            await until(lambda: site.open == 0)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
