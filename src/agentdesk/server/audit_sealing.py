"""Sealing the audit trail: every minute, what is finished is hashed into a chain.

A seal names its entries by number and carries the hash of each, of all, and of the seal before it. On
PostgreSQL a transaction may become visible after later ones, so only what is below the oldest running
transaction is sealed: nothing can slip behind a seal.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import RowMapping, Select, String, cast, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.backoff import scattered
from agentdesk.base.log import get_logger
from agentdesk.server.leases import Lease, LeaseLost
from agentdesk.store.audit import hash_of
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.facts import fact, put_fact
from agentdesk.store.tables import audit_entry, audit_seal
from agentdesk.store.types import Xid

__all__ = [
    "HEAD",
    "NOTES",
    "NOTHING",
    "content_of",
    "digest_of",
    "expand",
    "note_head",
    "seal",
    "seal_for_ever",
]

HEAD = "audit_head"
"""The fact of the server that names the newest seal, as ``number:digest``."""
NOTHING = "0" * 64
"""What the first seal names as the digest of the one before it."""
LEASE = "audit"
_EVERY_SECONDS = 60.0
_AT_ONCE = 1_000
_UNCERTAIN = timedelta(hours=1)
"""How far back entries are looked for that were not sealed when the database was copied."""
_MARK_BYTES = 8
NOTES = "audit-heads.txt"
"""The file in the server's folder in which heads are noted down, the oldest first."""
_NOTED_EVERY = 10
_LONGEST_LINE = 200

_log = get_logger(__name__)


async def seal_for_ever(db: Database, holder: str, notes: Path) -> None:
    """Seal now and every minute, and note the head down in ``notes``; several servers may do it."""
    rounds = 0
    while True:
        try:
            await seal(db, Lease(db, LEASE, holder))
        except LeaseLost:
            pass
        except DatabaseError as error:
            _log.warning("the audit trail cannot be sealed", problem=str(error))
        if rounds % _NOTED_EVERY == 0:
            await _note_quietly(db, notes)
        rounds += 1
        await asyncio.sleep(scattered(0.75 * _EVERY_SECONDS, _EVERY_SECONDS))


async def note_head(db: Database, notes: Path) -> None:
    """Add the newest seal to a file outside of the database, with the moment before it, and to the log: who
    makes the whole chain anew in the database does not reach these. Raises DatabaseError and OSError."""
    async with db.read() as conn:
        head = await fact(conn, HEAD)
    if head is not None and await asyncio.to_thread(_add_line, notes, head):
        _log.info("the audit trail is sealed", head=head)


async def _note_quietly(db: Database, notes: Path) -> None:
    try:
        await note_head(db, notes)
    except (DatabaseError, OSError) as error:
        _log.warning("the head of the audit trail cannot be noted down", problem=str(error))


