"""The schema: migrations and models agree on both databases, and several starters do no harm."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text

from agentdesk.base.clock import now
from agentdesk.base.ids import new_id
from agentdesk.store import migrations
from agentdesk.store.base import SYNCED, metadata, synced_tables
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseNewer
from agentdesk.store.tables import change_log, counter, inbox


def _check(connection: Connection) -> None:
    command.check(migrations.config_for(connection))


async def test_migrations_make_what_the_models_say(database_url: str) -> None:
    db = Database(database_url)
    await db.migrate()
    async with db.maintain() as conn:
        await conn.run_sync(_check)
    await db.close()


def _definitions(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    statement = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'"
    rows = connection.execute(statement).fetchall()
    connection.close()
    return {name: " ".join(sorted(re.findall(r"\w+|[()]", str(sql)))) for name, sql in rows}


async def test_on_sqlite_both_ways_make_the_same_definitions(tmp_path: Path) -> None:
    migrated = Database(f"sqlite:///{tmp_path / 'migrated.db'}")
    await migrated.migrate()
    await migrated.close()
    created = Database(f"sqlite:///{tmp_path / 'created.db'}")
    async with created.write() as conn:
        await conn.run_sync(metadata.create_all)
    await created.close()
    assert _definitions(tmp_path / "migrated.db") == _definitions(tmp_path / "created.db")


_CATALOGUE = """
    SELECT 'index', tablename || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'column', table_name || '.' || column_name,
           concat_ws(' ', udt_name, character_maximum_length, is_nullable, column_default)
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'storage', attrelid::regclass || '.' || attname, attstorage::text
      FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0
    UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


async def _catalogue(db: Database) -> set[tuple[str, str, str]]:
    async with db.read() as conn:
        rows = (await conn.execute(text(_CATALOGUE))).all()
    return {(kind, name, what) for kind, name, what in rows if "alembic" not in name}


async def test_on_postgresql_both_ways_make_the_same_definitions(postgres_url: str) -> None:
    db = Database(postgres_url)
    async with db.write() as conn:
        await conn.run_sync(metadata.create_all)
    created = await _catalogue(db)
    async with db.write() as conn:
        await conn.run_sync(metadata.drop_all)
    await db.migrate()
    assert await _catalogue(db) == created
    assert len(created) > 100
    await db.close()


async def test_starters_at_the_same_time(database_url: str) -> None:
    starters = [Database(database_url) for _ in range(4)]
    await asyncio.gather(*(db.migrate() for db in starters))
    async with starters[0].write() as conn:
        await conn.execute(insert(counter).values(name="conversation", value=0))
    for db in starters:
        await db.migrate()
        await db.close()


async def test_a_newer_schema_is_refused_and_left_alone(database_url: str) -> None:
    db = Database(database_url)
    await db.migrate()
    async with db.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer):
        await db.migrate()
    async with db.read() as conn:
        assert (await conn.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "9999"
    await db.close()


async def test_the_head_is_the_newest_revision(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    async with db.maintain() as conn:
        config = await conn.run_sync(migrations.config_for)
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD
    await db.close()


async def test_a_failed_migration_leaves_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgrade_and_fail(connection: Connection) -> None:
        migrations_upgrade(connection)
        raise ZeroDivisionError

    migrations_upgrade = migrations._upgrade
    monkeypatch.setattr(migrations, "_upgrade", upgrade_and_fail)
    db = Database(database_url)
    with pytest.raises(ZeroDivisionError):
        await db.migrate()
    async with db.read() as conn:
        assert await conn.run_sync(lambda c: inspect(c).get_table_names()) == []
    await db.close()


async def test_the_change_log_knows_its_transaction(database_url: str) -> None:
    db = Database(database_url)
    await db.migrate()
    entry = {"scope": "*", "table_name": "inbox", "row_id": new_id(), "ver": 1, "op": "u"}
    async with db.write() as conn:
        await conn.execute(insert(change_log), [entry, entry])
    async with db.write() as conn:
        await conn.execute(insert(change_log), [entry])
    async with db.read() as conn:
        rows = (await conn.execute(select(change_log.c.seq, change_log.c.xid))).all()
    (one, first), (two, second), (three, third) = rows
    assert [one, two, three] == [1, 2, 3]
    assert first == second
    assert third > second if db.dialect == "postgresql" else third == second == 0
    await db.close()


async def test_values_come_back_as_they_were(database_url: str) -> None:
    db = Database(database_url)
    await db.migrate()
    row = {"id": new_id(), "name": "Suppört", "everyone": True, "created_at": now(), "ver": 1}
    async with db.write() as conn:
        await conn.execute(insert(inbox).values(**row))
    async with db.read() as conn:
        assert dict((await conn.execute(select(inbox))).mappings().one()) == {
            **row,
            "routed": False,
            "open_within": None,
            "routing": None,
            "hours": None,
        }
    await db.close()


def test_parents_come_before_children() -> None:
    seen: set[str] = set()
    for table in synced_tables():
        parents = {key.column.table.name for key in table.foreign_keys}
        assert parents <= seen, table.name
        seen.add(table.name)
    assert seen == set(SYNCED)
