"""The doctor on what wears out: back-ups, the certificate, and transactions that somebody forgot."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import update
from tests.helpers.certificates import make_certificates

from agentdesk.base import clock
from agentdesk.domain.team import Role
from agentdesk.server import doctor_postgres
from agentdesk.server.admin import add_user
from agentdesk.server.backup import BACKED_UP_NAME, back_up
from agentdesk.server.doctor import examine
from agentdesk.server.doctor_care import check_backup, check_certificate
from agentdesk.server.findings import Finding
from agentdesk.store.engine import Database
from agentdesk.store.facts import put_fact
from agentdesk.store.tables import user
from agentdesk.sync.changelog import MOVED_NAME


async def _backup_findings(db: Database) -> list[Finding]:
    async with db.read() as conn:
        return await check_backup(conn)


async def test_back_ups_are_asked_for(migrated_sqlite_url: str, tmp_path: Path) -> None:
    db = Database(migrated_sqlite_url)
    try:
        await add_user(db, "ana@desk.test", "Ana", Role.ADMIN, "correct horse battery")
        assert await _backup_findings(db) == []  # a young company
        long_ago = clock.now() - timedelta(days=30)
        async with db.write() as conn:
            await conn.execute(update(user).values(created_at=long_ago))
        (none_known,) = await _backup_findings(db)
        assert "No back-up" in none_known.words.text
        await back_up(db, tmp_path / "copy")
        assert await _backup_findings(db) == []
        async with db.write() as conn:
            await put_fact(conn, BACKED_UP_NAME, long_ago.isoformat())
        (old,) = await _backup_findings(db)
        assert "last back-up" in old.words.text
        assert not old.wrong
    finally:
        await db.close()


@pytest.mark.parametrize(("days", "words"), [(30, []), (3, ["runs out in"]), (-2, ["has run out"])])
def test_a_certificate_that_runs_out(tmp_path: Path, days: int, words: list[str]) -> None:
    found = check_certificate(make_certificates(tmp_path, days=days).certificate)
    assert len(found) == len(words)
    assert all(some in one.words.text for some, one in zip(words, found, strict=True))


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nothing")
    assert [one.wrong for one in check_certificate(tmp_path / "cert.pem")] == [True]


async def test_a_database_that_was_moved(migrated_sqlite_url: str) -> None:
    db = Database(migrated_sqlite_url)
    try:
        async with db.write() as conn:
            await put_fact(conn, MOVED_NAME, "postgresql://db/desk")
        moved = [one for one in await examine(db) if one.topic == "copy"]
        assert [one.words.args["place"] for one in moved] == ["postgresql://db/desk"]
    finally:
        await db.close()


async def test_a_forgotten_transaction(migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_postgres, "_IDLE_MINUTES", 0)
    db = Database(migrated_postgres_url)
    other = await asyncpg.connect(migrated_postgres_url, server_settings={"application_name": "spreadsheet"})
    try:
        transaction = other.transaction()
        await transaction.start()
        found = [one for one in await examine(db) if one.words.args.get("name") == "spreadsheet"]
        assert [one.words.args["pid"] for one in found] == [other.get_server_pid()]
        await transaction.rollback()
    finally:
        await other.close()
        await db.close()
