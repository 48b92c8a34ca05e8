"""How soon a desk that was away for a day is current again, and whether one can work meanwhile.

    python -m benchmarks.day_away [--changes 20000] [--conversations 10000] [--database postgresql|sqlite]

A server process on the database and one desk without a window in this process. The desk is filled and closed;
then half of the changes are new messages and half are conversations that were changed by them. The clock runs
from the moment the desk is connected again until it is current. Meanwhile the open list and a conversation
are read again and again, as a screen does, and the event loop's delay is taken: that is what a window would
feel.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import LoopLag, cpu_seconds, database, load, show
from benchmarks.office import found, serving, until_synced
from benchmarks.world import World, new_message

from agentdesk.queries.rows import View
from agentdesk.store.engine import Database
from agentdesk.store.tables import conversation, message
from agentdesk.store.unit import ServerUnit
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk

_OPEN = View(kind="all", order="newest")
_EVERY_SECONDS = 0.1
_AT_ONCE = 250


async def a_day(db: Database, world: World, changes: int) -> None:
    """Let customers write ``changes`` / 2 messages, each of which changes its conversation too."""
    for start in range(0, changes // 2, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, changes // 2))
        async with db.write() as conn:
            unit = ServerUnit(conn)
            rows = [new_message(world, number % world.count) for number in numbers]
            await unit.insert(message, rows)
            touched = {row["conversation_id"]: {"last_message_id": row["id"], "unread": True} for row in rows}
            await unit.update_many(conversation, touched)
            await unit.flush()


async def come_back(desk: LocalDesk, changes: int) -> None:
    """Connect a desk that was away and print what it took."""
    cpu, reads = cpu_seconds(), []
    begun = time.perf_counter()
    async with LoopLag() as lag:
        await desk.start()
        while desk.status.link is not Link.SYNCED:
            asked = time.perf_counter()
            there = await desk.queue_ids(_OPEN)
            await desk.queue_rows(there[:30])
            await desk.timeline(there[0])
            reads.append(1000 * (time.perf_counter() - asked))
            await asyncio.sleep(_EVERY_SECONDS)
    took = time.perf_counter() - begun
    print(f"{changes:,} changes; {load()}")
    print(f"from opening the files to being current  {took:8.2f} s")
    print(f"the desk's processor time                {cpu_seconds() - cpu:8.2f} s")
    show("list and conversation read meanwhile", reads)
    show("delay of the event loop", lag.waits)


async def run(url: str, folder: Path, world: World, changes: int) -> None:
    """Build, serve, fill, go away, come back."""
    (token,) = await found(url, world, 1)
    with serving(url, folder) as address:
        desk = LocalDesk(folder / "desk", address, token)
        await desk.start()
        await until_synced(desk)
        await desk.close()
        db = Database(url)
        await a_day(db, world, changes)
        await db.close()
        desk = LocalDesk(folder / "desk", address, token)
        try:
            await come_back(desk, changes)
        finally:
            await desk.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    world = World(given.conversations, 2, open_share=0.2)
    with tempfile.TemporaryDirectory() as folder, database(given.database) as url:
        asyncio.run(run(url, Path(folder), world, given.changes))


if __name__ == "__main__":
    main()
