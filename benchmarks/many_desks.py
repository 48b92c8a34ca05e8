"""How long a command takes from one desk to the others, and what that costs the server.

    python -m benchmarks.many_desks [--desks 200] [--rate 20] [--seconds 20] [--database postgresql|sqlite]

A server process on the database, and in this process desks without windows (the real sync code, each with its
replica and outbox on the disk), joined by HTTP on loopback. Random desks change a conversation each; the
clock runs from that call until each other desk has written the change and tells its views. Afterwards every
replica is held against the database, and the statements per command are counted, also for a tenth of the
desks: the two should not differ.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

from benchmarks.measuring import cpu_seconds, database, load, postgres, show, statements
from benchmarks.office import found, serving, until_findable, until_synced
from benchmarks.world import World
from sqlalchemy import select
from tests.helpers.postgres import PostgresServer

from agentdesk.commands.values import SetTags
from agentdesk.store.engine import Database
from agentdesk.store.tables import conversation
from agentdesk.sync.desk import Changes
from agentdesk.sync.local import REPLICA, LocalDesk

_SETTLE_SECONDS = 30.0
_CONNECT_AT_ONCE = 10


class Watch:
    """Takes the time of each command at each desk but its own."""

    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self._begun: dict[UUID, tuple[float, int]] = {}

    def begin(self, conversation_id: UUID, issuer: int) -> None:
        """A desk is about to change a conversation."""
        self._begun[conversation_id] = (time.perf_counter(), issuer)

    def listener(self, number: int) -> Callable[[Changes], None]:
        """What a desk is to call with each change."""
        seen: set[float] = set()

        def changed(changes: Changes) -> None:
            now = time.perf_counter()
            for row_id in changes.get("conversation", ()):
                at, issuer = self._begun.get(row_id, (0.0, number))
                if issuer != number and at not in seen:
                    seen.add(at)
                    self.milliseconds.append(1000 * (now - at))

        return changed


@contextlib.asynccontextmanager
async def connected(folder: Path, address: str, tokens: list[str]) -> AsyncIterator[list[LocalDesk]]:
    """Desks that are current, with nothing left to do from their first fill."""
    desks = [LocalDesk(folder / f"desk-{n}", address, token) for n, token in enumerate(tokens)]
    try:
        for start in range(0, len(desks), _CONNECT_AT_ONCE):
            for desk in desks[start : start + _CONNECT_AT_ONCE]:
                await desk.start()
            await asyncio.gather(*(until_synced(desk) for desk in desks[start : start + _CONNECT_AT_ONCE]))
        for number in range(len(desks)):
            await until_findable(folder / f"desk-{number}" / REPLICA)
        gc.collect()
        gc.freeze()  # as the desk does when it has started
        yield desks
    finally:
        await asyncio.gather(*(desk.close() for desk in desks))


async def play(desks: list[LocalDesk], world: World, rate: float, seconds: float) -> Watch:
    """Let random desks change conversations at ``rate`` per second; returns when all have all of it."""
    watch, choose = Watch(), random.Random(7)
    leave = [desk.subscribe(watch.listener(number)) for number, desk in enumerate(desks)]
    begun, count = time.perf_counter(), int(rate * seconds)
    for number in range(count):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        issuer, conversation_id = choose.randrange(len(desks)), world.open[number % len(world.open)]
        watch.begin(conversation_id, issuer)
        await desks[issuer].do(SetTags(conversation_id=conversation_id, tags=(f"{len(desks)}-{number}",)))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SETTLE_SECONDS):
            while len(watch.milliseconds) < count * (len(desks) - 1):
                await asyncio.sleep(0.05)
    for forget in leave:
        forget()
    return watch


async def wrong(db: Database, desks: list[LocalDesk], world: World) -> int:
    """How many desks show anything else than the database."""
    async with db.read() as conn:
        rows = await conn.execute(
            select(conversation.c.id, conversation.c.ver).where(conversation.c.status == "open")
        )
        truth = {row.id: row.ver for row in rows}
    count = 0
    for desk in desks:
        shown = [await desk.conversation(row_id) for row_id in world.open]
        count += {row.id: row.ver for row in shown if row is not None} != truth
    return count


async def run(url: str, server: PostgresServer | None, folder: Path, given: argparse.Namespace) -> None:
    """Build, serve, measure with all desks and, for the statements, with a tenth of them."""
    world = World(given.conversations, 2, people=min(given.desks, 50), open_share=0.5)
    tokens = await found(url, world, given.desks)
    db = Database(url)
    with serving(url, folder) as address:
        sizes = [given.desks] if given.desks < 20 else [given.desks // 10, given.desks]
        for size in sizes:
            async with connected(folder, address, tokens[:size]) as desks:
                counted = await statements(server, db.url.database or "") if server else 0
                cpu, begun = cpu_seconds(), time.perf_counter()
                watch = await play(desks, world, given.rate, given.seconds)
                took, cpu = time.perf_counter() - begun, cpu_seconds() - cpu
                count = int(given.rate * given.seconds)
                show(f"{size} desks, {given.rate:g} commands/s", watch.milliseconds)
                missing = count * (size - 1) - len(watch.milliseconds)
                line = f"  not seen {missing}; desks that are wrong {await wrong(db, desks, world)}; "
                if server:
                    counted = await statements(server, db.url.database or "") - counted
                    line += f"{counted / count:.1f} statements per command; "
                print(f"{line}desks' processor time {100 * cpu / took:.0f} %; {load()}", flush=True)
    await db.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--desks", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20.0, help="commands per second, of all desks together")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--conversations", type=int, default=400)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres(counting=True)) if given.database == "postgresql" else None
        url = (
            server.url(server.create_database()) if server else stack.enter_context(database(given.database))
        )
        asyncio.run(run(url, server, Path(name), given))


if __name__ == "__main__":
    main()
