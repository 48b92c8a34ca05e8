"""Fewer trips to PostgreSQL: what a transaction asks or writes in a row goes there at once.

A trip costs a server several times what its statement costs the database. So where somebody has said so
(:func:`postpone`), rows that are written wait until the transaction asks for something else or ends, and go
as one statement; and what will be asked soon can be asked in one (:func:`ask_together`): the answers are kept
until they are asked for, or anything is written.

SQLite lies in this process: there, everything happens when it is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import await_only

__all__ = [
    "Question",
    "add_all",
    "ask_together",
    "before_statement",
    "begin",
    "carry_out",
    "fetch",
    "postpone",
]

Question = tuple[str, tuple[Any, ...]]
"""A statement in the driver's form, with its arguments."""
Found = Sequence[Sequence[Any]]

_TRIPS = "agentdesk_trips"
_WRITE = re.compile(r'(INSERT INTO|UPDATE) "?(\w+)"?')
_QUESTION = "SELECT"
_PLACE = re.compile(r"\$(\d+)")
_IN_ARRAYS = "SELECT * FROM unnest("


@dataclass(slots=True)
class _Trips:
    """What a transaction has not carried out yet, and what it knows already."""

    writer: AsyncConnection | None = None
    """The connection of a transaction whose writes may wait."""
    writes: list[Question] = field(default_factory=list)
    known: list[tuple[Question, Found]] = field(default_factory=list)

    def take_known(self, question: Question) -> Found | None:
        for number, (asked, found) in enumerate(self.known):
            if asked == question:
                del self.known[number]
                return found
        return None

    def take_writes(self) -> list[Question]:
        writes, self.writes = self.writes, []
        return writes

    def fits(self, sql: str) -> bool:
        """Whether a write may go with those that wait. All of them see the rows as they were before, in no
        order: so none may need what another one writes."""
        verb, table = _written(sql)
        if not verb:
            return False
        others = [_written(one) for one, _ in self.writes]
        return not any(name == table and "UPDATE" in (verb, other) for other, name in others)


def begin(conn: AsyncConnection) -> None:
    """A transaction begins on ``conn``: nothing is left of the one before."""
    conn.info.pop(_TRIPS, None)


def postpone(conn: AsyncConnection) -> None:
    """Let rows that the transaction of ``conn`` writes wait as long as nobody can tell the difference; what
    is wrong with them (IntegrityError) is raised later, at the end of the transaction at last."""
    if conn.dialect.name == "postgresql":
        conn.info.setdefault(_TRIPS, _Trips()).writer = conn


async def carry_out(conn: AsyncConnection) -> None:
    """Write what waits. Raises what writing it raises."""
    trips: _Trips | None = conn.info.get(_TRIPS)
    if trips is not None and trips.writes:
        await _drive(conn, _at_once(trips.take_writes()))


async def ask_together(conn: AsyncConnection, questions: Sequence[Question]) -> None:
    """Ask several questions (SELECT) in one trip, within a transaction that has begun: whoever asks one of
    them next gets that answer. What one of them locks is not seen anew by the others."""
    if len(questions) < 2 or _line(conn) is None:
        return
    await carry_out(conn)
    (row,) = await _drive(conn, (_arrays(tuple(sql for sql, _ in questions)), _arguments(questions)))
    trips = conn.info.setdefault(_TRIPS, _Trips())
    trips.known = list(zip(questions, row, strict=True))


async def fetch(conn: AsyncConnection, sql: str, arguments: tuple[Any, ...]) -> Found:
    """Carry out ``sql`` with arguments in the driver's form, and return its rows in that form."""
    if _line(conn) is None:
        result = await conn.exec_driver_sql(sql, arguments)
        return result.all() if result.returns_rows else ()
    question, trips = (sql, arguments), conn.info.get(_TRIPS)
    if trips is None:
        return await _drive(conn, question)
    if sql.startswith(_QUESTION):
        known: Found | None = trips.take_known(question)
        if known is not None:
            return known
    else:
        trips.known.clear()
        if trips.writes and trips.fits(sql):
            return await _drive(conn, _at_once([*trips.take_writes(), question]))
    await carry_out(conn)
    return await _drive(conn, question)


