"""Moving a server from SQLite to PostgreSQL: all of it, or nothing.

Everything is copied in one transaction of the target, read back there and held against the source, row by
row. The source is held against writers meanwhile and marked at the end, so that no server starts on it by
mistake; it is left as it is otherwise. A new epoch begins: desks keep their outbox and their drafts, and are
filled anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Column, Integer, Table, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import msg
from agentdesk.server.keys import carry_key
from agentdesk.server.restore import TOKENS_SKIPPED, until_nobody_works
from agentdesk.store.base import metadata
from agentdesk.store.bulk import insert_many
from agentdesk.store.engine import Database
from agentdesk.store.facts import fact, put_fact
from agentdesk.store.tables import blob, change_log, lease, search_entry, server_info
from agentdesk.store.types import Xid
from agentdesk.sync.changelog import COPIED_NAME, MOVED_NAME, Moved, NotAdopted, begin_epoch

__all__ = ["MovedTable", "check_not_moved", "move"]

_AT_ONCE = 500
_BLOBS_AT_ONCE = 8
_ROUND = 2**128
_PATIENCE = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")

OnTable = Callable[["MovedTable"], None]
OnWait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class MovedTable:
    """A table that has been copied and compared: its name and how many rows it has."""

    name: str
    rows: int


@dataclass(slots=True)
class _Sum:
    """The number of rows, and a sum over their hashes that does not depend on their order."""

    rows: int = 0
    total: int = 0

    def add(self, values: tuple[Any, ...]) -> None:
        encoded = msgspec.json.encode([_plain(value) for value in values], order="sorted")
        self.rows += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(encoded).digest()[:16])) % _ROUND


async def move(source: Database, target: Database, on_table: OnTable, on_wait: OnWait) -> int:
    """Move everything from ``source`` (SQLite) to ``target`` (PostgreSQL, empty); returns the number of rows.

    ``on_table`` hears of each table that is there, ``on_wait`` of the seconds at most until it is certain
    that no server works on the source; servers without channels are told by their folder's lock only. Both
    databases have the present form. Cancelled or failed, the target is as empty as before and the source as
    it was; killed in between, it can be called again.

    Raises Invalid where one of them is of the wrong kind or the target is not empty, ServerWorks, NotAdopted,
    Moved, DatabaseError, and AgentDeskError where something cannot be stored or does not compare.
    """
    if source.dialect != "sqlite" or target.dialect != "postgresql":
        raise Invalid(msg("A server is moved from SQLite to PostgreSQL."))
    place = target.url.render_as_string(hide_password=True)
    await until_nobody_works(source, on_wait)
    await carry_key(source, target)
    marked = False
    try:
        async with target.maintain() as into:
            async with source.write() as out:
                await _check(out, into, place)
                rows = await _copy_all(out, into, on_table)
                await put_fact(out, MOVED_NAME, place)
            marked = True  # before the target is committed: never may a server start on both
    except BaseException:
        if marked:
            await _unmark(source)
        raise
    return rows


async def check_not_moved(db: Database) -> None:
    """Raise Moved where desks work with another database by now."""
    async with db.read() as conn:
        place = await fact(conn, MOVED_NAME)
    if place is not None:
        raise Moved(place)


async def _unmark(source: Database) -> None:
    async with source.write() as conn:
        await conn.execute(server_info.delete().where(server_info.c.name == MOVED_NAME))


async def _check(out: AsyncConnection, into: AsyncConnection, place: str) -> None:
    if await fact(out, COPIED_NAME) is not None:
        raise NotAdopted
    before = await fact(out, MOVED_NAME)
    if before is not None and before != place:
        raise Moved(before)
    for name in _PATIENCE:
        await into.execute(text(f"SET LOCAL {name} = 0"))
    for table in metadata.sorted_tables:
        if (await into.execute(select(table).limit(1))).first() is not None:
            raise Invalid(
                msg("The database {place} is not empty.", place=place),
                msg("Give an empty database, which no server has been started on."),
            )


async def _copy_all(out: AsyncConnection, into: AsyncConnection, on_table: OnTable) -> int:
    total = 0
    for table in metadata.sorted_tables:
        if table is change_log:  # a new epoch begins: nobody can go on from it
            continue
        copied = await _copied(out, into, table)
        compared = await _sum_of(into, table)
        if copied != compared or not await _same_words(out, into, table):
            raise AgentDeskError(
                msg("The table {name} does not compare: nothing was moved.", name=str(table.name)),
                msg("Have the disk checked, and run agentdesk doctor on the source."),
            )
        await _set_sequence(into, table)
        total += copied.rows
        on_table(MovedTable(str(table.name), copied.rows))
    await into.execute(update(lease).values(token=lease.c.token + TOKENS_SKIPPED, expires_at=clock.now()))
    await into.execute(server_info.delete().where(server_info.c.name == MOVED_NAME))
    await begin_epoch(into)
    return total


async def _copied(out: AsyncConnection, into: AsyncConnection, table: Table) -> _Sum:
    found = _Sum()
    columns = _columns(table)
    names = [str(column.name) for column in columns]
    summed = _summed(table)
    async for portion in _portions(out, table):
        for row in portion:
            found.add(tuple(row[name] for name in summed))
        rows = [{name: row[name] for name in names} for row in portion]
        try:
            await insert_many(into, table, rows)
        except DBAPIError as error:
            raise AgentDeskError(
                msg(
                    "PostgreSQL does not take what is in the table {name}: {why}. Nothing was moved.",
                    name=str(table.name),
                    why=str(error.orig).splitlines()[0][:300],
                )
            ) from error
    return found


async def _sum_of(conn: AsyncConnection, table: Table) -> _Sum:
    found = _Sum()
    summed = _summed(table)
    async for portion in _portions(conn, table):
        for row in portion:
            found.add(tuple(row[name] for name in summed))
    return found


async def _portions(conn: AsyncConnection, table: Table) -> AsyncIterator[list[Mapping[Any, Any]]]:
    """The rows of a table in the order of its key, a few at a time."""
    size = _BLOBS_AT_ONCE if table is blob else _AT_ONCE
    statement = select(*_columns(table)).order_by(*table.primary_key.columns)
    result = await conn.stream(statement.execution_options(yield_per=size))
    async for portion in result.mappings().partitions(size):
        yield list(portion)


def _columns(table: Table) -> list[Column[Any]]:
    """The columns to be copied: the numbers of transactions mean nothing elsewhere."""
    return [column for column in table.c if not isinstance(column.type, Xid)]


def _summed(table: Table) -> list[str]:
    """The columns to be compared by value; what is indexed reads differently in each database."""
    return [str(column.name) for column in _columns(table) if column is not search_entry.c.words]


async def _same_words(out: AsyncConnection, into: AsyncConnection, table: Table) -> bool:
    """Whether the target's index knows as many different words of each message, all together."""
    if table is not search_entry:
        return True
    count = 0
    async for portion in _portions(out, table):
        count += sum(len(set(row["words"].split())) for row in portion)
    return bool(await into.scalar(select(func.coalesce(func.sum(func.length(table.c.words)), 0))) == count)


async def _set_sequence(into: AsyncConnection, table: Table) -> None:
    """Let the next number of a counted table come after those that were copied."""
    counted = table.autoincrement_column
    if not isinstance(counted, Column) or not isinstance(counted.type, Integer):
        return
    sequence = func.pg_get_serial_sequence(str(table.name), str(counted.name))
    highest = await into.scalar(select(func.max(counted)))
    if highest is not None and await into.scalar(select(sequence)) is not None:
        await into.execute(select(func.setval(sequence, highest)))


def _plain(value: Any) -> Any:
    """A value in the one form that is the same for both databases."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return clock.to_utc(value).isoformat(timespec="microseconds")
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, float) and value.is_integer():  # JSON in PostgreSQL knows one kind of number
        return int(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
