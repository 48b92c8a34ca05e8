"""The desk's copy of what its agent may see: a SQLite file that can be thrown away and fetched again.

It has the synced tables with the columns of the shared schema but without its rules (the server keeps those;
a rule broken for a moment must not stop a desk), and three tables of its own: where it stands, the rows that
were set aside under the overlay, and which of our commands the rows contain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    MetaData,
    Table,
    TextClause,
    and_,
    bindparam,
    delete,
    insert,
    inspect,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.dialects.sqlite import insert as put_into
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import ClauseElement

from agentdesk.base.log import get_logger
from agentdesk.store.base import SYNCED, synced_tables
from agentdesk.store.engine import Database
from agentdesk.store.sqlite import Step, all_at_once, at_once
from agentdesk.store.sqlite_file import WrongKey
from agentdesk.store.tables import draft, message
from agentdesk.store.unit import Changes
from agentdesk.sync import leaving, replica_index
from agentdesk.sync.changes import TIMELINE, add_changes
from agentdesk.sync.protocol import Batch
from agentdesk.sync.replica_tables import OWN, base_row, confirmed_command, replica_state
from agentdesk.sync.wire_rows import WireRow, to_sqlite

__all__ = [
    "Replica",
    "Standing",
    "empty",
    "plain",
    "put_back",
    "put_standing",
    "take_out",
    "write_batches",
]

_VERSION = "1"
_READER_CACHE_MB = 4
"""The ids of a list of 100,000 fit into it; with twice as much, four readers cost 16 MB and gain nothing."""
_MANY_INDEXES = 3
_PUT_STANDING = (
    "INSERT INTO replica_state (name, value) VALUES ('standing', ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)

P = ParamSpec("P")
T = TypeVar("T")

_log = get_logger(__name__)
_dialect = sqlite_dialect()


class Standing(msgspec.Struct, frozen=True):
    """Where the replica stands: what it gives back in the next hello. ``cursor`` None: not filled."""

    epoch: str | None = None
    cursor: str | None = None
    user_id: UUID | None = None
    workspace: str = ""
    undo_seconds: int = 10

    def after(self, batches: Iterable[Batch]) -> Standing:
        """Return where it stands when these have been written: at the last cursor among them that counts."""
        counting = [batch.cursor for batch in batches if batch.cursor and (batch.filling or not batch.more)]
        return msgspec.structs.replace(self, cursor=counting[-1]) if counting else self


class Replica:
    """The file, encrypted where there is a ``key`` (32 bytes). Any number of readers; one writer at a time,
    which the caller sees to."""

    def __init__(self, path: Path, key: bytes | None = None) -> None:
        self._path = path
        self._db = Database(
            f"sqlite:///{path}", foreign_keys=False, durable=False, key=key, reader_cache_mb=_READER_CACHE_MB
        )

    async def open(self) -> Standing:
        """Make the file ready; one of another version or key is thrown away. Returns where it stands.

        Raises DatabaseError where the file cannot be used.
        """
        if await self._schema_known() != _schema_hash():
            await self._throw_away()
            await self._create()
        return await self.standing()

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection for queries, which sees one moment."""
        return self._db.read()

    async def ask(
        self,
        question: Callable[Concatenate[AsyncConnection, P], Coroutine[Any, Any, T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What ``question(connection, …)``, which awaits nothing but statements, finds at one moment: in a
        single trip to the thread of a connection, since the way there and back costs more than most of them.
        """

        async def answered() -> T:
            answer = await question(conn, *args, **kwargs)
            await conn.rollback()  # here, or it would be a second trip
            return answer

        async with self._db.read() as conn:
            return await all_at_once(conn, answered)

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One writing transaction."""
        return self._db.write()

    async def standing(self) -> Standing:
        """Return where the replica stands."""
        async with self._db.read() as conn:
            value = await conn.scalar(select(replica_state.c.value).where(replica_state.c.name == "standing"))
        return Standing() if value is None else msgspec.json.decode(value, type=Standing)

    async def confirmed(self) -> set[UUID]:
        """Return our commands that the rows contain and that may still be in the outbox."""
        async with self._db.read() as conn:
            return set(await conn.scalars(select(confirmed_command.c.id)))

    async def scrub(self) -> None:
        """Leave nothing in the file of what was deleted. Raises DatabaseError."""
        await self._db.scrub()

    async def close(self) -> None:
        """Close the file."""
        await self._db.close()

    async def _schema_known(self) -> str | None:
        if not self._path.exists():
            return None
        try:
            async with self._db.read() as conn:
                if not await conn.run_sync(lambda sync: inspect(sync).has_table(replica_state.name)):
                    return None
                found: str | None = await conn.scalar(
                    select(replica_state.c.value).where(replica_state.c.name == "schema")
                )
                return found
        except WrongKey:
            return None

    async def _throw_away(self) -> None:
        await self._db.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    async def _create(self) -> None:
        _log.info("the replica is made anew")
        async with self._db.write() as conn:
            for statement in _statements():
                await conn.exec_driver_sql(statement)
            await conn.execute(insert(replica_state).values(name="schema", value=_schema_hash()))

    async def write_plain(self, steps: Sequence[Step]) -> None:
        """Take steps, like those that :func:`plain` gave, as one transaction."""
        await self._db.write_at_once(steps)


@dataclass(frozen=True, slots=True)
class Plain:
    """Steps that write batches as they came, and what they change."""

    steps: list[Step]
    changes: Changes


def plain(batches: Sequence[Batch], standing: Standing) -> Plain | None:
    """What writes ``batches`` and where the replica stands then; None where rows leave, or have to be weighed
    against what the desk holds."""
    if any(batch.departures or batch.within is not None for batch in batches):
        return None
    ready = Plain([], {})
    for rows in (rows for batch in batches for rows in batch.rows):
        table = SYNCED.get(rows.table)
        if table is draft:
            return None
        if table is not None:
            values = [to_sqlite(table, row) for row in rows.rows]
            ready.steps.extend((statement, values) for statement in _sparing(table))
            if table is message:
                ready.steps.append(partial(replica_index.add, rows=rows.rows))
            add_changes(ready.changes, _changed(table, rows.rows))
    ready.steps.append((_PUT_STANDING, [_standing_values(standing)]))
    return ready


async def put_standing(conn: AsyncConnection, standing: Standing) -> None:
    """Write where the replica stands."""
    await conn.exec_driver_sql(_PUT_STANDING, _standing_values(standing))


def _standing_values(standing: Standing) -> tuple[str]:
    return (msgspec.json.encode(standing).decode(),)


async def empty(conn: AsyncConnection, standing: Standing) -> None:
    """Forget all rows: everything comes anew."""
    await leaving.note_all_files(conn)
    for table in (*synced_tables(), base_row, confirmed_command):
        await conn.execute(delete(table))
    await replica_index.empty(conn)
    await put_standing(conn, standing)


async def write_batches(conn: AsyncConnection, batches: Sequence[Batch]) -> Changes:
    """Drop what the server says is not to be seen any more, write its rows, newer ones only (by ``ver``),
    then its departures; returns what changed.

    To be called while no overlay lies over the rows.
    """
    changes: Changes = {}
    for batch in batches:
        if batch.within is not None:
            for name, ids in (await leaving.keep_only(conn, batch.within)).items():
                changes.setdefault(name, set()).update(ids)
        for rows in batch.rows:
            table = SYNCED.get(rows.table)
            if table is not None:
                await _write_rows(conn, table, rows.rows)
                add_changes(changes, _changed(table, rows.rows))
        for departure in batch.departures:
            table = SYNCED.get(departure.table)
            if table is not None:
                await leaving.remove(conn, table, departure.id)
                changes.setdefault(table.name, set()).add(departure.id)
    return changes


def _changed(table: Table, rows: Sequence[WireRow]) -> Changes:
    """What it changes to write these rows."""
    changes = {table.name: {UUID(bytes=row["id"]) for row in rows}}
    if table is message:
        changes[TIMELINE] = {UUID(bytes=row["conversation_id"]) for row in rows}
    return changes


async def _write_rows(conn: AsyncConnection, table: Table, rows: Sequence[WireRow]) -> None:
    """Write rows that are newer than ours, as they travelled: a first fill brings hundreds of thousands."""
    if not rows:
        return
    await conn.exec_driver_sql(_upsert(table), [to_sqlite(table, row) for row in rows])
    if table is message:
        await at_once(conn, partial(replica_index.add, rows=rows))


@cache
def _sparing(table: Table) -> tuple[str, ...]:
    """Statements, to be run with the same values, that do what :func:`_upsert` does, for changes of rows.

    All that a statement sets is taken out of its indexes and put in again, also what stays the same; with
    many indexes that is most of what a change writes to the disk. So the first statement sets the columns of
    the indexes where one differs, but for what each change sets anyway, and the second one sets the others.
    """
    if len(table.indexes) < _MANY_INDEXES or table is message:  # nearly all messages are new
        return (_upsert(table),)
    indexed = {column for index in table.indexes for column in index.columns}
    indexed -= {table.c.id, table.c.updated_at}
    named = [column for column in table.c if column in indexed]
    put = put_into(table)
    differs = or_(*(column.is_distinct_from(put.excluded[column.name]) for column in named))
    return (
        _text(put, table, named, and_(put.excluded.ver > table.c.ver, differs)),
        _text(put, table, [c for c in table.c if c not in indexed], put.excluded.ver > table.c.ver),
    )


@cache
def _upsert(table: Table) -> str:
    """The statement that writes a row unless ours is as new."""
    put = put_into(table)
    return _text(put, table, table.c, put.excluded.ver > table.c.ver)


@cache
def put_back(table: Table) -> str:
    """The statement that writes a row, whatever is there; its values are those of :func:`to_sqlite`."""
    return _text(put_into(table), table, table.c)


def _text(
    put: Insert, table: Table, columns: Iterable[Column[Any]], where: ColumnElement[bool] | None = None
) -> str:
    """The statement ``put`` that sets ``columns`` of a row that is there already."""
    values = {column.name: put.excluded[column.name] for column in columns if column is not table.c.id}
    return _in_sqlite(put.on_conflict_do_update(index_elements=[table.c.id], set_=values, where=where))


@cache
def take_out(table: Table) -> str:
    """The statement that removes the row of an id."""
    return _in_sqlite(delete(table).where(table.c.id == bindparam("id")))


def _in_sqlite(statement: ClauseElement) -> str:
    return str(statement.compile(dialect=_dialect))


@cache
def _statements() -> tuple[str, ...]:
    return tuple(_make_statements())


def _make_statements() -> Iterable[str]:
    dialect = _dialect
    shadow = MetaData()
    for table in synced_tables():
        bare = Table(
            table.name,
            shadow,
            *(Column(c.name, c.type, primary_key=c.primary_key, nullable=True) for c in table.c),
        )
        yield str(CreateTable(bare).compile(dialect=dialect))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(_copied(index, bare)).compile(dialect=dialect))
    for own in OWN.sorted_tables:
        yield str(CreateTable(own).compile(dialect=dialect))
    yield from replica_index.statements()


def _copied(index: Index, table: Table) -> Index:
    """The same index on ``table``, but never a unique one: here a rule may be broken for a moment."""
    wanted = (table.c[one.name] if isinstance(one, Column) else _bare(one) for one in index.expressions)
    return Index(str(index.name), *wanted, sqlite_where=index.dialect_kwargs.get("sqlite_where"))


def _bare(term: str | ColumnElement[Any]) -> TextClause:
    """An expression without the name of its table."""
    if isinstance(term, str):
        return text(term)
    return text(str(term.compile(dialect=_dialect, compile_kwargs={"include_table": False})))


def _schema_hash() -> str:
    return hashlib.sha256("\n".join([_VERSION, *_statements()]).encode()).hexdigest()
