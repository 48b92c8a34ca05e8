"""What the full-text index knows. On SQLite the index itself is a virtual table beside this one."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Column, Index, Integer, Table, event

from agentdesk.store.base import metadata
from agentdesk.store.types import Id, Words

search_entry = Table(
    "search_entry",
    metadata,
    # Also the row of the virtual table; never given twice.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("message_id", Id, nullable=False, unique=True),
    Column("conversation_id", Id, nullable=False),
    Column("inbox_id", Id, nullable=False, index=True),
    # PostgreSQL: what is searched. SQLite: what was indexed, needed to take it out again.
    Column("words", Words, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_search_entry_words", search_entry.c.words, postgresql_using="gin").ddl_if(dialect="postgresql")

# The tokens are ours (agentdesk.store.search): "ascii" only cuts at the blanks between them, where the
# others would cut at the vowel signs of Hindi and at every letter younger than Unicode 6.1.
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5(words, content='', tokenize='ascii', columnsize=0)"
)

event.listen(search_entry, "after_create", DDL(SQLITE_INDEX).execute_if(dialect="sqlite"))
event.listen(
    search_entry, "before_drop", DDL("DROP TABLE IF EXISTS search_index").execute_if(dialect="sqlite")
)
