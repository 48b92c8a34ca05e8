"""The database's door: transactions, turns of writers, and what is said when something is wrong."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.helpers.postgres import PostgresServer

from agentdesk.base.clock import now
from agentdesk.base.errors import Invalid
from agentdesk.base.ids import new_id
from agentdesk.store import engine, migrations, sqlite
from agentdesk.store.base import metadata
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseBusy, DatabaseFull, DatabaseGone, DatabaseTooOld
from agentdesk.store.sqlite import all_at_once
from agentdesk.store.sqlite_file import open_file
from agentdesk.store.tables import contact, counter


async def _with_counter(url: str) -> Database:
    db = Database(url)
    async with db.write() as conn:
        await conn.run_sync(metadata.create_all, tables=[counter])
        await conn.execute(insert(counter).values(name="n", value=0))
    return db


async def _value(db: Database) -> int:
    async with db.read() as conn:
        return (await conn.execute(select(counter.c.value))).scalar_one()


async def test_a_transaction_is_kept_or_not_at_all(database_url: str) -> None:
    db = await _with_counter(database_url)

    async def fail() -> None:
        async with db.write() as conn:
            await conn.execute(update(counter).values(value=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await _value(db) == 0
    async with db.write() as conn:
        await conn.execute(update(counter).values(value=2))
    assert await _value(db) == 2
    await db.close()


async def test_what_is_written_at_once_is_kept_or_not_at_all(sqlite_url: str) -> None:
    db = await _with_counter(sqlite_url)
    insert_one = "INSERT INTO counter (name, value) VALUES (?, ?)"
    await db.write_at_once([(insert_one, [("a", 1), ("b", 2)]), ("UPDATE counter SET value = ?", [(3,)])])
    with pytest.raises(sqlite3.IntegrityError):
        await db.write_at_once([("UPDATE counter SET value = ?", [(4,)]), (insert_one, [("a", 5)])])
    async with db.write() as conn:  # the file is free
        found = await conn.execute(select(counter.c.name, counter.c.value).order_by(counter.c.name))
        assert [tuple(row) for row in found] == [("a", 3), ("b", 3), ("n", 3)]
    await db.close()


_ADD_ONE = [("UPDATE counter SET value = value + 1", [()])]


async def test_what_is_written_at_once_takes_its_turn(sqlite_url: str) -> None:
    db = await _with_counter(sqlite_url)
    await db.write_at_once(_ADD_ONE)
    async with db.write() as conn:
        waiting = asyncio.create_task(db.write_at_once(_ADD_ONE))
        await asyncio.sleep(0)
        await conn.execute(update(counter).values(value=10))
    await waiting
    assert await _value(db) == 11
    await db.close()
    await db.write_at_once(_ADD_ONE)  # opened anew
    assert await _value(db) == 12
    await db.close()


async def test_a_coroutine_is_carried_out_in_the_thread_of_its_connection(sqlite_url: str) -> None:
    db = await _with_counter(sqlite_url)
    threads: list[int] = []
    async with db.write() as conn:

        async def work() -> int | None:
            await conn.execute(update(counter).values(value=5))
            threads.append(threading.get_ident())
            return await conn.scalar(select(counter.c.value))

        assert await all_at_once(conn, work) == 5
        await conn.execute(update(counter).values(value=counter.c.value + 1))
    assert threads != [threading.get_ident()]
    assert await _value(db) == 6
    await db.close()


async def test_a_coroutine_that_fails_or_waits_for_something_else_takes_its_transaction_with_it(
    sqlite_url: str,
) -> None:
    db = await _with_counter(sqlite_url)
    before = await _value(db)

    async def work(conn: AsyncConnection, then: Callable[[], Awaitable[object]]) -> None:
        await conn.execute(update(counter).values(value=5))
        await then()

    again = insert(counter).values(name="n", value=1)
    with pytest.raises(IntegrityError):
        async with db.write() as conn:
            await all_at_once(conn, lambda: work(conn, lambda: conn.execute(again)))
    with pytest.raises(RuntimeError, match="something else"):
        async with db.write() as conn:
            await all_at_once(conn, lambda: work(conn, lambda: asyncio.sleep(0)))
    assert await _value(db) == before
    await db.write_at_once(_ADD_ONE)
    assert await _value(db) == before + 1
    await db.close()


async def test_it_finds_another_connection_where_the_one_it_had_was_given_up(sqlite_url: str) -> None:
    db = await _with_counter(sqlite_url)
    await db.write_at_once(_ADD_ONE)
    before = db._writer
    with pytest.raises(PendingRollbackError):
        async with db.write() as conn:
            await conn.invalidate()  # as SQLAlchemy does where a task is cancelled in a statement
    await db.write_at_once(_ADD_ONE)
    assert db._writer is not before
    assert await _value(db) == 2
    await db.close()


async def test_who_waits_too_long_for_a_turn_is_told_that_it_is_busy(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_POOL_WAIT_SECONDS", 0.01)
    db = await _with_counter(sqlite_url)
    async with db.write():
        for waiting in (db.write_at_once(_ADD_ONE), db.scrub()):
            with pytest.raises(DatabaseBusy):
                await waiting
    await db.write_at_once(_ADD_ONE)
    assert await _value(db) == 1
    await db.close()


async def test_no_update_is_lost_between_writers(database_url: str) -> None:
    db = await _with_counter(database_url)
    other = Database(database_url)  # as another process would

    async def raise_it(database: Database) -> None:
        for _ in range(20):
            async with database.write() as conn:
                seen = (await conn.execute(select(counter.c.value).with_for_update())).scalar_one()
                await asyncio.sleep(0)
                await conn.execute(update(counter).values(value=seen + 1))

    await asyncio.gather(*(raise_it(db if turn % 2 else other) for turn in range(8)))
    assert await _value(db) == 160
    await other.close()
    await db.close()


async def test_readers_keep_no_more_pages_than_they_are_told(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'desk.db'}", reader_cache_mb=4)
    try:
        async with db.write() as conn:
            assert await conn.scalar(text("PRAGMA cache_size")) == -8000
        async with db.read() as conn:
            assert await conn.scalar(text("PRAGMA cache_size")) == -4000
    finally:
        await db.close()


async def test_a_snapshot_sees_one_moment(database_url: str) -> None:
    db = await _with_counter(database_url)
    async with db.read(snapshot=True) as conn:
        before = (await conn.execute(select(counter.c.value))).scalar_one()
        async with db.write() as writer:
            await writer.execute(update(counter).values(value=7))
        assert (await conn.execute(select(counter.c.value))).scalar_one() == before == 0
    assert await _value(db) == 7
    await db.close()


async def test_a_snapshot_cannot_write(database_url: str) -> None:
    db = await _with_counter(database_url)
    with pytest.raises((DBAPIError, DatabaseGone)):
        async with db.read(snapshot=True) as conn:
            await conn.execute(update(counter).values(value=9))
    assert await _value(db) == 0
    await db.close()


async def test_a_cancelled_writer_leaves_nothing_and_blocks_nobody(database_url: str) -> None:
    db = await _with_counter(database_url)
    started = asyncio.Event()

    async def never_ends() -> None:
        async with db.write() as conn:
            await conn.execute(update(counter).values(value=99))
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with db.write() as conn:
        await conn.execute(update(counter).values(value=counter.c.value + 1))
    assert await _value(db) == 1
    await db.close()


_ENDLESS = """
    WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000)
    SELECT count(*) FROM n
