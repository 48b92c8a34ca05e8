"""Connections that never come to a whole request are not kept."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from agentdesk.server import app as server_app

_DRIBBLERS = 50


async def _send_on(writer: asyncio.StreamWriter) -> None:
    for number in range(100):  # as many as a request may have
        writer.write(b"X-%d: 1\r\n" % number)
        await writer.drain()
        await asyncio.sleep(0.1)


async def _dribble(port: int) -> None:
    """Send headers that do not end, until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n")
    sending = asyncio.create_task(_send_on(writer))
    try:
        assert await reader.read() == b""
    except ConnectionError:
        pass  # closed as well
    finally:
        sending.cancel()
        writer.close()
        await asyncio.gather(sending, writer.wait_closed(), return_exceptions=True)


async def test_headers_that_dribble_in_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_app, "QUIET_SECONDS", 1.0)

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application()
    app.add_routes([web.get("/", answer)])
    runner = server_app.runner_of(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        dribbling = [asyncio.create_task(_dribble(port)) for _ in range(_DRIBBLERS)]
        async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/") as response:
            assert await response.text() == "here"
        async with asyncio.timeout(60):
            await asyncio.gather(*dribbling)
    finally:
        await runner.cleanup()
