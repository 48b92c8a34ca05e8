"""Many rows into one table, at the least cost for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.fixed import Processor, add_all, parameters

__all__ = ["insert_many"]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A compiled statement, and what brings each column's value into the form that the driver takes."""

    sql: str
    columns: tuple[tuple[str, Processor | None], ...]

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple([row[name] if process is None else process(row[name]) for name, process in self.columns])


_plans: dict[tuple[str, str, bool, tuple[str, ...]], _Plan] = {}


async def insert_many(
    conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], *, ignore: bool = False
) -> None:
    """Add ``rows``, which all name the same columns; ``ignore`` leaves out those that are there already.

    SQLAlchemy takes longer to bring a row's values into order than the database takes to write it: here the
    statement is compiled once, and the values go straight to the driver.
    """
    if not rows:
        return
    names = tuple(rows[0])
    key = (conn.dialect.name, table.name, ignore, names)
    plan = _plans.get(key)
    if plan is None:
        plan = _plans[key] = _compiled(conn.dialect, table, names, ignore)
    await add_all(conn, plan.sql, [plan.values(row) for row in rows])


def _compiled(dialect: Dialect, table: Table, names: Sequence[str], ignore: bool) -> _Plan:
    make = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = make(table).on_conflict_do_nothing() if ignore else make(table)
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    return _Plan(str(compiled), parameters(compiled, dialect))