"""


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_cancelling_ends_a_long_statement_and_frees_the_file(database_url: str, kind: str) -> None:
    db = await _with_counter(database_url)
    other = Database(database_url)

    async def long(started: asyncio.Event) -> None:
        async with db.write() if kind == "write" else db.read() as conn:
            if kind == "write":
                await conn.execute(update(counter).values(value=99))
            started.set()
            await conn.execute(text(_ENDLESS))

    for times in (1, 2):
        started = asyncio.Event()
        task = asyncio.create_task(long(started))
        await started.wait()
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        async with other.write() as conn:
            await conn.execute(update(counter).values(value=counter.c.value + 1))
    assert await _value(db) == 2
    await other.close()
    await db.close()


async def test_cancelling_ends_a_statement_that_its_thread_begins_later(sqlite_url: str) -> None:
    db = await _with_counter(sqlite_url)
    async with db.read() as conn:
        driver = (await conn.get_raw_connection()).driver_connection
        assert isinstance(driver, sqlite.SteadyConnection)
        driver._tx.put_nowait((None, partial(time.sleep, 0.1)))
        task = asyncio.create_task(driver.execute(_ENDLESS))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await conn.execute(select(counter.c.value))).scalar_one() == 0
    await db.close()


async def test_closing_ends_where_the_thread_is_stopped_meanwhile(sqlite_url: str) -> None:
    db = await _with_counter(sqlite_url)
    async with db.read() as conn:
        driver = (await conn.get_raw_connection()).driver_connection
        assert isinstance(driver, sqlite.SteadyConnection)
        closing = asyncio.create_task(driver.close())
        await asyncio.sleep(0)
        driver._tx.put_nowait((None, partial(time.sleep, 0.1)))  # so that it still waits for the thread
        driver.stop()  # as SQLAlchemy does where its own waiting is cancelled
        await closing
        await driver.close()
        await conn.invalidate()
    assert await _value(db) == 0
    await db.close()


async def test_broken_rules_reach_the_caller_as_they_are(database_url: str) -> None:
    db = await _with_counter(database_url)
    with pytest.raises(IntegrityError):
        async with db.write() as conn:
            await conn.execute(insert(counter).values(name="n", value=1))
    await db.close()


async def test_json_goes_in_and_out_with_any_text(database_url: str) -> None:
    db = Database(database_url)
    fields = {"größe": "日本語 🙂", "n": [1, 2.5, None, True]}
    async with db.write() as conn:
        await conn.run_sync(metadata.create_all, tables=[contact])
        row = dict.fromkeys(("name", "company", "place", "language", "time_zone", "notes"), "")
        await conn.execute(
            insert(contact).values(id=new_id(), fields=fields, blocked=False, created_at=now(), ver=1, **row)
        )
    async with db.read() as conn:
        assert (await conn.execute(select(contact.c.fields))).scalar_one() == fields
    await db.close()


async def test_the_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "agentdesk.db"
    db = await _with_counter(f"sqlite:///{path}")
    files = list(path.parent.iterdir())
    assert path in files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    await db.close()


def test_a_new_file_is_opened_by_many_at_once(tmp_path: Path) -> None:
    pragmas = ("busy_timeout=10000", "journal_mode=WAL")
    for number in range(40):
        path, gate = tmp_path / f"{number}.db", threading.Barrier(6)

        def at_once(path: Path = path, gate: threading.Barrier = gate) -> None:
            gate.wait()
            open_file(path, pragmas).close()

        with ThreadPoolExecutor(6) as threads:
            for opened in [threads.submit(at_once) for _ in range(6)]:
                opened.result()


async def test_another_process_that_holds_the_file_makes_it_busy(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentdesk.store.sqlite._BUSY_MILLISECONDS", 20)
    db = await _with_counter(sqlite_url)
    other = Database(sqlite_url)
    async with other.write():
        with pytest.raises(DatabaseBusy):
            async with db.write():
                raise AssertionError("two writers at once")
    async with db.write() as conn:
        await conn.execute(update(counter).values(value=1))
    await other.close()
    await db.close()


async def test_a_full_disk_is_told_and_heals(sqlite_url: str) -> None:
    db = await _with_counter(sqlite_url)

    async def grow() -> None:
        async with db.write() as conn:
            await conn.execute(text("CREATE TABLE IF NOT EXISTS big (content BLOB)"))
            await conn.execute(text("INSERT INTO big VALUES (zeroblob(1000000))"))

    async with db.write() as conn:
        await conn.execute(text("PRAGMA max_page_count=20"))
    with pytest.raises(DatabaseFull):
        await grow()
    async with db.write() as conn:
        await conn.execute(text("PRAGMA max_page_count=1000000"))
    await grow()
    assert await _value(db) == 0
    await db.close()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 1000)
    db = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseGone) as caught:
        async with db.read() as conn:
            await conn.execute(text("SELECT 1"))
    assert "not a database" in str(caught.value.hint)
    assert path.read_text().startswith("Dear reader")
    await db.close()


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    db = Database(f"sqlite:///{tmp_path / 'file' / 'agentdesk.db'}")
    with pytest.raises(DatabaseGone):
        async with db.write():
            raise AssertionError("opened")
    await db.close()


@pytest.mark.parametrize(("name", "value"), [("sqlite_version_info", (3, 31, 1)), ("connect", None)])
def test_a_sqlite_that_is_too_old_is_refused(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Bare(sqlite3.Connection):
        """A build without any option."""

        def execute(self, *_: object) -> sqlite3.Cursor:
            return super().execute("SELECT 'THREADSAFE=1'")

    real_connect = sqlite3.connect
    sqlite._check_library.cache_clear()
    monkeypatch.setattr(sqlite3, name, value or (lambda _: real_connect(":memory:", factory=Bare)))
    with pytest.raises(DatabaseTooOld, match="SQLite"):
        Database(f"sqlite:///{tmp_path / 'a.db'}")


async def test_a_postgresql_that_is_too_old_is_refused(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_OLDEST_SERVER", (99,))
    db = Database(postgres_url)
    with pytest.raises(DatabaseTooOld, match="PostgreSQL"):
        await db.migrate()
    await db.close()


@pytest.mark.parametrize(
    "url", ["", "agentdesk.db", "mysql://host/name", "sqlite://", "http://host", "postgresql://a:b:c"]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(Invalid):
        Database(url)


@pytest.mark.parametrize("address", ["nobody:x@127.0.0.1:1/none", "x@127.0.0.1/none?sslmode=always"])
async def test_a_server_that_is_not_there_or_cannot_be(address: str) -> None:
    db = Database(f"postgresql://{address}")
    with pytest.raises(DatabaseGone):
        async with db.write():
            raise AssertionError("connected")
    await db.close()


async def test_an_address_may_say_all_that_libpq_knows(postgres_url: str) -> None:
    db = Database(f"{postgres_url}?sslmode=prefer&application_name=over-there")
    async with db.read() as conn:
        assert (await conn.execute(text("SELECT current_setting('timezone')"))).scalar_one() == "UTC"
    await db.close()
    db = Database(f"{postgres_url}?sslmode=require")  # the test's server has no TLS
    with pytest.raises(DatabaseGone):
        async with db.read():
            raise AssertionError("connected")
    await db.close()


async def test_a_wrong_password_is_named(postgres_url: str) -> None:
    before, at, after = postgres_url.partition("@")
    db = Database(f"{before}wrong{at}{after}")
    with pytest.raises(DatabaseGone) as caught:
        async with db.read():
            raise AssertionError("connected")
    assert "password" in str(caught.value.hint)
    await db.close()


async def test_a_database_that_does_not_exist_is_named(postgres_url: str) -> None:
    db = Database(postgres_url + "_not")
    with pytest.raises(DatabaseGone) as caught:
        async with db.read():
            raise AssertionError("connected")
    assert "create it" in str(caught.value.hint)
    await db.close()


async def test_a_restarted_server_is_told_and_heals(postgres_url: str, postgres: PostgresServer) -> None:
    db = await _with_counter(postgres_url)

    async def write_over_the_stop() -> None:
        async with db.write() as conn:
            await conn.execute(update(counter).values(value=1))
            postgres.stop()
            await conn.execute(update(counter).values(value=2))

    with pytest.raises(DatabaseGone):
        await write_over_the_stop()
    with pytest.raises(DatabaseGone):
        await _value(db)
    postgres.start()
    assert await _value(db) == 0
    async with db.write() as conn:
        await conn.execute(update(counter).values(value=3))
    assert await _value(db) == 3
    await db.close()
