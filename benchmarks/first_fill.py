"""How long a new desk takes until it has everything, and until the open conversations can be worked on.

    python -m benchmarks.first_fill [--conversations 20000] [--messages 10] [--database postgresql|sqlite]

A server process on the database and one desk without a window in this process, joined by HTTP on loopback.
While the desk is filled, the open list and the newest conversation are read again and again, as a screen
does, and the event loop's delay is taken: that is what a window would feel.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import LoopLag, cpu_seconds, database, load, show
from benchmarks.office import found, serving
from benchmarks.world import World

from agentdesk.queries.rows import View
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk

_OPEN = View(kind="all", order="newest")
_EVERY_SECONDS = 0.1


async def fill(desk: LocalDesk, world: World) -> None:
    """Fill a desk and print what it took."""
    begun, cpu = time.perf_counter(), cpu_seconds()
    reads: list[float] = []
    first = all_open = 0.0
    async with LoopLag() as lag:
        await desk.start()
        while desk.status.link is not Link.SYNCED:
            asked = time.perf_counter()
            there = await desk.queue_ids(_OPEN)
            if there:
                await desk.queue_rows(there[:30])
                await desk.timeline(there[0])
                first = first or time.perf_counter() - begun
            if len(there) == len(world.open):
                all_open = all_open or time.perf_counter() - begun
            reads.append(1000 * (time.perf_counter() - asked))
            await asyncio.sleep(_EVERY_SECONDS)
    took = time.perf_counter() - begun
    total = world.count * world.messages
    print(
        f"{world.count:,} conversations, {total:,} messages, {len(world.open):,} conversations open; {load()}"
    )
    print(f"first open conversations usable          {first:8.2f} s")
    print(f"all open conversations there             {all_open:8.2f} s")
    print(f"everything there                         {took:8.2f} s   {total / took:,.0f} messages/s")
    print(f"the desk's processor time                {cpu_seconds() - cpu:8.2f} s")
    show("list and conversation read meanwhile", reads)
    show("delay of the event loop", lag.waits)


async def run(url: str, folder: Path, world: World) -> None:
    """Build, serve, fill."""
    (token,) = await found(url, world, 1)
    with serving(url, folder) as address:
        desk = LocalDesk(folder / "desk", address, token)
        try:
            await fill(desk, world)
        finally:
            await desk.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=20_000)
    parser.add_argument("--messages", type=int, default=10, help="per conversation")
    parser.add_argument("--open", type=float, default=0.05, help="share of open conversations")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    world = World(given.conversations, given.messages, open_share=given.open)
    with tempfile.TemporaryDirectory() as folder, database(given.database) as url:
        asyncio.run(run(url, Path(folder), world))


if __name__ == "__main__":
    main()
