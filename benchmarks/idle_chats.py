"""What visitors who have a chat open and say nothing cost the server in memory and processor time.

    python -m benchmarks.idle_chats [--chats 5000] [--seconds 30] [--database postgresql|sqlite]

A server process, and in this process one socket for each visitor, which has said hello and answers pings. The
memory is what the server's process holds by itself (USS) above what it held with the first hundred; beside it
the same for a bare aiohttp WebSocket.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil
from benchmarks.chat import bare_server, set_up
from benchmarks.chat_visitors import Seen, visitors
from benchmarks.measuring import database, load
from benchmarks.office import server_process, serving

_FIRST = 100


async def idle(address: str, widget: str, chats: int, seconds: float, pid: int) -> None:
    """Let visitors come, wait, and print what they cost."""
    server, seen = psutil.Process(pid), Seen()
    async with visitors(address, widget, _FIRST, seen):
        before = server.memory_full_info().uss
        async with visitors(address, widget, chats, seen):
            await asyncio.sleep(2)
            used, begun = server.cpu_times(), time.perf_counter()
            await asyncio.sleep(seconds)
            after, now = server.memory_full_info().uss, server.cpu_times()
            busy = (now.user + now.system - used.user - used.system) / (time.perf_counter() - begun)
    print(f"{chats} idle chats; {load()}")
    print(f"server's memory                          {after / 1e6:8.1f} MB   {_each(before, after, chats)}")
    print(f"server's processor time                  {100 * busy:8.1f} % of one core")


async def bare(address: str, chats: int, pid: int) -> None:
    """The same with a server that does nothing."""
    server = psutil.Process(pid)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        sockets = [await client.ws_connect(address) for _ in range(_FIRST)]
        before = server.memory_full_info().uss
        sockets += [await client.ws_connect(address) for _ in range(chats)]
        after = server.memory_full_info().uss
        for socket in sockets:
            await socket.close()
    print(f"bare WebSocket                           {after / 1e6:8.1f} MB   {_each(before, after, chats)}")


def _each(before: int, after: int, chats: int) -> str:
    return f"{(after - before) / chats / 1e3:.1f} kB each"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, database(given.database) as url:
        widget = asyncio.run(set_up(url, Path(name)))
        with serving(url, Path(name), "--trusted-proxy", "127.0.0.1") as address:
            asyncio.run(idle(address, widget, given.chats, given.seconds, server_process(address)))
    with bare_server(multiprocessing.get_context("spawn")) as (address, pid):
        asyncio.run(bare(address, given.chats, pid))


if __name__ == "__main__":
    main()
