"""The numbers of a desk's commands, by which the server knows for ever which of them it has had."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import UUID

import msgspec

from agentdesk.commands.values import Envelope

__all__ = ["number_anew", "numbered"]

_decoder = msgspec.msgpack.Decoder(Envelope)
_encode = msgspec.msgpack.Encoder().encode


def numbered(db: sqlite3.Connection, envelope: Envelope) -> Envelope:
    """Return ``envelope`` with the next number, within the caller's transaction."""
    db.execute("INSERT OR IGNORE INTO about (name, value) VALUES ('last_number', '0')")
    row = db.execute(
        "UPDATE about SET value = CAST(value AS INTEGER) + 1 WHERE name = 'last_number' RETURNING value"
    ).fetchone()
    return msgspec.structs.replace(envelope, number=int(row[0]))


def number_anew(db: sqlite3.Connection, command_ids: Sequence[UUID]) -> dict[UUID, Envelope]:
    """Let commands that wait come after all others, in the given order, within the caller's transaction.
    Returns them with their numbers, without those that wait no more."""
    moved: dict[UUID, Envelope] = {}
    for command_id in command_ids:
        row = db.execute(
            "SELECT seq, envelope FROM command WHERE id = ? AND state = 'waiting'", (command_id.bytes,)
        ).fetchone()
        if row is None:
            continue
        again = moved[command_id] = numbered(db, _decoder.decode(row[1]))
        values = (again.number, _encode(again), row[0])
        db.execute("UPDATE command SET number = ?, envelope = ? WHERE seq = ?", values)
    return moved