async def add_all(conn: AsyncConnection, sql: str, rows: list[tuple[Any, ...]]) -> None:
    """Carry out ``sql``, which returns nothing, once with each of ``rows``; perhaps later."""
    line = _line(conn)
    if line is None:
        await conn.exec_driver_sql(sql, rows)
        return
    trips: _Trips | None = conn.info.get(_TRIPS)
    if trips is not None:
        trips.known.clear()
        if len(rows) == 1 and trips.writer is not None and _written(sql)[0]:
            if not trips.fits(sql):
                await carry_out(conn)
            trips.writes.append((sql, rows[0]))
            return
        await carry_out(conn)
    if len(rows) == 1:
        await _drive(conn, (sql, rows[0]))
        return
    from agentdesk.store.postgresql import driving

    async with driving(conn, sql):
        await line.executemany(sql, rows)


def before_statement(connection: Connection, _cursor: object, sql: str, *_more: object) -> None:
    """Carry out what waits before SQLAlchemy itself asks for something; to be called by the engine."""
    trips: _Trips | None = connection.info.get(_TRIPS)
    if trips is None:
        return
    if not sql.startswith(_QUESTION):
        trips.known.clear()
    if trips.writes and trips.writer is not None:
        await_only(carry_out(trips.writer))


async def _drive(conn: AsyncConnection, question: Question) -> Found:
    from agentdesk.store.postgresql import driving

    sql, arguments = question
    async with driving(conn, sql):
        found: Found = await _line(conn).fetch(sql, *arguments)
    return found


def _line(conn: AsyncConnection) -> Any:
    """PostgreSQL's driver, once SQLAlchemy has begun the transaction with the first statement; else None."""
    if conn.dialect.name != "postgresql" or conn.sync_connection is None:
        return None
    line: Any = conn.sync_connection.connection.driver_connection
    return line if line.is_in_transaction() else None


@lru_cache(maxsize=1_000)
def _written(sql: str) -> tuple[str, str]:
    """Whether a statement adds or changes rows, and in which table; empty where it is of another kind, or
    reads rows of others."""
    found = _WRITE.match(sql)
    if found is None or "SELECT" in sql.replace(_IN_ARRAYS, ""):
        return "", ""
    return found[1], found[2]


def _at_once(writes: Sequence[Question]) -> Question:
    """Return one statement for several writes, which returns what the last one returns."""
    return _joined(tuple(sql for sql, _ in writes)), _arguments(writes)


def _arguments(questions: Sequence[Question]) -> tuple[Any, ...]:
    return tuple([value for _, arguments in questions for value in arguments])


@lru_cache(maxsize=500)
def _joined(statements: tuple[str, ...]) -> str:
    *before, last = _numbered(statements)
    if not before:
        return last
    return "WITH " + ", ".join(f"w{n} AS ({sql})" for n, sql in enumerate(before)) + f" {last}"


@lru_cache(maxsize=500)
def _arrays(statements: tuple[str, ...]) -> str:
    """One SELECT with an array of rows for each of ``statements``."""
    arrays = (f"ARRAY(SELECT ROW(q.*) FROM ({sql}) q)" for sql in _numbered(statements))  # noqa: S608 - ours
    return "SELECT " + ", ".join(arrays)


def _numbered(statements: Sequence[str]) -> list[str]:
    """Number the parameters of all statements on from those of the ones before."""
    numbered, before = [], 0
    for sql in statements:
        parts = _PLACE.split(sql)  # every second one is a number
        parts[1::2] = [f"${int(number) + before}" for number in parts[1::2]]
        numbered.append("".join(parts))
        before += max((int(number) for number in _PLACE.findall(sql)), default=0)
    return numbered
