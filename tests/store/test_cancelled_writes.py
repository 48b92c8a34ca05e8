"""A task that is cancelled, or reads on while the database is closed, leaves no lock and no connection."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.helpers.until import until

from agentdesk.store import engine
from agentdesk.store.engine import Database
from agentdesk.store.sqlite import at_once


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A database with one small table."""
    made = Database(database_url)
    async with made.write() as conn:
        await conn.execute(text("CREATE TABLE t (a INTEGER)"))
        await conn.execute(text("INSERT INTO t VALUES (1)"))
    yield made
    await made.close()


async def test_a_statement_with_rows_left_to_fetch_keeps_no_lock(db: Database) -> None:
    cancelled = []
    for n in range(40):
        task = asyncio.create_task(_write_on(db))
        await asyncio.sleep(0.0005 + n * 0.0003)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        cancelled.append(task)  # kept: its traceback holds the cursor
        async with asyncio.timeout(5), db.write() as conn:
            await conn.execute(text("INSERT INTO t VALUES (0)"))
    assert all(task.cancelled() for task in cancelled)


async def _write_on(db: Database) -> None:
    async with db.write() as conn:
        while True:
            (await conn.execute(text("UPDATE t SET a = a + 1 WHERE a > 0 RETURNING a"))).first()


@pytest.fixture
async def file(sqlite_url: str) -> AsyncIterator[Database]:
    """A SQLite file with one small table."""
    made = Database(sqlite_url)
    async with made.write() as conn:
        await conn.execute(text("CREATE TABLE t (a TEXT)"))
        await conn.execute(text("INSERT INTO t VALUES ('one'), ('two'), ('three')"))
    yield made
    await made.close()


def _hang(kept: list[sqlite3.Blob], connection: sqlite3.Connection) -> None:
    """What an interrupted write to the full-text index leaves: a blob that is open, and the interrupt."""
    kept.append(connection.blobopen("t", "a", 1))
    connection.interrupt()


async def _change_the_mind(file: Database, kept: list[sqlite3.Blob]) -> None:
    async with file.write() as conn:
        await conn.execute(text("INSERT INTO t VALUES ('four')"))
        await at_once(conn, partial(_hang, kept))
        raise LookupError


async def test_an_interrupt_that_outlives_its_statement_keeps_no_transaction_open(file: Database) -> None:
    kept: list[sqlite3.Blob] = []
    with pytest.raises(LookupError):
        await _change_the_mind(file, kept)
    async with file.write() as conn:
        await conn.execute(text("INSERT INTO t VALUES ('five')"))
    assert await _count(file) == 4


async def test_steps_that_are_interrupted_for_good_keep_no_transaction_open(file: Database) -> None:
    kept: list[sqlite3.Blob] = []
    with pytest.raises(sqlite3.OperationalError):
        await file.write_at_once([partial(_hang, kept), ("INSERT INTO t VALUES (?)", [("four",)])])
    await file.write_at_once([("INSERT INTO t VALUES (?)", [("five",)])])
    assert await _count(file) == 4


async def _count(db: Database) -> int:
    async with db.read() as conn:
        return int(await conn.scalar(text("SELECT count(*) FROM t")) or 0)


async def _all_closed() -> None:
    """Every connection to SQLite has a thread, which ends right after it was closed."""
    await until(lambda: not any("_connection_worker_thread" in one.name for one in threading.enumerate()), 10)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Nothing is closed by the garbage collector meanwhile."""
    gc.disable()
    yield
    gc.enable()


def _open_files(folder: Path) -> list[str]:
    """Names of the files in ``folder`` that this process has open (on Linux; elsewhere nobody can tell)."""
    here, found = Path("/proc/self/fd"), []
    for link in here.iterdir() if here.exists() else ():
        with contextlib.suppress(OSError):  # closed meanwhile
            found.append(link.readlink())
    return [path.name for path in found if path.parent == folder]


@pytest.mark.usefixtures("no_collector")
async def test_a_connection_cancelled_at_any_step_leaves_no_file_open(
    sqlite_url: str, tmp_path: Path
) -> None:
    for steps in range(20):
        db = Database(sqlite_url)
        tasks = [asyncio.create_task(_count(db)) for _ in range(3)]
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await db.close()
        await _all_closed()
        assert _open_files(tmp_path) == []


async def test_closing_waits_for_those_who_still_read(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    async with db.read() as conn:
        closing = asyncio.create_task(db.close())
        await asyncio.wait((closing,), timeout=0.05)
        assert not closing.done()
        assert await conn.scalar(text("SELECT 1")) == 1
    await closing
    await _all_closed()


@pytest.mark.parametrize("fails", [False, True])
async def test_who_reads_longer_than_closing_waits_closes_the_connection(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    monkeypatch.setattr(engine, "_RETURN_SECONDS", 0.01)
    db = Database(sqlite_url)

    async def read_on() -> None:
        async with db.read() as conn:
            await conn.execute(text("SELECT 1"))
            await db.close()
            if fails:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) if fails else nullcontext():
        await read_on()
    await _all_closed()
