"""Reading the change log: where a reader stands, and what came since.

PostgreSQL: transactions become visible in another order than they began, so a reader takes everything it can
see from its cursor on, and moves the cursor only to the oldest transaction that was still running in that
same snapshot. Some entries come again; none is missed, and nobody's long transaction delays anything. A
reader that keeps the whole snapshot in memory (:class:`Reached`) takes exactly what that one did not show:
what began later, and what was running. SQLite: writes are serial, so the entry's number is the cursor.

A cursor also carries a witness, the newest entry that was there. Who comes back and whose witness is not
there any more talks to a database that was restored, failed over with loss, or rolled back. Each transaction
draws a number for its entries, so that one that did the same again after that is not taken for the lost one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    String,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import msg
from agentdesk.store.facts import fact, put_fact
from agentdesk.store.fixed import Fixed
from agentdesk.store.tables import change_log, server_info
from agentdesk.store.types import Xid
from agentdesk.sync.scope import Scope

__all__ = [
    "COPIED_NAME",
    "MOVED_NAME",
    "START_NAME",
    "Cursor",
    "Entry",
    "Moved",
    "NotAdopted",
    "Position",
    "Reached",
    "WentBack",
    "begin_epoch",
    "ensure_epoch",
    "is_copy",
    "known_epoch",
    "reached_now",
    "read_on",
    "read_since",
    "still_good",
    "where_now",
]

_NOBODY = UUID(int=0)
_EPOCH_NAME = "epoch"
COPIED_NAME = "copied_at"
"""The fact of the server that marks a back-up: when it was made, until somebody adopts it."""
MOVED_NAME = "moved_to"
"""The fact of the server that marks a database that was moved: where to, without a password."""
_HOME_NAME = "database_home"
"""The fact of the server that says where this database lies: in a dump that was restored it is not true."""
_HOME = text(
    "SELECT concat_ws(':', (SELECT system_identifier FROM pg_control_system()),"
    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
START_NAME = "change_log_start"
"""The fact of the server that says from where on the log is whole."""


class NotAdopted(AgentDeskError):
    """The database is a back-up that was put in place, and nobody has said so."""

    def __init__(self) -> None:
        super().__init__(
            msg("This database is a back-up that was put in place; what it calls unsent may have been sent."),
            msg("Run agentdesk admin adopt-restore on it first."),
        )


class WentBack(Exception):
    """The database does not hold any more what was read of it: it was rolled back, or a standby has taken its
    place that lacks the last moments. Its transactions may have the numbers of those that were lost."""


class Moved(AgentDeskError):
    """The database was moved to another one, and desks work with that."""

    def __init__(self, place: str) -> None:
        super().__init__(
            msg("This database was moved to {place}.", place=place),
            msg("Start the server with that one. To go back to this one, run agentdesk admin adopt-restore."),
        )


@dataclass(frozen=True, slots=True)
class Position:
    """``at`` is what to read from (a transaction id, or the last entry's number); the rest is the witness:
    number, row and version of the newest entry, or zeroes where there was none, and the number that its
    transaction drew (0: an older program wrote the entry, or the cursor)."""

    at: int
    seq: int = 0
    row_id: UUID = _NOBODY
    ver: int = 0
    nonce: int = 0


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a reader has come that never stops: ``position`` is what others may be told, ``next`` the first
    transaction that had not begun, ``running`` those before it that had not ended (both empty on SQLite)."""

    position: Position
    next: int = 0
    running: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a desk is given to come back with: a position, the scope it was filled for, and the scope that it
    was being given besides, of which it has a part (None: nothing)."""

    position: Position
    scope: Scope
    partly: Scope | None = None

    def text(self) -> str:
        """Return the cursor as the desk keeps it."""
        at = self.position
        partly = "" if self.partly is None else f":{self.partly.text()}"
        return f"2:{at.at}:{at.seq}:{at.row_id.hex}:{at.ver}:{at.nonce}:{self.scope.text()}{partly}"

    def fits(self, scope: Scope) -> bool:
        """Say whether everything that a desk with this cursor holds lies within ``scope``."""
        return scope.includes(self.scope) and (self.partly is None or scope.includes(self.partly))

    def within(self, scope: Scope) -> Cursor:
        """Return the cursor of the same desk when it has dropped all that lies outside ``scope``."""
        partly = None if self.partly is None else self.partly.common(scope)
        return Cursor(self.position, self.scope.common(scope), partly)

    @classmethod
    def parse(cls, given: str) -> Cursor:
        """Return the cursor in ``given``. Raises Invalid where it is none of ours.

        Cursors of version 1, which older programs gave out, have no ``nonce``.
        """
        try:
            version, at, seq, row_id, ver, *rest = given.split(":")
            nonce, scope, *partly = ["0", *rest] if version == "1" else rest
            if version not in ("1", "2") or len(partly) > 1:
                raise ValueError
            position = Position(int(at), int(seq), UUID(row_id), int(ver), int(nonce))
            return cls(position, Scope.parse(scope), Scope.parse(partly[0]) if partly else None)
        except ValueError:
            raise Invalid(msg("This is not a cursor of ours.")) from None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the change log."""

    seq: int
    at: int
    scope: str
    table: str
    row_id: UUID
    ver: int
    op: str
    command_id: UUID | None
    nonce: int | None


_ENTRY_FIELDS = len(fields(Entry))


async def where_now(conn: AsyncConnection) -> Position:
    """Return the position from which a reader misses nothing that this snapshot does not show."""
    newest = (
        await conn.execute(
            select(change_log.c.seq, change_log.c.row_id, change_log.c.ver, change_log.c.nonce)
            .order_by(change_log.c.seq.desc())
            .limit(1)
        )
    ).first()
    seq = newest.seq if newest else 0
    at = await conn.scalar(_OLDEST_RUNNING) if _is_postgresql(conn) else seq
    if newest is None:
        return Position(at or 0)
    return Position(at or 0, newest.seq, newest.row_id, newest.ver, newest.nonce or 0)


async def read_since(conn: AsyncConnection, position: Position) -> list[Entry]:
    """Return every visible entry from ``position`` on, oldest first. ``conn`` holds one snapshot."""
    if not _is_postgresql(conn):
        return await _entries(conn, change_log.c.seq > position.at)
    return await _entries(conn, change_log.c.xid >= _xid(position.at))


async def reached_now(conn: AsyncConnection) -> Reached:
    """Return where a reader begins that wants only what ``conn``'s snapshot does not show."""
    position = await where_now(conn)
    if not _is_postgresql(conn):
        return Reached(position)
    (row,) = await _SEEN.rows(conn, _witness_of(position))
    reached = _reached(row, position)
    assert reached is not None  # both saw the same moment
    return reached


async def read_on(conn: AsyncConnection, reached: Reached) -> tuple[list[Entry], Reached]:
    """Return every entry that has become visible since ``reached``, each once, oldest first; and how far that
    goes. ``conn`` holds one snapshot. Raises WentBack (PostgreSQL; a SQLite file has one server, which begins
    anew with another file)."""
    last = reached.position
    if not _is_postgresql(conn):
        entries = _as_entries(await _AFTER.rows(conn, {"seq": last.at}))
        return entries, Reached(_newest(entries, last, entries[-1].seq if entries else last.at))
    running = "{" + ",".join(map(str, reached.running)) + "}"
    since = {"next": str(reached.next), "running": running}
    seen = await _SEEN_AND_VISIBLE.rows(conn, {**_witness_of(last), **since})
    now = _reached(seen[0], last)
    if now is None or now.next < reached.next:
        raise WentBack
    entries = _as_entries([row for row in seen if row["seq"] is not None])
    return entries, replace(now, position=_newest(entries, last, now.position.at))


async def _entries(conn: AsyncConnection, condition: ColumnElement[bool]) -> list[Entry]:
    return [Entry(*row) for row in await conn.execute(_log().where(condition))]


def _log() -> Select[Any]:
    columns = change_log.c
    return select(
        columns.seq,
        columns.xid,
        columns.scope,
        columns.table_name,
        columns.row_id,
        columns.ver,
        columns.op,
        columns.command_id,
        columns.nonce,
    ).order_by(columns.seq)


def _as_entries(rows: Sequence[Mapping[str, Any]]) -> list[Entry]:
    return [Entry(*islice(row.values(), _ENTRY_FIELDS)) for row in rows]


def _witness_of(at: Position) -> dict[str, Any]:
    return {"seq": at.seq, "row_id": at.row_id, "ver": at.ver, "nonce": at.nonce}


def _reached(row: Mapping[str, Any], position: Position) -> Reached | None:
    """Read what PostgreSQL says of a snapshot and of the witness of ``position``; None where that is gone."""
    if not row["witness"]:
        return None
    oldest, following, running = str(row["snapshot"]).split(":")
    others = tuple(int(one) for one in running.split(",") if one)
    return Reached(replace(position, at=int(oldest)), int(following), others)


def _newest(entries: list[Entry], last: Position, at: int) -> Position:
    if not entries or entries[-1].seq < last.seq:
        return replace(last, at=at)
    newest = entries[-1]
    return Position(at, newest.seq, newest.row_id, newest.ver, newest.nonce or 0)


async def still_good(conn: AsyncConnection, position: Position) -> bool:
    """Say whether a reader may go on from ``position``: the log still holds what came after it, and the
    database is the one it was read from."""
    start = await fact(conn, START_NAME)
    if start is not None and position.at < int(start):
        return False
    if position.seq == 0:
        return True
    return bool(await conn.scalar(select(exists().where(_is_witness(position)))))


def _is_witness(position: Position) -> ColumnElement[bool]:
    """The condition of the entry that was the newest one at ``position``."""
    columns = change_log.c
    same = and_(columns.seq == position.seq, columns.row_id == position.row_id, columns.ver == position.ver)
    return and_(same, columns.nonce == position.nonce) if position.nonce else same


async def ensure_epoch(conn: AsyncConnection) -> str:
    """Return the epoch of this database, in a writing transaction; made on first use.

    A log that names transactions this PostgreSQL server has not reached came with a dump from another one:
    it cannot be read by transaction, so it is emptied and a new epoch begins. Raises NotAdopted and Moved.
    """
    if await is_copy(conn):
        raise NotAdopted
    place = await fact(conn, MOVED_NAME)
    if place is not None:
        raise Moved(place)
    epoch = await known_epoch(conn)
    if epoch is not None and not await _from_elsewhere(conn):
        await _note_home(conn)
        return epoch
    return await begin_epoch(conn)


async def known_epoch(conn: AsyncConnection) -> str | None:
    """Return the epoch of this database, where it has one."""
    return await fact(conn, _EPOCH_NAME)


async def is_copy(conn: AsyncConnection) -> bool:
    """Whether this is a copy that nobody has adopted: marked as one (SQLite), or a dump that was restored,
    which lies elsewhere than the database that a server last started on (PostgreSQL)."""
    if await fact(conn, COPIED_NAME) is not None:
        return True
    home = await fact(conn, _HOME_NAME)
    return home is not None and _is_postgresql(conn) and home != await conn.scalar(_HOME)


async def _note_home(conn: AsyncConnection) -> None:
    if _is_postgresql(conn):
        await put_fact(conn, _HOME_NAME, str(await conn.scalar(_HOME)))


async def begin_epoch(conn: AsyncConnection) -> str:
    """Begin a new epoch, in a writing transaction, and return it: every desk is filled anew."""
    await conn.execute(delete(change_log))
    await conn.execute(delete(server_info).where(server_info.c.name.like("change_log%")))
    fresh = secrets.token_hex(8)
    await put_fact(conn, _EPOCH_NAME, fresh)
    await _note_home(conn)
    return fresh


_OLDEST_RUNNING = select(literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger))
_SNAPSHOT = literal_column("pg_current_snapshot()::text", String)


