"""The audit trail: who did what, on which rows, when, and what came of it. Never what somebody wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.store.bulk import insert_many
from agentdesk.store.tables import audit_entry

__all__ = ["Entry", "hash_of", "record"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. ``data`` holds ids, codes and numbers only.

    ``kind`` is ``command``, ``sign_in``, ``admin``, ``export``, ``read``, ``erasure`` or ``retention``;
    ``outcome`` is ``done``, ``refused`` or ``failed``.
    """

    kind: str
    what: str
    outcome: str
    actor: str
    user_id: UUID | None = None
    desk_id: UUID | None = None
    contact_id: UUID | None = None
    conversation_id: UUID | None = None
    ref: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


async def record(conn: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Add entries in the transaction of ``conn``: they are there exactly if what they tell was done."""
    now = clock.now()
    rows = [
        {
            "at": now,
            "kind": entry.kind,
            "what": entry.what,
            "outcome": entry.outcome,
            "actor": entry.actor,
            "user_id": entry.user_id,
            "desk_id": entry.desk_id,
            "contact_id": entry.contact_id,
            "conversation_id": entry.conversation_id,
            "ref": entry.ref,
            "data": entry.data,
        }
        for entry in entries
    ]
    await insert_many(conn, audit_entry, rows)


def hash_of(row: RowMapping) -> bytes:
    """Return the SHA-256 of an entry in its canonical form, the same on both databases."""
    ids = ("user_id", "desk_id", "contact_id", "conversation_id", "ref")
    canonical = [
        row["seq"],
        row["at"].isoformat(timespec="microseconds"),
        *(row[name] for name in ("kind", "what", "outcome", "actor")),
        *(row[name].hex if row[name] is not None else "" for name in ids),
        row["data"],
    ]
    return hashlib.sha256(msgspec.json.encode(canonical, order="deterministic")).digest()
