"""Items that are stored and not yet recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.sdk.inbound import RawItem
from agentdesk.server.meaning import Interpretation
from agentdesk.store.tables import raw_item

_LONGEST_SOURCE_ID = 400
_AT_ONCE = 1_000  # names in one statement


@dataclass(slots=True)
class Pending:
    """An item that is stored and not yet recorded; ``raw`` is None while only the database holds it."""

    id: UUID
    raw: bytes | None
    facts: Mapping[str, object]
    received_at: datetime
    attempts: int = 0
    replaces: UUID | None = None
    careful: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A batch from the backlog, and what its items will turn out to mean."""

    batch: Sequence[Pending]
    results: asyncio.Task[list[Interpretation]]


def pending_of(item: RawItem, now: datetime) -> Pending:
    """Return ``item`` as it waits to be recorded."""
    came = clock.to_utc(item.received_at) if item.received_at else now
    return Pending(new_id(), item.raw, item.facts, came)


def by_name(items: Sequence[RawItem]) -> dict[str, RawItem]:
    """Return ``items`` by the names they are stored under."""
    return {item.source_id[:_LONGEST_SOURCE_ID]: item for item in items}


def raw_row(
    pending: Pending, account_id: UUID, name: str, item: RawItem, content: str, now: datetime
) -> dict[str, Any]:
    """Return the row of an item that is stored under ``name``; ``content`` is the hash of its bytes."""
    return {
        "id": pending.id,
        "account_id": account_id,
        "source_id": name,
        "blob": content,
        "facts": dict(item.facts),
        "received_at": item.received_at,
        "state": "new",
        "attempts": 0,
        "problem": "",
        "message_id": None,
        "created_at": now,
    }


async def known_names(conn: AsyncConnection, account_id: UUID, names: Sequence[str]) -> set[str]:
    """Return those of ``names`` under which the account has an item."""
    known: set[str] = set()
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        known.update(
            await conn.scalars(
                select(raw_item.c.source_id).where(
                    raw_item.c.account_id == account_id, raw_item.c.source_id.in_(some)
                )
            )
        )
    return known
