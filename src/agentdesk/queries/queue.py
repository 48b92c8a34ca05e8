"""Lists of conversations: the ids of a view in its order, the rows that are painted, and the rail's counts.

A view's list is fetched whole as ids and its rows only for what is on the screen. What belongs to a view and
in which order is said once, here, so that :func:`matching` places a changed row exactly where a new
:func:`queue_ids` would.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.domain.conversation import Status
from agentdesk.queries.columns import PLAIN_ID, id_list, plain, with_people
from agentdesk.queries.rows import Counts, QueueRow, View
from agentdesk.store.search import find_conversations
from agentdesk.store.tables import account, conversation, message
from agentdesk.store.tables.conversations import TROUBLE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AFTER_ALL_WAITING = 8_000_000_000_000_000  # microseconds; sums with it stay exact in a float until 2096
_AT_ONCE = 500  # ids in one statement
_FOUND = 1000  # conversations that a search lists

Key = tuple[float, UUID]
"""Where a row stands in its view, ascending."""

_c = conversation.c
_NEWEST: tuple[ColumnElement[Any], ...] = (_c.last_message_at.desc(), _c.id)
_LONGEST_WAITING: tuple[ColumnElement[Any], ...] = (
    _c.waiting_since.asc().nulls_last(),
    case((_c.waiting_since.is_(None), _c.last_message_at)).desc(),
    _c.id,
)


def _order(view: View) -> tuple[ColumnElement[Any], ...]:
    """The order of a view. Must say the same as :func:`_key`."""
    return _NEWEST if view.order == "newest" else _LONGEST_WAITING


def _key(view: View, row_id: UUID, last_message_at: datetime, waiting_since: datetime | None) -> Key:
    """The sort key of a row. Must say the same as :func:`_order`."""
    newest = -((last_message_at - _EPOCH) // _MICROSECOND)
    if view.order == "newest":
        return float(newest), row_id
    if waiting_since is not None:
        return float((waiting_since - _EPOCH) // _MICROSECOND), row_id
    return float(_AFTER_ALL_WAITING + newest), row_id


async def queue_ids(
    conn: AsyncConnection, view: View, me: UUID | None, inboxes: Collection[UUID] | None = None
) -> list[UUID]:
    """Return the ids of all conversations of ``view``, in its order; of a search the 1,000 newest.

    ``me`` is whose "mine" it is; ``inboxes`` are those that the reader may see, None stands for all.
    """
    if view.kind == "search":
        found = await find_conversations(conn, view.text, inboxes=inboxes, limit=_FOUND)
        keys: dict[UUID, Key] = {}
        for ids in _portions(found):
            keys |= await _keys(conn, view, me, ids)
        return sorted(keys, key=keys.__getitem__)
    statement = select(PLAIN_ID).where(_belongs(view, me)).order_by(*_order(view))
    if inboxes is not None:
        statement = statement.where(_c.inbox_id.in_(list(inboxes)))
    return await id_list(conn, statement)


async def queue_rows(conn: AsyncConnection, ids: Sequence[UUID]) -> list[QueueRow]:
    """Return the rows of ``ids`` in their order; those that are gone are left out."""
    rows: dict[UUID, QueueRow] = {}
    for portion in _portions(ids):
        found = await conn.execute(with_people(_c.last_customer_at).where(_c.id.in_(portion)))
        rows |= await _to_rows(conn, plain(found))
    return [rows[row_id] for row_id in ids if row_id in rows]


async def matching(
    conn: AsyncConnection, view: View, me: UUID | None, ids: Sequence[UUID]
) -> dict[UUID, Key]:
    """Return which of ``ids`` belong to ``view`` now, with the place of each in the order of the view."""
    if view.kind == "search":
        found = set(await find_conversations(conn, view.text, inboxes=None, limit=_FOUND))
        ids = [row_id for row_id in ids if row_id in found]
    keys: dict[UUID, Key] = {}
    for portion in _portions(ids):
        keys |= await _keys(conn, view, me, portion)
    return keys


async def counts(conn: AsyncConnection, me: UUID | None, inboxes: Collection[UUID] | None = None) -> Counts:
    """Return the numbers beside the rail's entries; channels are those that have an account."""
    visible = true() if inboxes is None else _c.inbox_id.in_(list(inboxes))
    channels = list(await conn.scalars(select(account.c.channel).distinct()))
    mine = _assigned_to(me)
    figures = (
        await conn.execute(
            select(
                func.count(),
                _count_if(mine),
                _count_if(_c.assignee_id.is_(None)),
                _count_if(and_(mine, _c.unread)),
                *(_count_if(_c.channel == channel) for channel in channels),
            ).where(_c.status == Status.OPEN, visible)
        )
    ).one()
    snoozed = await conn.scalar(select(func.count()).where(_c.status == Status.SNOOZED, visible))
    return Counts(
        all=figures[0],
        mine=figures[1],
        unassigned=figures[2],
        mine_unread=figures[3],
        channels=dict(zip(channels, figures[4:], strict=True)),
        snoozed=snoozed or 0,
    )


