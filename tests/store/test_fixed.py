"""Statements that go straight to the driver: the same rows and the same errors as by SQLAlchemy's own way."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.store.rows import Desk

from agentdesk.base.errors import NotFound
from agentdesk.base.ids import new_id
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseBusy, DatabaseGone
from agentdesk.store.fixed import Fixed
from agentdesk.store.tables import conversation, server_info
from agentdesk.store.unit import ServerUnit

_ONE = Fixed(select(conversation).where(conversation.c.id == bindparam("id", type_=conversation.c.id.type)))
_PUT = Fixed(insert(server_info).values(name=bindparam("name"), value=bindparam("value")))
_SLEEP = Fixed(select(func.pg_sleep(bindparam("seconds", 60.0))))

ON_POSTGRES = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    """A database with the whole schema."""
    made = Database(migrated_url)
    yield made
    await made.close()


async def _put(conn: AsyncConnection, *names: str) -> None:
    for name in names:
        await _PUT.rows(conn, {"name": name, "value": "x"})


async def test_rows_are_those_of_sqlalchemy(desk: Desk) -> None:
    conversation_id = await desk.conversation()
    (row,) = await _ONE.rows(desk.conn, {"id": conversation_id})
    whole = await desk.conn.execute(select(conversation).where(conversation.c.id == conversation_id))
    assert row == dict(whole.mappings().one())
    assert await _ONE.rows(desk.conn, {"id": new_id()}) == []


async def test_the_first_statement_of_a_transaction_belongs_to_it(db: Database) -> None:
    async def fail() -> None:
        async with db.write() as conn:
            await _put(conn, "first", "second")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with db.read() as conn:
        kept = select(server_info.c.name).where(server_info.c.name.in_(["first", "second"]))
        assert not (await conn.execute(kept)).all()


async def test_a_broken_rule_is_an_integrity_error(db: Database) -> None:
    async def twice() -> None:
        async with db.write() as conn:
            await _put(conn, "one", "one")

    with pytest.raises(IntegrityError):
        await twice()


async def test_a_value_may_be_an_expression(desk: Desk) -> None:
    conversation_id = await desk.conversation()
    unit = ServerUnit(desk.conn)
    await unit.update(conversation, conversation_id, {"preview": conversation.c.subject})
    await unit.update(conversation, conversation_id, {"subject": "new"})
    (row,) = await _ONE.rows(desk.conn, {"id": conversation_id})
    assert (row["subject"], row["ver"]) == ("new", 3)
    assert row["preview"] != "new"
    with pytest.raises(NotFound):
        await unit.update(conversation, new_id(), {"subject": "nowhere"})


@ON_POSTGRES
async def test_a_connection_that_breaks_in_the_middle_is_given_up(db: Database, migrated_url: str) -> None:
    other = await asyncpg.connect(migrated_url)

    async def break_it() -> None:
        async with db.write() as conn:
            pid = await conn.scalar(select(func.pg_backend_pid()))
            await other.execute("SELECT pg_terminate_backend($1, 10000)", pid)
            await _put(conn, "lost")

    with pytest.raises(DatabaseGone):
        await break_it()
    async with db.write() as conn:
        await _put(conn, "kept", "kept too")
    await other.close()


@ON_POSTGRES
async def test_a_statement_that_takes_too_long_ends_as_a_busy_database(db: Database) -> None:
    async def sleep() -> None:
        async with db.write() as conn:
            await conn.execute(text("SET LOCAL statement_timeout = '50ms'"))
            await _SLEEP.rows(conn, {})

    with pytest.raises(DatabaseBusy):
        await sleep()
    async with db.write() as conn:
        await conn.execute(update(server_info).values(value="x").where(server_info.c.name == "none"))
