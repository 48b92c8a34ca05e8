"""What the measurements share: processor time, cores, databases to measure on, one way to print figures."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import asyncpg
from sqlalchemy import func, select
from tests.helpers.postgres import PostgresServer, find_binaries

from agentdesk.store.engine import Database
from agentdesk.store.tables import attachment, conversation, message, raw_item, search_entry

_LOOK_SECONDS = 0.25
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def cpu_seconds() -> float:
    """Processor time of this process and of workers that have ended; a PostgreSQL server's is not in it."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def load() -> str:
    """The load of the machine in the last minute, in words."""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """What is started meanwhile stays on one core; without two of them nothing is done."""
    if len(CORES) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def need_postgres() -> Path:
    """Return the folder of PostgreSQL's programs; ends the program where there are none."""
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("PostgreSQL is not installed (Debian's package postgresql).")
    return binaries


@contextmanager
def postgres(*, counting: bool = False) -> Iterator[PostgresServer]:
    """A PostgreSQL server with the settings it comes with (durable commits), gone afterwards. ``counting``:
    it counts statements (see :func:`statements`)."""
    server = PostgresServer(need_postgres(), durable=True)
    try:
        if counting:
            server.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
            server.stop()
            server.start()
        yield server
    finally:
        server.close()


async def statements(server: PostgresServer, name: str) -> int:
    """How many statements a database of a counting server has carried out."""
    connection = await asyncpg.connect(server.url(name))
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        count = await connection.fetchval(
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid"
            " WHERE datname = current_database()"
        )
        return int(count)
    finally:
        await connection.close()


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty database, ``sqlite`` or ``postgresql``, which is gone afterwards."""
    if kind == "postgresql":
        with postgres() as server:
            yield server.url(server.create_database())
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/agentdesk.db"


async def until_recorded(db: Database, count: int) -> None:
    """Wait until as many incoming items have come to an end; asked only now and then, to take no time from
    them."""
    while True:
        async with db.read() as conn:
            ended = await conn.scalar(select(func.count()).where(raw_item.c.state != "new"))
        if (ended or 0) >= count:
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def show_recorded(db: Database) -> None:
    """Print what incoming items have become."""
    async with db.read() as conn:
        kinds = (message, conversation, attachment, search_entry)
        counts = [await conn.scalar(select(func.count()).select_from(table)) for table in kinds]
        ends = await conn.execute(select(raw_item.c.state, func.count()).group_by(raw_item.c.state))
        named = ", ".join(f"{number:,} {table.name}" for table, number in zip(kinds, counts, strict=True))
        print(f"  {named}; items: {dict(map(tuple, ends))}")


def p99(values: Sequence[float]) -> float:
    """The value that one in a hundred exceeds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def show(title: str, values: Sequence[float], unit: str = "ms") -> None:
    """Print median, 99th percentile and worst of ``values``."""
    if not values:
        print(f"{title:40} nothing arrived", flush=True)
        return
    print(
        f"{title:40} median {statistics.median(values):8.1f} {unit}   p99 {p99(values):8.1f} {unit}"
        f"   worst {max(values):8.1f} {unit}   n {len(values)}",
        flush=True,
    )


class LoopLag:
    """How long the event loop keeps somebody waiting who wants to do a little: what a window would feel.

    Usable in an ``async with`` statement; ``waits`` are milliseconds.
    """

    def __init__(self, every: float = 0.01) -> None:
        self._every = every
        self.waits: list[float] = []

    async def __aenter__(self) -> LoopLag:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(self._every)
            self.waits.append(1000 * (time.perf_counter() - begun - self._every))
