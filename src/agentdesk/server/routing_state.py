"""What routing decides by, as it stands in the database: who is there, what waits, and what became of what
was given out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.availability import GONE_AFTER, Availability, now_is
from agentdesk.domain.conversation import Priority, Status
from agentdesk.domain.routing import Agent, OfferState, Waiting
from agentdesk.domain.routing_rules import rules_from
from agentdesk.server.offering import NEAR, Offers, is_offered, note_offers, read_offers
from agentdesk.store.loads import channel_units, loads
from agentdesk.store.tables import (
    availability,
    conversation,
    desk,
    draft,
    inbox,
    inbox_member,
    message,
    offer,
    placement,
    user,
)

__all__ = ["State", "is_routed", "note_fates", "read_state"]

_KEPT = timedelta(days=1)
"""How long it is remembered who was given something that is settled: for taking turns."""
_MOST_WAITING = 500
_URGENCY = {one.value: rank for rank, one in enumerate(Priority)}
_NOT_AWAY = (Availability.AVAILABLE, Availability.BUSY)
_HEAD = (
    conversation.c.id,
    conversation.c.inbox_id,
    conversation.c.contact_id,
    conversation.c.channel,
    conversation.c.language,
    conversation.c.priority,
    conversation.c.status,
    conversation.c.assignee_id,
    conversation.c.unread,
    conversation.c.waiting_since,
    inbox.c.routed,
    inbox.c.open_within,
    inbox.c.routing,
    placement.c.user_id,
    placement.c.given_at,
    placement.c.tried,
    placement.c.opened,
    placement.c.settled,
)


@dataclass(frozen=True, slots=True)
class State:
    """What waits, and who is there, at ``now``. Of what was given out: ``left_behind`` are those (among the
    waiting) whose holder has gone, ``opened`` those that were just seen to be opened, ``settled`` those that
    routing has nothing more to do with."""

    now: datetime
    waiting: tuple[Waiting, ...]
    agents: tuple[Agent, ...]
    left_behind: frozenset[UUID]
    opened: tuple[UUID, ...]
    settled: tuple[UUID, ...]
    offers: Offers


async def is_routed(conn: AsyncConnection) -> bool:
    """Say whether any inbox is switched on, or was when somebody was asked who has not answered yet."""
    if await conn.scalar(select(inbox.c.id).where(inbox.c.routed).limit(1)) is not None:
        return True
    asked = select(offer.c.id).where(offer.c.state == OfferState.OPEN).limit(1)
    return await conn.scalar(asked) is not None


async def read_state(conn: AsyncConnection, now: datetime) -> State:
    """Return how things stand at ``now``."""
    people = (await conn.execute(_people())).all()
    with_nobody = (await conn.execute(_with_nobody())).all()
    given = (await conn.execute(_given())).all()
    reachable = {row.id for row in people if _stays(row, now)}
    fates = {row.id: _fate(row, reachable, now) for row in given}
    anew = [row for row in given if fates[row.id] in ("left behind", "unopened")]
    known = await _known(conn, {row.contact_id for row in (*with_nobody, *anew)})
    inboxes = await _inboxes(conn)
    units = await channel_units(conn)
    near = {row.id for row in people if row.seen_at >= now - NEAR and _is_available(row, now)}
    offers = await read_offers(conn, units, near, now)
    unasked = [row for row in with_nobody if row.id not in offers.open]
    return State(
        now=now,
        waiting=tuple(
            _waiting(row, known, units, offers, fates.get(row.id, "")) for row in (*unasked, *anew)
        ),
        agents=tuple(_agent(row, inboxes, offers, near, now) for row in people),
        left_behind=frozenset(row.id for row in anew if fates[row.id] == "left behind"),
        opened=tuple(row.id for row in given if fates[row.id] == "opened"),
        settled=tuple(row.id for row in given if fates[row.id] == "settled"),
        offers=offers,
    )


async def note_fates(conn: AsyncConnection, state: State, now: datetime) -> set[UUID]:
    """Note what became of what was given out or offered, and forget what is old; returns the conversations
    that somebody answered for at this very moment."""
    for ids, values in ((state.opened, {"opened": True}), (state.settled, {"settled": True})):
        if ids:
            await conn.execute(update(placement).where(placement.c.conversation_id.in_(ids)).values(**values))
    if state.settled:
        old = placement.c.settled, placement.c.given_at < now - _KEPT
        await conn.execute(delete(placement).where(*old))
    return await note_offers(conn, state.offers, now)


def _people() -> Select[Any]:
    seen = select(desk.c.user_id, func.max(desk.c.seen_at).label("at")).group_by(desk.c.user_id).subquery()
    given = (
        select(placement.c.user_id, func.max(placement.c.given_at).label("at"))
        .group_by(placement.c.user_id)
        .subquery()
    )
    load = loads()
    return (
        select(
            user.c.id,
            func.coalesce(availability.c.state, Availability.AVAILABLE.value).label("state"),
            availability.c.back_at,
            availability.c.capacity,
            availability.c.skills,
            availability.c.languages,
            seen.c.at.label("seen_at"),
            given.c.at.label("given_at"),
            func.coalesce(load.c.units, 0).label("load"),
        )
        .join(seen, seen.c.user_id == user.c.id)
        .outerjoin(availability, availability.c.id == user.c.id)
        .outerjoin(given, given.c.user_id == user.c.id)
        .outerjoin(load, load.c.assignee_id == user.c.id)
        .where(user.c.active)
    )


def _heads() -> Select[Any]:
    here = placement.c.conversation_id == conversation.c.id
    return select(*_HEAD).join(inbox, inbox.c.id == conversation.c.inbox_id).outerjoin(placement, here)


def _with_nobody() -> Select[Any]:
    """The conversations that nobody has and whose customers wait, the oldest first."""
    c = conversation.c
    nobody = c.assignee_id.is_(None), c.asked_id.is_(None)
    waits = c.status == Status.OPEN, *nobody, c.waiting_since.is_not(None)
    return _heads().where(inbox.c.routed, *waits).order_by(c.waiting_since, c.id).limit(_MOST_WAITING)


def _given() -> Select[Any]:
    """What was given out and is not settled, with whether its holder has begun to work on it."""
    wrote = select(message.c.id).where(
        message.c.conversation_id == placement.c.conversation_id,
        message.c.user_id == placement.c.user_id,
        message.c.created_at >= placement.c.given_at,
    )
    writes = select(draft.c.id).where(
        draft.c.conversation_id == placement.c.conversation_id, draft.c.user_id == placement.c.user_id
    )
    begun = or_(wrote.exists(), writes.exists()).label("begun")
    return _heads().add_columns(begun).where(placement.c.settled.is_(False))


def _fate(row: Row[Any], reachable: Collection[UUID], now: datetime) -> str:
    """What became of a conversation that was given to somebody."""
    if row.status != Status.OPEN or not row.routed or row.begun or row.waiting_since is None:
        return "settled"
    if row.assignee_id is None:
        return "given back"
    if row.assignee_id != row.user_id:
        return "settled"
    if row.user_id not in reachable:
        return "left behind"
    if row.opened:
        return "kept"
    if not row.unread:
        return "opened"
    late = row.open_within is not None and row.given_at + timedelta(seconds=row.open_within) <= now
    return "unopened" if late else "kept"


def _waiting(
    row: Row[Any], known: Mapping[UUID, UUID], units: Mapping[str, int], offers: Offers, fate: str
) -> Waiting:
    tried = {UUID(hex=one) for one in row.tried or ()}
    if fate in ("unopened", "given back"):
        tried.add(row.user_id)
    declined: set[UUID] = set()
    offered = is_offered(row)
    if offered:  # a visitor sits there: rather the same person again than nobody
        declined = tried | offers.declined.get(row.id, frozenset())
        tried = set(offers.resting.get(row.id, ()))
    return Waiting(
        id=row.id,
        inbox_id=row.inbox_id,
        urgency=_URGENCY.get(row.priority, 0),
        since=row.waiting_since,
        units=units.get(row.channel, 1),
        language=row.language,
        rules=rules_from(row.routing),
        known=known.get(row.contact_id),
        holder=row.assignee_id,
        tried=frozenset(tried),
        offered=offered,
        declined=frozenset(declined),
    )


async def _known(conn: AsyncConnection, contacts: Collection[UUID]) -> dict[UUID, UUID]:
    """Who had a conversation with these customers last."""
    if not contacts:
        return {}
    c = conversation.c
    statement = (
        select(c.contact_id, c.assignee_id)
        .where(c.contact_id.in_(contacts), c.assignee_id.is_not(None))
        .order_by(c.last_message_at, c.id)
    )
    return {row.contact_id: row.assignee_id for row in await conn.execute(statement)}


async def _inboxes(conn: AsyncConnection) -> Mapping[UUID | None, frozenset[UUID]]:
    """Which inboxes each person works in; under None those that everybody does."""
    everybody = frozenset(await conn.scalars(select(inbox.c.id).where(inbox.c.everyone)))
    found: dict[UUID | None, frozenset[UUID]] = {None: everybody}
    for row in await conn.execute(select(inbox_member.c.user_id, inbox_member.c.inbox_id)):
        found[row.user_id] = found.get(row.user_id, everybody) | {row.inbox_id}
    return found


def _reachable(row: Row[Any], now: datetime) -> bool:
    return bool(row.seen_at >= now - GONE_AFTER)


def _stays(row: Row[Any], now: datetime) -> bool:
    """Whether somebody keeps what they were given: on the telephone, yes; on a break, no."""
    return _reachable(row, now) and now_is(row.state, row.back_at, now) in _NOT_AWAY


def _is_available(row: Row[Any], now: datetime) -> bool:
    return now_is(row.state, row.back_at, now) is Availability.AVAILABLE


def _agent(
    row: Row[Any],
    inboxes: Mapping[UUID | None, frozenset[UUID]],
    offers: Offers,
    near: Collection[UUID],
    now: datetime,
) -> Agent:
    times = [at for at in (row.given_at, offers.asked_at.get(row.id)) if at is not None]
    return Agent(
        id=row.id,
        there=_reachable(row, now) and _is_available(row, now),
        inboxes=inboxes.get(row.id, inboxes[None]),
        load=row.load + offers.units.get(row.id, 0),
        capacity=row.capacity,
        given_at=max(times, default=None),
        skills=frozenset(row.skills or ()),
        languages=frozenset(row.languages or ()),
        askable=row.id in near and row.id not in offers.open.values(),
    )
