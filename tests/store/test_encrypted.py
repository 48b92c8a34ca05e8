"""Encrypted files: they do all that plain ones do, and give nothing away without their key."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from tests.helpers.desk_keys import files_with
from tests.helpers.until import until

from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseBusy, DatabaseFull
from agentdesk.store.sqlite_file import WrongKey, open_file

KEY = bytes(range(32))
_ENDLESS = """
    WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000)
    SELECT count(*) FROM n
"""


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'desk' / 'file.db'}", key=KEY, durable=False)
    async with made.write() as conn:
        await conn.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)"))
        await conn.execute(text("CREATE VIRTUAL TABLE f USING fts5 (words)"))
        await conn.execute(text("INSERT INTO t VALUES (1, 'Käsekuchen')"))
        await conn.execute(text("INSERT INTO f VALUES ('Käsekuchen for everyone')"))
    yield made
    await made.close()


async def test_nothing_is_readable_beside_or_in_the_file(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    assert sorted(path.name for path in folder.iterdir()) == ["file.db", "file.db-shm", "file.db-wal"]
    assert (folder / "file.db-wal").stat().st_size > 0
    for closed in (False, True):
        if closed:
            await db.close()
        assert files_with(tmp_path, "sekuchen", "CREATE TABLE", "SQLite format") == {}
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())


async def test_words_are_found(db: Database) -> None:
    async with db.read() as conn:
        found = await conn.execute(text("SELECT words FROM f WHERE f MATCH 'käsekuchen'"))
        assert found.scalar_one() == "Käsekuchen for everyone"


@pytest.mark.parametrize("key", [bytes(32), None])
async def test_another_key_is_refused_in_words(db: Database, tmp_path: Path, key: bytes | None) -> None:
    await db.close()
    path = tmp_path / "desk" / "file.db"
    before = path.read_bytes()
    if key is None:
        with pytest.raises(sqlite3.DatabaseError):
            open_file(path, ("user_version",))
    else:
        other = Database(f"sqlite:///{path}", key=key)
        with pytest.raises(WrongKey, match=r"encrypted with another key: file\.db"):
            async with other.read():
                pass
        await other.close()
    assert path.read_bytes() == before


async def test_a_wrong_key_writes_nothing_to_the_standard_streams(
    db: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await db.close()
    with pytest.raises(WrongKey):
        open_file(tmp_path / "desk" / "file.db", (), bytes(32))
    assert capfd.readouterr() == ("", "")


async def test_a_plain_file_does_not_open_with_a_key(tmp_path: Path) -> None:
    path = tmp_path / "plain.db"
    open_file(path, ("user_version=3",)).close()
    with pytest.raises(WrongKey):
        open_file(path, (), KEY)


async def test_errors_come_as_those_of_plain_files(db: Database, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        async with db.write() as conn:
            await conn.execute(text("INSERT INTO t VALUES (1, 'again')"))
    other = open_file(tmp_path / "desk" / "file.db", ("busy_timeout=1",), KEY)
    async with db.write() as conn:
        await conn.execute(text("PRAGMA busy_timeout=1"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        async with db.write():
            pass
    other.execute("ROLLBACK")
    other.close()
    async with db.write() as conn:
        await conn.execute(text("PRAGMA max_page_count=20"))
    with pytest.raises(DatabaseFull):
        async with db.write() as conn:
            await conn.execute(text("INSERT INTO t VALUES (2, hex(zeroblob(1000000)))"))


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_cancelling_ends_a_long_statement(db: Database, tmp_path: Path, kind: str) -> None:
    started = asyncio.Event()

    async def endless() -> None:
        async with db.write() if kind == "write" else db.read() as conn:
            if kind == "write":
                await conn.execute(text("UPDATE t SET b = 'gone'"))
            started.set()
            await conn.execute(text(_ENDLESS))

    task = asyncio.create_task(endless())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    other = open_file(tmp_path / "desk" / "file.db", ("busy_timeout=1",), KEY)
    other.execute("BEGIN IMMEDIATE")  # nobody holds it
    assert other.execute("SELECT b FROM t").fetchone() == ("Käsekuchen",)
    other.close()


async def test_a_cancelled_statement_with_rows_left_keeps_no_lock(db: Database) -> None:
    async def write_on(counted: list[int]) -> None:
        async with db.write() as conn:
            while True:
                (await conn.execute(text("UPDATE t SET b = b || 'x' RETURNING a"))).first()
                counted.append(1)

    for _ in range(10):
        counted: list[int] = []
        task = asyncio.create_task(write_on(counted))
        await until(partial(len, counted))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(5), db.write() as conn:
            await conn.execute(text("INSERT INTO t (b) VALUES ('y')"))
    async with db.read() as conn:
        assert (await conn.execute(text("SELECT b FROM t WHERE a = 1"))).scalar_one() == "Käsekuchen"


async def test_a_file_that_cannot_be_made_is_told_as_ever(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    db = Database(f"sqlite:///{tmp_path / 'file' / 'x.db'}", key=KEY)
    with pytest.raises(Exception, match="cannot be reached"):
        async with db.read():
            pass
    await db.close()


def test_two_files_of_one_key_differ(tmp_path: Path) -> None:
    for name in ("a", "b"):
        open_file(tmp_path / name, ("user_version=1",), KEY).close()
    assert (tmp_path / "a").read_bytes()[:64] != (tmp_path / "b").read_bytes()[:64]
    assert os.stat(tmp_path / "a").st_size > 0
