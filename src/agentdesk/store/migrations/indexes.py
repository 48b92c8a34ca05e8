"""Indexes on tables that grow: PostgreSQL builds them while all others write, which a plain one locks out.

Such an index is a revision of its own: its module names them as ``INDEXES``, and its ``upgrade`` calls
:func:`make`. On PostgreSQL they are built before that revision begins, outside of any transaction, as often
as it takes: what a killed program left is dropped and built anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Index, MetaData, Table, column, text
from sqlalchemy.schema import CreateIndex, DropIndex

from agentdesk.base.log import get_logger
from agentdesk.store.errors import DatabaseBusy

if TYPE_CHECKING:
    from agentdesk.store.engine import Database

__all__ = ["NewIndex", "build", "make", "missing"]

_log = get_logger(__name__)

# Not the lock of the migrations themselves: who waits for that one has a snapshot, and building waits for all
# snapshots that are older.
_LOCK = 0x4167656E744966
_VALID = text(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(CAST(:name AS text)))"
)


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index on ``columns`` of a table that was there before; ``where``: of the rows that it is about."""

    name: str
    table: str
    columns: tuple[str, ...]
    where: str | None = None


def make(indexes: Iterable[NewIndex]) -> None:
    """Create those that are not there yet, within the revision: all on SQLite and in an empty database."""
    from alembic import op

    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        indexes = missing(connection, indexes)
    for one in indexes:
        where = text(one.where) if one.where is not None else None
        op.create_index(
            one.name,
            one.table,
            list(one.columns),
            if_not_exists=True,
            postgresql_where=where,
            sqlite_where=where,
        )


def missing(connection: Connection, indexes: Iterable[NewIndex]) -> tuple[NewIndex, ...]:
    """Return those that a PostgreSQL does not have, or has not built to the end."""
    return tuple(one for one in indexes if not connection.scalar(_VALID, {"name": one.name}))


async def build(db: Database, indexes: Sequence[NewIndex]) -> None:
    """Build indexes on PostgreSQL while others write; on return they are whole.

    Raises DatabaseBusy where somebody else builds them now, or builds were broken off, and what
    :meth:`Database.write` raises.
    """
    async with db.maintain() as turn:
        if not await turn.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}):
            raise DatabaseBusy
        # Last, since it lets go of the snapshot of the statement before: building would wait for that.
        await turn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        async with db.beside() as conn:
            for one in await conn.run_sync(missing, indexes):
                _log.info("building an index", index=one.name)
                index = _index(one)
                await conn.execute(DropIndex(index, if_exists=True))
                await conn.execute(CreateIndex(index))


def _index(one: NewIndex) -> Index:
    where = text(one.where) if one.where is not None else None
    columns: list[ColumnElement[object]] = [column(name) for name in one.columns]
    index = Index(one.name, *columns, postgresql_concurrently=True, postgresql_where=where)
    index._set_parent(Table(one.table, MetaData()))
    return index
