"""What the full-text index knows. On SQLite the index itself is a virtual table beside this one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, event, text

from agentdesk.store.base import metadata
from agentdesk.store.types import Id, Words

search_entry = Table(
    "search_entry",
    metadata,
    # Also the row of the virtual table.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("message_id", Id, nullable=False, unique=True),
    Column("conversation_id", Id, nullable=False),
    Column("inbox_id", Id, nullable=False, index=True),
    # PostgreSQL: what is searched. SQLite: what was indexed, needed to take it out again.
    Column("words", Words, nullable=False),
)
Index("ix_search_entry_words", search_entry.c.words, postgresql_using="gin").ddl_if(dialect="postgresql")

# The tokens are ours (agentdesk.store.search): "ascii" only cuts at the blanks between them, where the
# others would cut at the vowel signs of Hindi and at every letter younger than Unicode 6.1.
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5(words, content='', tokenize='ascii', columnsize=0)"
)


@event.listens_for(search_entry, "after_create")
def _create_index(_table: Table, connection: Connection, **_options: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text(SQLITE_INDEX))


@event.listens_for(search_entry, "before_drop")
def _drop_index(_table: Table, connection: Connection, **_options: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TABLE IF EXISTS search_index"))
