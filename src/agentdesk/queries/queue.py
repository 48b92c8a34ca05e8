"""Lists of conversations: the ids of a view in its order, the rows that are painted, and the rail's counts.

A view's list is fetched whole as ids and its rows only for what is on the screen.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal,
    or_,
    select,
    text,
    true,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NullType

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.domain.conversation import Status
from agentdesk.queries.columns import PLAIN_ID, id_list, id_list_with, plain, with_people
from agentdesk.queries.queue_order import WAITS, Term, key_of, order_of, sections_of
from agentdesk.queries.rows import Counts, FilterCounts, Place, QueueRow, SectionRow, View
from agentdesk.store.search import Found, find_conversations, look_for
from agentdesk.store.tables import account, contact, conversation, mention, message, user
from agentdesk.store.tables.conversations import TROUBLE
from agentdesk.store.tags import HasTag

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 500  # ids in one statement
_FOUND = 1000  # conversations that a search lists

_c = conversation.c
_AMONG = _c.id.in_(bindparam("ids", expanding=True))
_PEOPLE = {"customer": (contact, _c.contact_id), "assignee": (user, _c.assignee_id)}


async def queue_ids(
    conn: AsyncConnection, view: View, me: UUID | None, inboxes: Collection[UUID] | None = None
) -> list[UUID]:
    """Return the ids of all conversations of ``view``, in its order; of a search the 1,000 newest.

    ``me`` is whose "mine" it is; ``inboxes`` are those that the reader may see, None stands for all.
    """
    statement = (
        _with_names(select(PLAIN_ID), view.order).where(_belongs(view, me)).order_by(*_as_sql(order_of(view)))
    )
    if view.kind == "search":
        found = await find_conversations(conn, view.text, inboxes=inboxes, limit=_FOUND)
        statement = statement.where(_c.id.in_(found))
    if inboxes is not None:
        statement = statement.where(_c.inbox_id.in_(list(inboxes)))
    return await id_list(conn, statement)


async def queue_sections(
    conn: AsyncConnection, view: View, me: UUID | None, today_ends: datetime
) -> tuple[list[UUID], list[SectionRow]]:
    """Return the ids of ``view`` in the order of its sections (``view.group``), and these with their lengths.

    ``today_ends`` is the next midnight where the reader is.
    """
    name, order = sections_of(view, today_ends)
    statement = _with_names(select(PLAIN_ID, name.label("section")), view.order, view.group)
    statement = statement.where(_belongs(view, me)).order_by(*_as_sql((*order, *order_of(view))))
    ids, names = await id_list_with(conn, statement)
    sections = [SectionRow(key=key, count=len(list(same))) for key, same in groupby(names)]
    return ids, sections


async def queue_places(
    conn: AsyncConnection, view: View, me: UUID | None, today_ends: datetime, among: Collection[UUID] | None
) -> list[Place]:
    """Return where the conversations of ``view`` (no search) stand in its list, in any order: all of them, or
    those of the few ``among``. On SQLite only, whose values its keys are made of."""
    statement, terms = _places(view, me, today_ends)
    if among is None:
        rows = await conn.execute(statement)
    else:
        rows = await conn.execute(statement.where(_AMONG), {"ids": list(among)})
    return [Place(key_of(values, terms), row_id, name) for row_id, name, *values in rows]


@lru_cache(maxsize=16)
def _places(view: View, me: UUID | None, today_ends: datetime) -> tuple[Select[Any], Sequence[Term]]:
    """The statement for all places; kept, since making one takes longer than it does."""
    section: ColumnElement[str] = literal("")
    terms = order_of(view)
    if view.group:
        section, order = sections_of(view, today_ends)
        terms = (*order, *terms)
    columns = (type_coerce(term.column, NullType()) for term in terms)
    statement = _with_names(select(_c.id, section, *columns), view.order, view.group)
    return statement.where(_belongs(view, me)), terms


async def queue_rows(conn: AsyncConnection, ids: Sequence[UUID]) -> list[QueueRow]:
    """Return the rows of ``ids`` in their order; those that are gone are left out."""
    rows: dict[UUID, QueueRow] = {}
    for portion in _portions(ids):
        found = plain(await conn.execute(_rows(), {"ids": portion}))
        rows |= {row["id"]: msgspec.convert(row, QueueRow) for row in found}
    return [rows[row_id] for row_id in ids if row_id in rows]


@cache
def _rows() -> Select[Any]:
    return with_people(_c.last_customer_at, _has_trouble()).where(_AMONG)


async def filter_counts(conn: AsyncConnection, view: View, me: UUID | None) -> FilterCounts:
    """Return how many conversations each filter leaves of ``view``."""
    figures = (
        await conn.execute(
            select(func.count(), _count_if(_c.unread), _count_if(WAITS)).where(
                _belongs(msgspec.structs.replace(view, only="all"), me)
            )
        )
    ).one()
    return FilterCounts(all=figures[0], unread=figures[1], waiting=figures[2])


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
    mentioned = select(func.count(), _count_if(_mentioned(me, unseen=True))).select_from(conversation)
    mentions = (await conn.execute(mentioned.where(_mentioned(me), visible))).one()
    return Counts(
        all=figures[0],
        mine=figures[1],
        unassigned=figures[2],
        mine_unread=figures[3],
        channels=dict(zip(channels, figures[4:], strict=True)),
        snoozed=snoozed or 0,
        mentions=mentions[0],
        mentions_unseen=mentions[1],
    )


async def view_counts(conn: AsyncConnection, views: Sequence[View], me: UUID | None) -> list[int]:
    """Return how many conversations each view has; of a search none are counted."""
    numbers = []
    for view in views:
        count = select(func.count()).select_from(conversation).where(_belongs(view, me))
        numbers.append(0 if view.kind == "search" else await conn.scalar(count) or 0)
    return numbers


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
    statement = with_people(_c.last_customer_at, _c.updated_at, _has_trouble()).order_by(
        _c.updated_at.desc(), _c.id.desc()
    )
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
    more = len(found) > limit
    next_cursor = _Place(shown[-1]["updated_at"], shown[-1]["id"]).text() if more and shown else None
    return [msgspec.convert(row, QueueRow) for row in shown], next_cursor


def retired(before: datetime) -> ColumnElement[bool]:
    """The condition of conversations that were resolved and silent ``before`` then."""
    resolved_before = or_(_c.resolved_at.is_(None), _c.resolved_at < before)
    return and_(_c.status == Status.RESOLVED, _c.last_message_at < before, resolved_before)


class RetiredPage(NamedTuple):
    """Ids, those with the latest message first, and the cursor of the next page (empty: there is none).
    ``back_to``: a search for very common words stopped there, with less than a page, to go on from."""

    ids: list[UUID]
    following: str = ""
    back_to: datetime | None = None


async def retired_page(
    conn: AsyncConnection,
    before: datetime,
    *,
    view: View | None = None,
    contact_id: UUID | None = None,
    inboxes: Collection[UUID] | None = None,
    cursor: str = "",
    limit: int = 50,
) -> RetiredPage:
    """Return a page of conversations that were resolved and silent ``before`` then.

    They are those of ``view`` (``resolved`` or ``search``) or of a customer. Raises Invalid for a cursor that
    was not given by this function.
    """
    wanted = [retired(before)]
    if view is not None:
        wanted.append(_belongs(view, None))
    if contact_id is not None:
        wanted.append(_c.contact_id == contact_id)
    if inboxes is not None:
        wanted.append(_c.inbox_id.in_(list(inboxes)))
    if cursor:
        last = _Place.read(cursor)
        wanted += [_c.last_message_at <= last.at, or_(_c.last_message_at < last.at, _c.id < last.row_id)]
    statement = select(_c.id, _c.last_message_at).order_by(_c.last_message_at.desc(), _c.id.desc())
    found = Found([])
    if view is not None and view.kind == "search":
        among = and_(true(), *wanted)
        found = await look_for(conn, view.text, inboxes=inboxes, limit=limit + 1, among=among)
        statement = statement.where(_c.id.in_(found.ids))
    else:
        statement = statement.where(*wanted).limit(limit + 1)
    rows = (await conn.execute(statement)).all()
    shown = rows[:limit]
    ids = [row.id for row in shown]
    if len(rows) > limit:
        return RetiredPage(ids, _Place(shown[-1].last_message_at, shown[-1].id).text())
    if found.stopped is not None:
        return RetiredPage(ids, _Place(*found.stopped).text(), back_to=found.stopped[0])
    return RetiredPage(ids)


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
        case "mentions":
            conditions.append(_mentioned(me))
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
    if view.priority:
        conditions.append(_c.priority == view.priority)
    if view.tags:
        conditions.append(or_(*(HasTag(_c.tags, literal(tag)) for tag in view.tags)))
    if view.only == "unread":
        conditions.append(_c.unread)
    elif view.only == "waiting":
        conditions.append(WAITS)
    return and_(true(), *conditions)


def _mentioned(me: UUID | None, *, unseen: bool = False) -> ColumnElement[bool]:
    """Where somebody is mentioned: open conversations, and any in which they have not looked yet."""
    mine = select(mention.c.id).where(mention.c.user_id == me, mention.c.conversation_id == _c.id)
    not_seen = mine.where(mention.c.seen_at.is_(None)).exists()
    return not_seen if unseen else or_(and_(_c.status == Status.OPEN, mine.exists()), not_seen)


def _as_sql(terms: Iterable[Term]) -> list[ColumnElement[Any]]:
    return [term.order() for term in terms]


def _assigned_to(me: UUID | None) -> ColumnElement[bool]:
    return false() if me is None else _c.assignee_id == me


def _with_names(statement: Select[Any], *wanted: str) -> Select[Any]:
    """Join the people whose names an order or a section asks for."""
    for key in wanted:
        if key in _PEOPLE:
            people, column = _PEOPLE[key]
            statement = statement.outerjoin(people, people.c.id == column)
    return statement


def _has_trouble() -> ColumnElement[bool]:
    """Whether a conversation has a message of ours that did not go out, or may not have."""
    troubled = select(message.c.id).where(text(TROUBLE), message.c.conversation_id == _c.id)
    return troubled.exists().label("failed")


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _portions(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