def _add_line(notes: Path, head: str) -> bool:
    """Whether the head was not the last one there already."""
    with os.fdopen(os.open(notes, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600), "a+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LONGEST_LINE))
        words = file.read().split()
        if words and words[-1] == head.encode():
            return False
        file.write(f"{clock.now().isoformat(timespec='seconds')} {head}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    return True


async def seal(db: Database, lease: Lease, at_once: int = _AT_ONCE) -> int:
    """Seal what is finished, in batches of ``at_once`` entries; returns how many entries were sealed.

    Raises LeaseLost where another server takes over, and DatabaseError.
    """
    async with db.read(snapshot=True) as conn:
        if not await _anything(conn):
            return 0
    if not await lease.acquire():
        return 0
    sealed = 0
    while True:
        async with db.write() as conn:
            await lease.check(conn)
            count = await _seal_next(conn, at_once)
        if not count:
            break
        sealed += count
    await lease.release()
    return sealed


async def _anything(conn: AsyncConnection) -> bool:
    """Whether there may be something to seal."""
    last = await _last(conn)
    if last is None or await _is_elsewhere(conn, last):
        return await conn.scalar(select(audit_entry.c.seq).limit(1)) is not None
    return bool((await conn.execute(_following(last, await _horizon(conn), 1))).all())


async def _seal_next(conn: AsyncConnection, at_once: int) -> int:
    """Seal one batch; returns how many entries are in it."""
    last = await _last(conn)
    if last is None or await _is_elsewhere(conn, last):
        return await _seal_all(conn, last, at_once)
    horizon = await _horizon(conn)
    rows = await _rows(conn, _following(last, horizon, at_once + 1))
    if not rows:
        return 0
    until = horizon
    if conn.dialect.name == "sqlite":
        rows = rows[:at_once]
        until = rows[-1]["seq"]
    elif len(rows) > at_once:  # what one transaction has written is not cut
        until = rows[-1]["xid"]
        if rows[0]["xid"] == until:
            until += 1
        rows = await _rows(conn, _following(last, until, None))
    await _put(conn, last, rows, {"until": until, "floor": last["floor"], "epoch": last["epoch"]})
    return len(rows)


async def _seal_all(conn: AsyncConnection, last: RowMapping | None, at_once: int) -> int:
    """Seal whatever is not sealed yet: at the first time, and after the database has moved to another server,
    where the numbers of its transactions mean nothing.

    Writers are held off meanwhile, so that nothing is on its way that this does not see.
    """
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SET LOCAL lock_timeout = '500ms'"))  # commands queue up behind it
        await conn.execute(text("LOCK TABLE audit_entry IN SHARE ROW EXCLUSIVE MODE"))
    rows = await _unsealed(conn, last)
    newest = int(await conn.scalar(select(func.max(audit_entry.c.seq))) or 0)
    until = newest if conn.dialect.name == "sqlite" else await _horizon(conn)
    place = {"until": until, "floor": newest, "epoch": await fact(conn, "epoch") or ""}
    before: Mapping[Any, Any] | None = last
    for start in range(0, len(rows), at_once):
        before = await _put(conn, before, rows[start : start + at_once], place)
    return len(rows)


async def _unsealed(conn: AsyncConnection, last: RowMapping | None) -> Sequence[RowMapping]:
    if last is None:
        return await _rows(conn, select(audit_entry).order_by(audit_entry.c.seq))
    recent = audit_seal.c.sealed_at > last["sealed_at"] - _UNCERTAIN
    seals = (await conn.execute(select(audit_seal.c.first_seq, audit_seal.c.ranges).where(recent))).all()
    sealed = {number for one in seals for number in expand(one.ranges)}
    first = min(one.first_seq for one in seals)
    found = select(audit_entry).where(audit_entry.c.seq >= first).order_by(audit_entry.c.seq)
    return [row for row in await _rows(conn, found) if row["seq"] not in sealed]


def _following(last: RowMapping, horizon: int, limit: int | None) -> Select[Any]:
    """The entries that come after a seal. ``horizon``: transactions from there on are not looked at; 0 on
    SQLite."""
    columns = audit_entry.c
    if not horizon:
        return select(audit_entry).where(columns.seq > last["until"]).order_by(columns.seq).limit(limit)
    return (
        select(audit_entry)
        .where(columns.xid >= _xid(last["until"]), columns.xid < _xid(horizon))
        .where(columns.seq > last["floor"])
        .order_by(columns.xid, columns.seq)
        .limit(limit)
    )


async def _put(
    conn: AsyncConnection,
    last: Mapping[Any, Any] | None,
    rows: Sequence[RowMapping],
    place: Mapping[str, Any],
) -> dict[str, Any]:
    before = (last["number"], last["digest"]) if last is not None else (0, NOTHING)
    values = {**sealed_values(rows, before, clock.now()), **place}
    await conn.execute(insert(audit_seal).values(values))
    await put_fact(conn, HEAD, f"{values['number']}:{values['digest']}")
    return values


def sealed_values(rows: Sequence[RowMapping], before: tuple[int, str], now: datetime) -> dict[str, Any]:
    """Return a seal over ``rows``; ``before`` is the number and the digest of the one before it."""
    ordered = sorted(rows, key=lambda row: int(row["seq"]))
    hashes = [hash_of(row) for row in ordered]
    numbers = [int(row["seq"]) for row in ordered]
    values: dict[str, Any] = {
        "number": before[0] + 1,
        "first_seq": numbers[0],
        "last_seq": numbers[-1],
        "count": len(numbers),
        "ranges": _runs(numbers),
        "marks": b"".join(one[:_MARK_BYTES] for one in hashes),
        "content": content_of(hashes),
        "previous": before[1],
        "sealed_at": now,
    }
    values["digest"] = digest_of(values)
    return values


def content_of(hashes: Sequence[bytes]) -> str:
    """Return the hash over the entries of a batch, given the hash of each in the order of their numbers."""
    return hashlib.sha256(b"".join(hashes)).hexdigest()


def digest_of(seal_row: Any) -> str:
    """Return what a seal's digest has to be."""
    canonical = [
        *(seal_row[name] for name in ("number", "first_seq", "last_seq", "count", "ranges")),
        seal_row["marks"].hex(),
        seal_row["content"],
        seal_row["previous"],
        seal_row["sealed_at"].isoformat(timespec="microseconds"),
    ]
    return hashlib.sha256(msgspec.json.encode(canonical)).hexdigest()


def expand(ranges: Sequence[Sequence[int]]) -> list[int]:
    """Return the numbers that a seal's ranges name."""
    return [number for first, last in ranges for number in range(first, last + 1)]


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


async def _last(conn: AsyncConnection) -> RowMapping | None:
    newest = select(audit_seal).order_by(audit_seal.c.number.desc()).limit(1)
    return (await conn.execute(newest)).mappings().first()


async def _horizon(conn: AsyncConnection) -> int:
    """The oldest transaction that still runs (PostgreSQL); 0 on SQLite, where writes are serial."""
    if conn.dialect.name == "sqlite":
        return 0
    found = await conn.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    return int(found or 0)


async def _is_elsewhere(conn: AsyncConnection, last: RowMapping) -> bool:
    """Whether the last seal was made by another database server, or before this database was restored."""
    if last["epoch"] != (await fact(conn, "epoch") or ""):
        return True
    return conn.dialect.name == "postgresql" and last["until"] > await _horizon(conn)


async def _rows(conn: AsyncConnection, statement: Select[Any]) -> list[RowMapping]:
    return list((await conn.execute(statement)).mappings())


def _xid(value: int) -> Any:
    return cast(literal(str(value), String), Xid)