async def page(
    conn: AsyncConnection,
    *,
    status: str | None = None,
    inbox_id: UUID | None = None,
    assignee_id: UUID | None = None,
    updated_since: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
    inboxes: Collection[UUID] | None = None,
) -> tuple[list[QueueRow], str | None]:
    """Return one page, the conversation that changed last first, and the cursor of the next, if there is one.

    Raises Invalid for a cursor that was not given by this function.
    """
    statement = with_people(_c.last_customer_at, _c.updated_at).order_by(_c.updated_at.desc(), _c.id.desc())
    for column, value in ((_c.status, status), (_c.inbox_id, inbox_id), (_c.assignee_id, assignee_id)):
        if value is not None:
            statement = statement.where(column == value)
    if updated_since is not None:
        statement = statement.where(_c.updated_at >= updated_since)
    if inboxes is not None:
        statement = statement.where(_c.inbox_id.in_(list(inboxes)))
    if cursor is not None:
        last = _Place.read(cursor)
        statement = statement.where(
            _c.updated_at <= last.at, or_(_c.updated_at < last.at, _c.id < last.row_id)
        )
    found = plain(await conn.execute(statement.limit(limit + 1)))
    shown = found[:limit]
    rows = await _to_rows(conn, shown)
    more = len(found) > limit
    next_cursor = _Place(shown[-1]["updated_at"], shown[-1]["id"]).text() if more and shown else None
    return list(rows.values()), next_cursor


class _Place(NamedTuple):
    """The last row of a page, as the cursor that finds what comes after it."""

    at: datetime
    row_id: UUID

    def text(self) -> str:
        microseconds = (self.at - _EPOCH) // _MICROSECOND
        return urlsafe_b64encode(microseconds.to_bytes(8, "big") + self.row_id.bytes).decode().rstrip("=")

    @classmethod
    def read(cls, cursor: str) -> _Place:
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            at = _EPOCH + int.from_bytes(raw[:8], "big") * _MICROSECOND
            return cls(at, UUID(bytes=raw[8:]))
        except (ValueError, OverflowError):
            raise Invalid(msg("This is not the cursor of a page."), field="cursor") from None


def _belongs(view: View, me: UUID | None) -> ColumnElement[bool]:
    """The condition of a view."""
    conditions: list[ColumnElement[bool]] = []
    match view.kind:
        case "mine":
            conditions += [_c.status == Status.OPEN, _assigned_to(me)]
        case "unassigned":
            conditions += [_c.status == Status.OPEN, _c.assignee_id.is_(None)]
        case "all":
            conditions.append(_c.status == Status.OPEN)
        case "snoozed" | "resolved":
            conditions.append(_c.status == view.kind)
        case "search":
            pass
        case _:
            raise ValueError(f"no such view: {view.kind}")
    if view.channel is not None:
        conditions.append(_c.channel == view.channel)
    if view.inbox_id is not None:
        conditions.append(_c.inbox_id == view.inbox_id)
    if view.only == "unread":
        conditions.append(_c.unread)
    elif view.only == "waiting":
        conditions.append(_c.waiting_since.is_not(None))
    return and_(true(), *conditions)


def _assigned_to(me: UUID | None) -> ColumnElement[bool]:
    return false() if me is None else _c.assignee_id == me


async def _keys(conn: AsyncConnection, view: View, me: UUID | None, ids: Sequence[UUID]) -> dict[UUID, Key]:
    # Whether it belongs is worked out per row, lest SQLite walk the whole view to find a few ids in it.
    belongs = _belongs(view, me).label("belongs")
    statement = select(_c.id, _c.last_message_at, _c.waiting_since, belongs).where(_c.id.in_(ids))
    return {row[0]: _key(view, *row[:3]) for row in await conn.execute(statement) if row.belongs}


async def _to_rows(conn: AsyncConnection, found: Sequence[dict[str, Any]]) -> dict[UUID, QueueRow]:
    troubled = await _with_trouble(conn, [row["id"] for row in found])
    return {row["id"]: msgspec.convert({**row, "failed": row["id"] in troubled}, QueueRow) for row in found}


async def _with_trouble(conn: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of ``ids`` with a message of ours that did not go out, or may not have."""
    statement = select(message.c.conversation_id).where(text(TROUBLE), message.c.conversation_id.in_(ids))
    return set(await conn.scalars(statement)) if ids else set()


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _portions(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
