"""The replica's own full-text index of messages, kept in step with the rows of messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import Table, delete
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from agentdesk.store import search
from agentdesk.store.tables import message, search_entry
from agentdesk.store.tables.search import SQLITE_INDEX
from agentdesk.sync.wire_rows import WireRow

__all__ = ["add", "empty", "remove", "statements"]

_EMPTY_INDEX = "INSERT INTO search_index(search_index) VALUES('delete-all')"


def statements() -> Iterator[str]:
    """The statements that create the index in an empty file."""
    dialect = sqlite_dialect()
    yield str(CreateTable(search_entry).compile(dialect=dialect))
    for index in search_entry.indexes:
        if index.dialect_kwargs.get("postgresql_using") is None:
            yield str(CreateIndex(index).compile(dialect=dialect))
    yield SQLITE_INDEX


async def add(conn: AsyncConnection, table: Table, rows: Sequence[WireRow]) -> None:
    """Make rows, in travelling form, findable where they are messages."""
    if table is not message:
        return
    await search.index_messages(
        conn,
        [
            (
                UUID(bytes=row["id"]),
                UUID(bytes=row["conversation_id"]),
                UUID(bytes=row["inbox_id"]),
                search.search_text(row["subject"], row["text"], _names(row)),
            )
            for row in rows
        ],
    )


async def remove(conn: AsyncConnection, table: Table, ids: Sequence[UUID]) -> None:
    """Make messages that have gone unfindable."""
    if table is message and ids:
        await search.remove(conn, ids)


async def empty(conn: AsyncConnection) -> None:
    """Forget everything."""
    await conn.execute(delete(search_entry))
    await conn.exec_driver_sql(_EMPTY_INDEX)


def _names(row: WireRow) -> list[str]:
    sender = row["sender"] or {}
    return [name for name in (sender.get("name", ""), sender.get("value", "")) if name]
