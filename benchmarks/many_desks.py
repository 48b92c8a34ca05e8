"""How long a command takes from one desk to the others, and what that costs the server.

    python -m benchmarks.many_desks [--desks 200] [--rate 20] [--seconds 20] [--memory]
                                    [--database postgresql|sqlite]

A server process on the database, and desks without windows (the real sync code, each with its replica and
outbox on the disk) in two processes, joined by HTTP on loopback. Desks that share a process share the
threads that read and write their replicas (:mod:`benchmarks.few_threads`); all else is as in a desk with a
window, which has a process of its own. Random desks change a conversation each; the clock runs from that
call until each other desk has written the change and tells its views. Afterwards every replica is held
against the database, and the statements per command are counted, also for a tenth of the desks: the two
should not differ.

Two hundred desks have two hundred disks; here they have one, which their check-points keep busy. With
``--memory`` their files lie in memory; the database stays on the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import contextlib
import gc
import multiprocessing
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

from benchmarks.few_threads import sharing_threads
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

_PROCESSES = 2
_QUIET_SECONDS = 3.0
_SETTLE_SECONDS = 60.0
_CONNECT_AT_ONCE = 10


@dataclass(frozen=True)
class Part:
    """What one process has to do: its desks by number, their tokens, and the conversations they change."""

    url: str
    address: str
    folder: Path
    tokens: dict[int, str]
    conversations: list[UUID]
    rate: float
    seconds: float


@dataclass
class Log:
    """When desks began commands, and when they saw changes; moments of the monotonic clock, which all
    processes share."""

    begun: list[tuple[UUID, float, int]] = field(default_factory=list)
    seen: list[tuple[UUID, float, int]] = field(default_factory=list)
    wrong: int = 0
    cpu: float = 0.0

    def listener(self, number: int) -> Callable[[Changes], None]:
        """What a desk is to call with each change."""

        def changed(changes: Changes) -> None:
            now = time.monotonic()
            self.seen += [(row_id, now, number) for row_id in changes.get("conversation", ())]

        return changed


@contextlib.asynccontextmanager
async def connected(part: Part) -> AsyncIterator[dict[int, LocalDesk]]:
    """Desks that are current, with nothing left to do from their first fill."""
    desks = {n: LocalDesk(part.folder / f"desk-{n}", part.address, token) for n, token in part.tokens.items()}
    numbers = list(desks)
    try:
        for start in range(0, len(desks), _CONNECT_AT_ONCE):
            some = [desks[number] for number in numbers[start : start + _CONNECT_AT_ONCE]]
            for desk in some:
                await desk.start()
            await asyncio.gather(*(until_synced(desk) for desk in some))
        for number in numbers:
            await until_findable(part.folder / f"desk-{number}" / REPLICA)
        gc.collect()
        gc.freeze()  # as the desk does when it has started
        yield desks
    finally:
        await asyncio.gather(*(desk.close() for desk in desks.values()))


async def play(desks: dict[int, LocalDesk], part: Part, log: Log) -> None:
    """Let random desks change conversations; returns when nothing comes any more."""
    choose, numbers = random.Random(min(desks)), list(desks)
    leave = [desk.subscribe(log.listener(number)) for number, desk in desks.items()]
    begun, cpu = time.monotonic(), cpu_seconds()
    for number in range(int(part.rate * part.seconds)):
        await asyncio.sleep(max(0.0, begun + number / part.rate - time.monotonic()))
        issuer = choose.choice(numbers)
        conversation_id = part.conversations[number % len(part.conversations)]
        log.begun.append((conversation_id, time.monotonic(), issuer))
        tag = f"{len(desks)}-{issuer}-{number}"
        await desks[issuer].do(SetTags(conversation_id=conversation_id, tags=(tag,)))
    log.cpu = (cpu_seconds() - cpu) / (time.monotonic() - begun)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SETTLE_SECONDS):
            while not log.seen or time.monotonic() - log.seen[-1][1] < _QUIET_SECONDS:
                await asyncio.sleep(0.1)
    for forget in leave:
        forget()


async def wrong(url: str, desks: dict[int, LocalDesk]) -> int:
    """How many desks show anything else than the database."""
    db = Database(url)
    async with db.read() as conn:
        rows = await conn.execute(
            select(conversation.c.id, conversation.c.ver).where(conversation.c.status == "open")
        )
        truth = {row.id: row.ver for row in rows}
    await db.close()
    count = 0
    for desk in desks.values():
        shown = [await desk.conversation(row_id) for row_id in truth]
        count += {row.id: row.ver for row in shown if row is not None} != truth
    return count


def work(part: Part, parent: Connection) -> None:
    """A process of desks: it says when they are ready, plays when it is told, and answers with its log."""

    async def main() -> Log:
        log = Log()
        async with connected(part) as desks:
            parent.send("ready")
            await asyncio.to_thread(parent.recv)
            await play(desks, part, log)
            log.wrong = await wrong(part.url, desks)
        return log

    with sharing_threads() if len(part.tokens) > 1 else contextlib.nullcontext():
        parent.send(asyncio.run(main()))


def latencies(logs: list[Log]) -> list[float]:
    """Milliseconds from each command to each desk that saw it, but its own."""
    begun: defaultdict[UUID, list[tuple[float, int]]] = defaultdict(list)
    for conversation_id, at, issuer in sorted((one for log in logs for one in log.begun), key=lambda b: b[1]):
        begun[conversation_id].append((at, issuer))
    first: dict[tuple[UUID, float, int], float] = {}
    for conversation_id, now, number in sorted((one for log in logs for one in log.seen), key=lambda s: s[1]):
        index = bisect.bisect_right(begun[conversation_id], now, key=lambda b: b[0]) - 1
        if index >= 0 and begun[conversation_id][index][1] != number:
            at = begun[conversation_id][index][0]
            first.setdefault((conversation_id, at, number), 1000 * (now - at))
    return list(first.values())


def parts_of(size: int, given: argparse.Namespace, world: World, start: Part) -> list[Part]:
    """Share ``size`` desks, the commands and the conversations out to the processes."""
    parts = []
    for index in range(_PROCESSES):
        mine = {number: start.tokens[number] for number in range(index, size, _PROCESSES)}
        rate = given.rate / _PROCESSES
        some = world.open[index::_PROCESSES]
        parts.append(Part(start.url, start.address, start.folder, mine, some, rate, given.seconds))
    return parts


def measure(parts: list[Part], count_statements: Callable[[], int]) -> None:
    """Let the processes play, and print."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in parts]
    workers = [
        context.Process(target=work, args=(part, far)) for part, (_, far) in zip(parts, pipes, strict=True)
    ]
    for worker in workers:
        worker.start()
    for near, _ in pipes:
        near.recv()
    counted = count_statements()
    for near, _ in pipes:
        near.send("go")
    logs: list[Log] = [near.recv() for near, _ in pipes]
    counted = count_statements() - counted
    for worker in workers:
        worker.join()
    size, commands = sum(len(part.tokens) for part in parts), sum(len(log.begun) for log in logs)
    taken = latencies(logs)
    show(f"{size} desks, {commands} commands", taken)
    cost = f"{counted / commands:.1f} statements per command; " if counted else ""
    missing, mistaken = commands * (size - 1) - len(taken), sum(log.wrong for log in logs)
    print(
        f"  not seen {missing}; desks that are wrong {mistaken}; "
        f"{cost}desks' processor time {100 * sum(log.cpu for log in logs):.0f} % of a core; {load()}",
        flush=True,
    )


def run(url: str, server: PostgresServer | None, folder: Path, given: argparse.Namespace) -> None:
    """Build, serve, measure with all desks and, for the statements, with a tenth of them."""
    world = World(given.conversations, 2, people=min(given.desks, 50), open_share=0.5)
    tokens = dict(enumerate(asyncio.run(found(url, world, given.desks))))

    def count_statements() -> int:
        return asyncio.run(statements(server, Database(url).url.database or "")) if server else 0

    with serving(url, folder) as address:
        start = Part(url, address, folder, tokens, world.open, given.rate, given.seconds)
        for size in [given.desks] if given.desks < 20 else [given.desks // 10, given.desks]:
            measure(parts_of(size, given, world, start), count_statements)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--desks", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20.0, help="commands per second, of all desks together")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--conversations", type=int, default=400)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--memory", action="store_true", help="the desks' files in memory (Linux)")
    given = parser.parse_args()
    where = "/dev/shm" if given.memory else None
    with tempfile.TemporaryDirectory(dir=where) as name, contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres(counting=True)) if given.database == "postgresql" else None
        url = (
            server.url(server.create_database()) if server else stack.enter_context(database(given.database))
        )
        run(url, server, Path(name), given)


if __name__ == "__main__":
    main()