def _given(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=change_log.c[name].type)


_was = change_log.alias("was").c
_WITNESS = exists().where(
    _was.seq == _given("seq"),
    _was.row_id == _given("row_id"),
    _was.ver == _given("ver"),
    or_(_given("nonce") == 0, _was.nonce == _given("nonce")),
)
_seen = select(_SNAPSHOT.label("snapshot"), or_(_given("seq") == 0, _WITNESS).label("witness"))
_SEEN = Fixed(_seen)
_AFTER = Fixed(_log().where(change_log.c.seq > _given("seq")))
_LATER = change_log.c.xid >= cast(bindparam("next", type_=String()), Xid)
_RAN = change_log.c.xid == any_(cast(bindparam("running", type_=String()), ARRAY(Xid)))
_now = _seen.subquery("now")
_SEEN_AND_VISIBLE = Fixed(
    _log()
    .add_columns(_now.c.snapshot, _now.c.witness)
    .select_from(_now.outerjoin(change_log, or_(_LATER, _RAN)))
)
"""The same, with what a reader has not seen that stood at ``next`` with those ``running`` then."""


def _xid(value: int) -> Any:
    return cast(literal(str(value), String), Xid)


def _is_postgresql(conn: AsyncConnection) -> bool:
    return conn.dialect.name == "postgresql"


async def _from_elsewhere(conn: AsyncConnection) -> bool:
    if not _is_postgresql(conn):
        return False
    ahead = text(
        "SELECT EXISTS (SELECT 1 FROM change_log WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()))"
    )
    return bool(await conn.scalar(ahead))
