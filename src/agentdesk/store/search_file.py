"""The index of words in a SQLite file, in SQLite's own words: each message that a desk hears of is put into
it, and what SQLAlchemy does for a statement costs more than the statement."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

__all__ = ["Words", "put", "take_out"]

_LAST = "SELECT coalesce(max(id), 0) FROM search_entry"
_PUT = "INSERT INTO search_entry (id, message_id, conversation_id, inbox_id, words) VALUES (?, ?, ?, ?, ?)"
_PUT_WORDS = "INSERT INTO search_index (rowid, words) VALUES (?, ?)"
_FIND = "SELECT id, words FROM search_entry WHERE message_id = ?"
_TAKE_OUT = "DELETE FROM search_entry WHERE id = ?"
_TAKE_OUT_WORDS = "INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', ?, ?)"


class Words(NamedTuple):
    """What a message is found by, and where it is."""

    conversation_id: UUID
    inbox_id: UUID
    words: str


def put(db: sqlite3.Connection, entries: Mapping[UUID, Words]) -> None:
    """Make messages, by their ids, findable that are not in the index."""
    (last,) = db.execute(_LAST).fetchone()
    rows: list[Sequence[object]] = []
    texts: list[tuple[int, str]] = []
    for number, (message_id, entry) in enumerate(entries.items(), last + 1):
        packed = zlib.compress(entry.words.encode(), 1)
        rows.append((number, message_id.bytes, entry.conversation_id.bytes, entry.inbox_id.bytes, packed))
        texts.append((number, entry.words))
    db.executemany(_PUT, rows)
    db.executemany(_PUT_WORDS, texts)


def take_out(db: sqlite3.Connection, message_ids: Iterable[UUID]) -> None:
    """Take messages out of the index; those that are not in it do not matter.

    An index without content is told the very words that it is to forget.
    """
    for message_id in message_ids:
        for number, packed in db.execute(_FIND, (message_id.bytes,)).fetchall():
            db.execute(_TAKE_OUT_WORDS, (number, zlib.decompress(packed).decode()))
            db.execute(_TAKE_OUT, (number,))
