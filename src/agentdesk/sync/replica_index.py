"""The replica's own full-text index of messages.

A few messages are indexed with the rows they come in. Indexing costs twice as much as everything else about a
message, so of many (a first fill, a day away) only the ids are noted, in the same transaction, and
:class:`agentdesk.sync.indexing.Indexer` does the work when the desk is current.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sqlite3 import Connection
from uuid import UUID

from sqlalchemy import Column, MetaData, Table, delete, select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from agentdesk.store import search, search_file
from agentdesk.store.search_file import Words
from agentdesk.store.tables import message, search_entry
from agentdesk.store.tables.search import SQLITE_INDEX
from agentdesk.store.types import Id
from agentdesk.sync.wire_rows import WireRow

__all__ = ["MANY", "add", "add_waiting", "empty", "remove", "statements"]

MANY = 100
"""More messages than that, which came together, are only noted at first."""
_NOTE = "INSERT INTO unindexed_message (id) VALUES (?) ON CONFLICT DO NOTHING"
_EMPTY_INDEX = "INSERT INTO search_index(search_index) VALUES('delete-all')"

unindexed = Table("unindexed_message", MetaData(), Column("id", Id, primary_key=True))


def statements() -> Iterator[str]:
    """The statements that create the index in an empty file."""
    dialect = sqlite_dialect()
    yield str(CreateTable(search_entry).compile(dialect=dialect))
    for index in search_entry.indexes:
        if index.dialect_kwargs.get("postgresql_using") is None:
            yield str(CreateIndex(index).compile(dialect=dialect))
    yield SQLITE_INDEX
    yield str(CreateTable(unindexed).compile(dialect=dialect))


def add(db: Connection, rows: Sequence[WireRow]) -> None:
    """Make messages, in travelling form, findable; many of them are only noted."""
    if len(rows) > MANY:
        db.executemany(_NOTE, [(row["id"],) for row in rows])
        return
    entries = {
        UUID(bytes=row["id"]): Words(
            UUID(bytes=row["conversation_id"]),
            UUID(bytes=row["inbox_id"]),
            search.tokens(_text_of(row["subject"], row["text"], row["sender"])),
        )
        for row in rows
    }
    search_file.take_out(db, entries)
    search_file.put(db, entries)


async def add_waiting(conn: AsyncConnection, limit: int) -> int:
    """Index up to ``limit`` of the messages that were only noted; returns how many there were.

    The oldest come first: a search looks at those that were indexed last.
    """
    ids = list(await conn.scalars(select(unindexed.c.id).order_by(unindexed.c.id).limit(limit)))
    if not ids:
        return 0
    columns = message.c
    wanted = (
        columns.id,
        columns.conversation_id,
        columns.inbox_id,
        columns.subject,
        columns.text,
        columns.sender,
    )
    rows = await conn.execute(select(*wanted).where(columns.id.in_(ids)).order_by(columns.id))
    entries = [
        (row.id, row.conversation_id, row.inbox_id, _text_of(row.subject, row.text, row.sender))
        for row in rows
    ]
    await search.index_messages(conn, entries)
    await conn.execute(delete(unindexed).where(unindexed.c.id.in_(ids)))
    return len(ids)


async def remove(conn: AsyncConnection, table: Table, ids: Sequence[UUID]) -> None:
    """Make messages that have gone unfindable. Noted ones need nothing: they are not there when their turn
    comes."""
    if table is message and ids:
        await search.remove(conn, ids)


async def empty(conn: AsyncConnection) -> None:
    """Forget everything."""
    await conn.execute(delete(search_entry))
    await conn.execute(delete(unindexed))
    await conn.exec_driver_sql(_EMPTY_INDEX)


def _text_of(subject: str, body: str, sender: dict[str, str] | None) -> str:
    party = sender or {}
    names = [name for name in (party.get("name", ""), party.get("value", "")) if name]
    return search.search_text(subject, body, names)
