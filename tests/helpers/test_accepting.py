"""A server that closes while somebody comes in."""

from __future__ import annotations

import asyncio
import socket

import pytest


@pytest.mark.parametrize("rounds", range(5))
async def test_who_comes_in_while_the_server_closes_is_turned_away(rounds: int) -> None:
    server = await asyncio.start_server(_hang_up, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()) as client:
        for _ in range(rounds):
            await asyncio.sleep(0)
        server.close()
        assert await _answer(client) == b""


async def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _answer(client: socket.socket) -> bytes:
    client.setblocking(False)
    try:
        async with asyncio.timeout(10):
            return await asyncio.get_running_loop().sock_recv(client, 1)
    except ConnectionResetError:
        return b""
