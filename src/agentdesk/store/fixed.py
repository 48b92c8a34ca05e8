"""Statements whose form never changes, at the least cost for each time.

SQLAlchemy takes several times as long to bring a statement to PostgreSQL as the driver does. What every
command asks is compiled once; within a transaction that has begun it goes straight to the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["Fixed", "Processor", "add_all", "fetch", "parameters"]

Processor = Callable[[Any], Any]
"""Brings a value into the form that the driver takes, or that we take from it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    sql: str
    asked: tuple[tuple[str, Any, Processor | None], ...]
    given: tuple[tuple[str, Processor | None], ...]

    def arguments(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        found = [(values.get(name, constant), process) for name, constant, process in self.asked]
        return tuple([value if process is None else process(value) for value, process in found])

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        return {
            name: value if process is None else process(value)
            for (name, process), value in zip(self.given, values, strict=True)
        }


class Fixed:
    """A statement of SQLAlchemy Core whose values are named parameters (``bindparam`` with a type)."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._plans: dict[str, _Plan] = {}

    async def rows(self, conn: AsyncConnection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Carry it out and return what it selects, or returns, by the names of the columns.

        Raises what ``conn.execute`` would raise.
        """
        plan = self._planned(conn.dialect)
        return [plan.row(row) for row in await fetch(conn, plan.sql, plan.arguments(values))]

    async def each(self, conn: AsyncConnection, many: Sequence[Mapping[str, Any]]) -> None:
        """Carry out one that returns nothing, once with each of ``many`` values."""
        if not many:
            return
        plan = self._planned(conn.dialect)
        await add_all(conn, plan.sql, [plan.arguments(values) for values in many])

    def _planned(self, dialect: Dialect) -> _Plan:
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = _plan(self._statement, dialect)
        return plan


def _plan(statement: ClauseElement, dialect: Dialect) -> _Plan:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    columns: ReadOnlyColumnCollection[str, Any] | tuple[()] = getattr(statement, "exported_columns", ())
    given = tuple(
        (str(column.key), column.type.dialect_impl(dialect).result_processor(dialect, None))
        for column in columns
    )
    constants = compiled.params
    asked = tuple((name, constants[name], process) for name, process in parameters(compiled, dialect))
    return _Plan(str(compiled), asked, given)


def parameters(compiled: SQLCompiler, dialect: Dialect) -> tuple[tuple[str, Processor | None], ...]:
    """Return the names of a compiled statement's parameters in the driver's order, with what each goes
    through."""
    return tuple(
        (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        for name in compiled.positiontup or ()
    )


async def fetch(conn: AsyncConnection, sql: str, arguments: tuple[Any, ...]) -> Sequence[Sequence[Any]]:
    """Carry out ``sql`` with arguments in the driver's form, and return its rows in that form."""
    line = _line(conn)
    if line is None:
        result = await conn.exec_driver_sql(sql, arguments)
        return result.all() if result.returns_rows else ()
    from agentdesk.store.postgresql import driving

    async with driving(conn, sql):
        found: Sequence[Sequence[Any]] = await line.fetch(sql, *arguments)
    return found


async def add_all(conn: AsyncConnection, sql: str, rows: list[tuple[Any, ...]]) -> None:
    """Carry out ``sql``, which returns nothing, once with each of ``rows``."""
    line = _line(conn)
    if line is None:
        await conn.exec_driver_sql(sql, rows)
        return
    from agentdesk.store.postgresql import driving

    async with driving(conn, sql):
        if len(rows) == 1:
            await line.fetch(sql, *rows[0])
        else:
            await line.executemany(sql, rows)


def _line(conn: AsyncConnection) -> Any:
    """PostgreSQL's driver, once SQLAlchemy has begun the transaction with the first statement; else None."""
    if conn.dialect.name != "postgresql" or conn.sync_connection is None:
        return None
    line: Any = conn.sync_connection.connection.driver_connection
    return line if line.is_in_transaction() else None
