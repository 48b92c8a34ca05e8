"""What goes to PostgreSQL together: fewer trips, and otherwise as if each statement had gone alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.store.bulk import insert_many
from agentdesk.store.engine import Database
from agentdesk.store.fixed import Among, Fixed, look_ahead
from agentdesk.store.tables import counter, inbox, ingest_ledger, server_info
from agentdesk.store.trips import postpone

pytestmark = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)

_ABOUT = server_info.c.name == bindparam("about", type_=server_info.c.name.type)
_VALUE = Fixed(select(server_info.c.value).where(_ABOUT))
_AMONG = Among(
    select(server_info.c.name, server_info.c.value).order_by(server_info.c.name), server_info.c.name
)
_NEW = bindparam("new", type_=server_info.c.value.type)
_CHANGE = Fixed(update(server_info).where(_ABOUT).values(value=_NEW))
_CHANGED = Fixed(update(server_info).where(_ABOUT).values(value=_NEW).returning(server_info.c.value))


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    """A database with the whole schema."""
    made = Database(migrated_url)
    yield made
    await made.close()


class Trips:
    """The trips that a transaction makes."""

    def __init__(self) -> None:
        self._made: list[str] = []

    def note(self, query: Any) -> None:
        """One was made; those on which the driver learns of kinds of values do not count."""
        if "typeinfo" not in query.query and "current_setting" not in query.query:
            self._made.append(query.query)

    async def count(self) -> int:
        """How many so far."""
        await asyncio.sleep(0)  # the driver tells of them a moment later
        return len(self._made)


@asynccontextmanager
async def writing(db: Database) -> AsyncIterator[tuple[AsyncConnection, Trips]]:
    """A transaction that has begun, and postpones."""
    trips = Trips()
    async with db.write() as conn:
        await _VALUE.rows(conn, {"about": "nothing"})
        postpone(conn)
        line: Any = (await conn.get_raw_connection()).driver_connection
        line.add_query_logger(trips.note)
        try:
            yield conn, trips
        finally:
            line.remove_query_logger(trips.note)


async def _put(conn: AsyncConnection, name: str, value: str = "old") -> None:
    await insert_many(conn, server_info, [{"name": name, "value": value}])


async def _kept(db: Database) -> dict[str, str]:
    async with db.read() as conn:
        rows = await conn.execute(select(server_info).where(server_info.c.name.like("trip-%")))
        return {row.name: row.value for row in rows}


async def test_what_is_written_goes_at_once_with_what_comes_back_and_a_child_before_its_parent(
    db: Database,
) -> None:
    place = new_id()
    parent = {"id": place, "name": "Support", "everyone": True, "created_at": clock.now(), "ver": 1}
    child = {"inbox_id": place, "key_hash": "0" * 64, "created_at": clock.now()}
    async with db.write() as conn:
        await _put(conn, "trip-1")
    async with writing(db) as (conn, trips):
        await insert_many(conn, ingest_ledger, [child])
        await insert_many(conn, inbox, [parent])
        await insert_many(conn, counter, [{"name": "trip", "value": 7}])
        assert await trips.count() == 0
        assert await _CHANGED.rows(conn, {"about": "trip-1", "new": "new"}) == [{"value": "new"}]
        assert await trips.count() == 1
    async with db.read() as conn:
        assert await conn.scalar(select(ingest_ledger.c.inbox_id)) == place
        assert await conn.scalar(select(counter.c.value).where(counter.c.name == "trip")) == 7
    assert await _kept(db) == {"trip-1": "new"}


async def test_whoever_asks_sees_what_was_written(db: Database) -> None:
    async with writing(db) as (conn, _trips):
        await _put(conn, "trip-1")
        assert await _VALUE.rows(conn, {"about": "trip-1"}) == [{"value": "old"}]
        await _put(conn, "trip-2")
        names = select(server_info.c.name).where(server_info.c.name.like("trip-%"))
        assert set(await conn.scalars(names)) == {"trip-1", "trip-2"}
        await conn.execute(names)
        await insert_many(conn, server_info, [{"name": f"trip-{n}", "value": "old"} for n in (3, 4)])
        await _put(conn, "trip-5")
    assert set(await _kept(db)) == {f"trip-{n}" for n in range(1, 6)}


async def test_a_change_sees_the_writes_before_it(db: Database) -> None:
    async with writing(db) as (conn, trips):
        await _put(conn, "trip-1")
        await _CHANGE.each(conn, [{"about": "trip-1", "new": "newer"}])
        await _CHANGE.each(conn, [{"about": "trip-1", "new": "newest"}])
        assert await trips.count() == 2
    assert await _kept(db) == {"trip-1": "newest"}


async def test_a_broken_rule_is_an_integrity_error_and_leaves_nothing(db: Database) -> None:
    async def twice() -> None:
        async with writing(db) as (conn, _trips):
            await _put(conn, "trip-1")
            await _put(conn, "trip-1")

    async def and_asked() -> None:
        async with writing(db) as (conn, _trips):
            await _put(conn, "trip-1")
            await _put(conn, "trip-1")
            await conn.execute(select(server_info))

    for attempt in (twice, and_asked):
        with pytest.raises(IntegrityError):
            await attempt()
        assert await _kept(db) == {}


async def test_what_waited_in_a_transaction_that_failed_is_forgotten(db: Database) -> None:
    async def fail() -> None:
        async with writing(db) as (conn, _trips):
            await _put(conn, "trip-1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with db.write() as conn:  # the same connection
        await _put(conn, "trip-2")
    assert set(await _kept(db)) == {"trip-2"}


async def test_what_is_asked_together_is_what_each_would_have_got(db: Database) -> None:
    async with writing(db) as (conn, trips):
        await _put(conn, "trip-1", "one")
        await _put(conn, "trip-2", "two")
        about = {"about": "trip-1"}
        await look_ahead(conn, (_VALUE, about), _AMONG.of(["trip-1", "trip-2"]), (_VALUE, {"about": "none"}))
        assert await trips.count() == 2
        assert await _VALUE.rows(conn, about) == [{"value": "one"}]
        both = [{"name": "trip-1", "value": "one"}, {"name": "trip-2", "value": "two"}]
        assert await _AMONG.rows(conn, ["trip-1", "trip-2"]) == both
        assert await _VALUE.rows(conn, {"about": "none"}) == []
        assert await trips.count() == 2
        assert await _VALUE.rows(conn, about) == [{"value": "one"}]  # asked once more
        assert await trips.count() == 3


async def test_what_was_asked_ahead_counts_no_more_when_something_is_written(db: Database) -> None:
    async with db.write() as conn:
        await _put(conn, "trip-1")
    questions = (_VALUE, {"about": "trip-1"}), (_VALUE, {"about": "trip-2"})

    async def by_the_driver(conn: AsyncConnection) -> None:
        await _CHANGE.each(conn, [{"about": "trip-1", "new": "a"}])

    async def with_an_answer(conn: AsyncConnection) -> None:
        await _CHANGED.rows(conn, {"about": "trip-1", "new": "b"})

    async def by_sqlalchemy(conn: AsyncConnection) -> None:
        await conn.execute(update(server_info).values(value="c").where(server_info.c.name == "trip-1"))

    for change, value in ((by_the_driver, "a"), (with_an_answer, "b"), (by_sqlalchemy, "c")):
        async with writing(db) as (conn, _trips):
            await look_ahead(conn, *questions)
            await change(conn)
            assert await _VALUE.rows(conn, {"about": "trip-1"}) == [{"value": value}]
