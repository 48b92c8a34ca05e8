"""A server moves from SQLite to PostgreSQL: everything is there afterwards, or nothing has happened."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import customer_address, first_lines, write
from tests.helpers.until import until_sync

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.ids import new_id
from agentdesk.server import move as moving
from agentdesk.server.admin import add_inbox
from agentdesk.server.keys import open_vault
from agentdesk.server.leases import Lease
from agentdesk.server.move import MovedTable, move
from agentdesk.server.restore import ServerWorks
from agentdesk.store import blobs
from agentdesk.store.base import metadata
from agentdesk.store.engine import Database
from agentdesk.store.tables import audit_entry, blob, inbox, lease, server_info
from agentdesk.sync.changelog import Moved, ensure_epoch


def quiet(_news: object) -> None:
    """Nobody is to be told."""


async def _both(migrated_sqlite_url: str, migrated_postgres_url: str) -> tuple[Database, Database]:
    source, target = Database(migrated_sqlite_url), Database(migrated_postgres_url)
    return source, target


async def _count(db: Database, table: Any) -> int:
    async with db.read() as conn:
        return int(await conn.scalar(select(func.count()).select_from(table)) or 0)


async def _nothing_happened(source: Database, target: Database) -> None:
    for table in metadata.sorted_tables:
        assert await _count(target, table) == 0, table.name
    async with source.write() as conn:
        assert await ensure_epoch(conn)


@pytest.fixture(autouse=True)
def _key_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


async def test_rows_contents_and_numbers_come_along(
    migrated_sqlite_url: str, migrated_postgres_url: str
) -> None:
    source, target = await _both(migrated_sqlite_url, migrated_postgres_url)
    try:
        vault = await open_vault(source)
        await add_inbox(source, "Größe ✉")
        contents = {blobs.hash_of(bytes([number]) * 9): bytes([number]) * 9 for number in range(20)}
        entry = {"at": clock.now(), "kind": "admin", "what": "x", "outcome": "done", "actor": "system"}
        async with source.write() as conn:
            await blobs.put_many(conn, contents, clock.now())
            await conn.execute(insert(audit_entry), [{**entry, "data": {"n": 1.0}} for _ in range(7)])
            before = await ensure_epoch(conn)
        told: list[MovedTable] = []
        await move(source, target, told.append, quiet)
        assert {one.name: one.rows for one in told}["blob"] == len(contents)
        async with target.write() as conn:
            for name, content in contents.items():
                assert await blobs.get(conn, name) == content
            assert await ensure_epoch(conn) != before
            assert await conn.scalar(select(inbox.c.name)) == "Größe ✉"
            seq = await conn.scalar(
                insert(audit_entry).values({**entry, "data": {}}).returning(audit_entry.c.seq)
            )
            assert seq > await _count(source, audit_entry)
        assert (await open_vault(target)).sign("a", "b") == vault.sign("a", "b")
        with pytest.raises(Moved):
            async with source.write() as conn:
                await ensure_epoch(conn)
    finally:
        await source.close()
        await target.close()


async def test_nothing_is_moved_from_under_a_server(
    migrated_sqlite_url: str, migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = await _both(migrated_sqlite_url, migrated_postgres_url)
    try:
        held = Lease(source, "account:x", "other:1", seconds=60)
        assert await held.acquire()

        async def renewed(_seconds: float) -> None:
            await held.renew()

        monkeypatch.setattr("agentdesk.server.restore.asyncio.sleep", renewed)
        with pytest.raises(ServerWorks):
            await move(source, target, quiet, quiet)
        await _nothing_happened(source, target)
    finally:
        await source.close()
        await target.close()


async def test_a_target_that_holds_something_is_left_alone(
    migrated_sqlite_url: str, migrated_postgres_url: str
) -> None:
    source, target = await _both(migrated_sqlite_url, migrated_postgres_url)
    try:
        await add_inbox(target, "Somebody else's")
        with pytest.raises(Invalid, match="not empty"):
            await move(source, target, quiet, quiet)
        assert await _count(target, inbox) == 1
        with pytest.raises(Invalid, match="from SQLite to PostgreSQL"):
            await move(target, source, quiet, quiet)
    finally:
        await source.close()
        await target.close()


@pytest.mark.parametrize("where", ["copy", "compare", "mark"])
async def test_a_failure_leaves_everything_as_it_was(
    migrated_sqlite_url: str, migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    source, target = await _both(migrated_sqlite_url, migrated_postgres_url)
    try:
        async with source.write() as conn:
            await blobs.put_many(conn, {"a" * 64: b"abc"}, clock.now())

        async def failing(*_arguments: Any, **_named: Any) -> Any:
            raise AgentDeskError(moving.msg("No."))

        async def differing(conn: Any, table: Any) -> Any:
            found = await summed(conn, table)
            found.total += table is blob
            return found

        summed = moving._sum_of
        name, instead = {
            "copy": ("insert_many", failing),
            "compare": ("_sum_of", differing),
            "mark": ("put_fact", failing),
        }[where]
        with monkeypatch.context() as patched:
            patched.setattr(moving, name, instead)
            with pytest.raises(AgentDeskError):
                await move(source, target, quiet, quiet)
        await _nothing_happened(source, target)
        assert await move(source, target, quiet, quiet)  # and then it can be done
    finally:
        await source.close()
        await target.close()


async def test_leases_are_free_and_fenced_off(migrated_sqlite_url: str, migrated_postgres_url: str) -> None:
    source, target = await _both(migrated_sqlite_url, migrated_postgres_url)
    try:
        held = Lease(source, "account:x", "one:1", seconds=60)
        assert await held.acquire()
        await held.release()
        await move(source, target, quiet, quiet)
        async with target.read() as conn:
            row = (await conn.execute(select(lease))).one()
        assert row.token > held.token
        assert await Lease(target, "account:x", "two:2").acquire()
        assert await _count(target, server_info) >= 1
    finally:
        await source.close()
        await target.close()


def test_a_moved_company_goes_on(
    new_company: NewCompany, sqlite_url: str, postgres_url: str, new_mailbox: NewMailbox
) -> None:
    customer = new_mailbox()
    company = new_company(sqlite_url)
    company.start()
    for number in range(3):
        write(company.mailbox, customer_address(customer, number), f"Letter {number}")
    first = {row["subject"]: row["id"] for row in company.wait_for_conversations(3)}["Letter 0"]
    sent = company.reply(first, "before the move", key="one")
    company.wait_for_delivery(first, sent["id"], "sent")
    late = company.reply(first, "on its way as the server stops", key="two")
    company.stop()
    write(company.mailbox, customer_address(customer, 3), "Letter 3")
    admin = ("admin", "--database", sqlite_url, "--data", str(company.data))
    said = company.programs.run(*admin, "move", "--to", postgres_url)
    assert "message: 5 rows" in said, said

    refused = company.programs.start(
        "server", "--database", sqlite_url, "--data", str(company.data), "--listen", "127.0.0.1:0"
    )
    until_sync(lambda: not refused.running, what="the old database is refused")
    assert "was moved to" in refused.output()

    company.database = postgres_url
    company.start()
    write(company.mailbox, customer_address(customer, 4), "Letter 4")
    rows = company.wait_for_conversations(5)
    assert Counter(row["subject"] for row in rows) == Counter(f"Letter {number}" for number in range(5))
    company.wait_for_delivery(first, late["id"], "sent", timeout=90)
    again = company.reply(first, "before the move", key="one")
    assert again["id"] == sent["id"]
    after = company.reply(first, "after the move", key=new_id().hex)
    company.wait_for_delivery(first, after["id"], "sent")
    company.stop()
    expected = ("before the move", "on its way as the server stops", "after the move")
    assert first_lines(customer) == Counter(dict.fromkeys(expected, 1))
