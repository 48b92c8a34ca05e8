"""What connected desks that have nothing to do cost the server in memory and processor time.

    python -m benchmarks.idle_desks [--desks 500] [--seconds 30] [--database postgresql|sqlite]

A server process on the database, and in this process one WebSocket for each desk, which says hello with the
cursor of a desk that is current and answers pings: from the server's side no different from a desk. The
memory is what the server's process holds by itself (USS) above what it held before.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil
from benchmarks.measuring import database, load
from benchmarks.office import found, server_process, serving
from benchmarks.world import World

from agentdesk import __version__
from agentdesk.base.ids import new_id
from agentdesk.sync.protocol import (
    MAX_FRAME_BYTES,
    PRESENCE,
    PROTOCOL,
    Batch,
    Hello,
    Ping,
    Pong,
    Welcome,
    decode_from_server,
    encode,
)

_AT_ONCE = 20


class Idle:
    """One desk's end of a connection."""

    def __init__(self, client: aiohttp.ClientSession, address: str, token: str) -> None:
        self._client = client
        self._address = address
        self._token = token
        self.epoch: str | None = None
        self.cursor: str | None = None
        self.current = asyncio.Event()

    async def run(self) -> None:
        """Connect, say hello, answer pings for ever."""
        url = f"{self._address}/desk/sync"
        async with self._client.ws_connect(url, max_msg_size=MAX_FRAME_BYTES) as socket:
            hello = Hello(
                token=self._token,
                desk_id=new_id(),
                protocol=PROTOCOL,
                program=__version__,
                epoch=self.epoch,
                cursor=self.cursor,
                can=(PRESENCE,),
            )
            await socket.send_bytes(encode(hello))
            async for received in socket:
                frame = decode_from_server(received.data)
                if isinstance(frame, Welcome):
                    self.epoch = frame.epoch
                elif isinstance(frame, Batch) and not frame.more:
                    self.cursor = frame.cursor
                    self.current.set()
                elif isinstance(frame, Ping):
                    await socket.send_bytes(encode(Pong(number=frame.number)))


async def connect(address: str, tokens: list[str], pid: int, seconds: float) -> None:
    """Connect one desk, then all others with its cursor, and print what they cost."""
    server = psutil.Process(pid)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        first = Idle(client, address, tokens[0])
        tasks = [asyncio.create_task(first.run())]
        await first.current.wait()
        before = server.memory_full_info().uss
        others = [Idle(client, address, token) for token in tokens[1:]]
        for start in range(0, len(others), _AT_ONCE):
            some = others[start : start + _AT_ONCE]
            for desk in some:
                desk.epoch, desk.cursor = first.epoch, first.cursor
                tasks.append(asyncio.create_task(desk.run()))
            await asyncio.gather(*(desk.current.wait() for desk in some))
        used, begun = server.cpu_times(), time.perf_counter()
        await asyncio.sleep(seconds)
        after, now = server.memory_full_info().uss, server.cpu_times()
        took = time.perf_counter() - begun
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    each = (after - before) / len(others)
    busy = (now.user + now.system - used.user - used.system) / took
    print(f"{len(others)} idle desks; {load()}")
    print(f"server's memory before                   {before / 1e6:8.1f} MB")
    print(f"server's memory with them                {after / 1e6:8.1f} MB   {each / 1e3:.0f} kB each")
    print(f"server's processor time                  {100 * busy:8.1f} % of one core")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--desks", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    world = World(200, 2, people=min(given.desks, 50))
    with tempfile.TemporaryDirectory() as name, database(given.database) as url:
        tokens = asyncio.run(found(url, world, given.desks + 1))
        with serving(url, Path(name)) as address:
            asyncio.run(connect(address, tokens, server_process(address), given.seconds))


if __name__ == "__main__":
    main()
