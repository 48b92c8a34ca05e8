"""Taking out of an outbox all that is about certain conversations, customers and saved views."""

from __future__ import annotations

import sqlite3
from collections.abc import Set
from uuid import UUID

import msgspec

from agentdesk.commands.values import Envelope

__all__ = ["drop_about", "scrub"]

_ABOUT = ("conversation_id", "contact_id", "view_id")
_envelope_decoder = msgspec.msgpack.Decoder(Envelope)


def drop_about(db: sqlite3.Connection, ids: Set[UUID]) -> set[UUID]:
    """Drop commands in any state, also those that were confirmed, and drafts, within the caller's
    transaction; returns which commands have gone."""
    gone: set[UUID] = set()
    for seq, encoded in db.execute("SELECT seq, envelope FROM command").fetchall():
        envelope = _envelope_decoder.decode(encoded)
        named = (getattr(envelope.command, name, None) for name in _ABOUT)
        if any(one in ids for one in named):
            db.execute("DELETE FROM command WHERE seq = ?", (seq,))
            gone.add(envelope.id)
    for table in ("draft", "draft_state", "draft_aside"):
        statement = f"DELETE FROM {table} WHERE conversation_id = ?"  # noqa: S608 - our own names
        db.executemany(statement, [(one.bytes,) for one in ids])
    return gone


def scrub(db: sqlite3.Connection) -> None:
    """Leave nothing in the file of what was deleted."""
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
