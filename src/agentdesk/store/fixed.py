"""Statements whose form never changes, at the least cost for each time.

SQLAlchemy takes several times as long to bring a statement to PostgreSQL as the driver does. What every
command asks is compiled once; within a transaction that has begun it goes straight to the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Dialect, Select, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.compiler import SQLCompiler

from agentdesk.store.trips import Question, add_all, ask_together, fetch

__all__ = ["Among", "Asked", "Fixed", "Processor", "look_ahead", "parameters"]

Processor = Callable[[Any], Any]
"""Brings a value into the form that the driver takes, or that we take from it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    sql: str
    asked: tuple[tuple[str, Any, Processor | None], ...]
    given: tuple[tuple[str, Processor | None], ...]

    def question(self, values: Mapping[str, Any]) -> Question:
        return self.sql, self.arguments(values)

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
        return [plan.row(row) for row in await fetch(conn, *plan.question(values))]

    async def first(self, conn: AsyncConnection, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Carry it out and return the first of :meth:`rows`, or None."""
        found = await self.rows(conn, values)
        return found[0] if found else None

    async def each(self, conn: AsyncConnection, many: Sequence[Mapping[str, Any]]) -> None:
        """Carry out one that returns nothing, once with each of ``many`` values."""
        if not many:
            return
        plan = self._planned(conn.dialect)
        await add_all(conn, plan.sql, [plan.arguments(values) for values in many])

    def question(self, dialect: Dialect, values: Mapping[str, Any]) -> Question:
        """Return what the driver is asked."""
        return self._planned(dialect).question(values)

    def _planned(self, dialect: Dialect) -> _Plan:
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = _plan(self._statement, dialect)
        return plan


class Among:
    """A statement that asks for rows by a ``column`` whose value is among given ones.

    However many these are, it is one statement for PostgreSQL, prepared once.
    """

    def __init__(self, statement: Select[Any], column: ColumnElement[Any]) -> None:
        self._statement = statement
        self._column = column
        values = bindparam("among", type_=ARRAY(column.type))
        self._fixed = Fixed(statement.where(column == any_(values)))

    async def rows(
        self, conn: AsyncConnection, among: Collection[Any], values: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return what it selects for the values ``among``; ``values`` are its other parameters."""
        if conn.dialect.name == "postgresql":
            fixed, given = self.of(among, values)
            return await fixed.rows(conn, given)
        found = await conn.execute(self._statement.where(self._column.in_(among)), values)
        return [dict(row) for row in found.mappings()]

    def of(self, among: Collection[Any], values: Mapping[str, Any] | None = None) -> Asked:
        """Return what PostgreSQL is asked for the values ``among``."""
        return self._fixed, {**(values or {}), "among": list(among)}


Asked = tuple[Fixed, Mapping[str, Any]]
"""A statement and the values that it is asked with."""


async def look_ahead(conn: AsyncConnection, *asked: Asked) -> None:
    """Say what the transaction of ``conn`` will ask next, each with these very values, before it writes: see
    :mod:`agentdesk.store.trips`. What must not change meanwhile is to be locked before."""
    if conn.dialect.name == "postgresql":
        await ask_together(conn, [fixed.question(conn.dialect, values) for fixed, values in asked])


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
