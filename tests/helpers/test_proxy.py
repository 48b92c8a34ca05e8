from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.helpers.proxy import Proxy, Trouble

NewProxy = Callable[[int], Proxy]
BROKEN_OFF = (asyncio.IncompleteReadError, ConnectionError)


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def echoed(port: int, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(text)
        writer.write_eof()
        return await reader.read(-1)
    except OSError:  # closed or reset, depending on which side was faster
        return b""
    finally:
        writer.transport.abort()


async def test_it_passes_everything_on(new_proxy: NewProxy) -> None:
    async with echo_server() as port:
        proxy = new_proxy(port)
        proxy.trouble = Trouble(piece=3, delay=0.001)
        assert await echoed(proxy.port, b"good morning") == b"good morning"
        assert proxy.connections == 1


async def test_it_cuts_after_so_many_bytes(new_proxy: NewProxy) -> None:
    async with echo_server() as port:
        proxy = new_proxy(port)
        proxy.trouble = Trouble(cut_after=4)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"good morning")
        with pytest.raises(BROKEN_OFF):
            await reader.readexactly(5)
        writer.transport.abort()
        proxy.heal()
        assert await echoed(proxy.port, b"good morning") == b"good morning"


async def test_it_stalls_without_closing(new_proxy: NewProxy) -> None:
    async with echo_server() as port:
        proxy = new_proxy(port)
        proxy.trouble = Trouble(stall=True)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"anybody?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        proxy.cut()
        with pytest.raises(BROKEN_OFF):
            await reader.readexactly(1)
        writer.transport.abort()


async def test_it_refuses(new_proxy: NewProxy) -> None:
    async with echo_server() as port:
        proxy = new_proxy(port)
        proxy.trouble = Trouble(refuse=True)
        assert await echoed(proxy.port, b"hello") == b""
