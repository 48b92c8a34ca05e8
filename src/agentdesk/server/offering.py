"""Conversations that people were asked to take, because they wait or somebody hands them over: what becomes
of the offers, and whom to ask next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.ids import new_id
from agentdesk.commands.context import SYSTEM, Context
from agentdesk.commands.handing import not_taken
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.conversation import HandingOver, Status
from agentdesk.domain.routing import OfferState
from agentdesk.domain.routing_rules import rules_from
from agentdesk.store.tables import conversation, inbox, offer, placement
from agentdesk.store.unit import ServerUnit

__all__ = ["NEAR", "Offers", "ask", "is_offered", "next_due", "note_offers", "read_offers"]

NEAR = timedelta(minutes=2)
"""Only who has a connected desk hears it ring: servers note twice in that time which are."""
_ASK_AGAIN = timedelta(seconds=30)
"""Whoever did not take a chat and is the only one there is asked again after so long."""
_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Offers:
    """How the offers stand. ``closing`` says what becomes of those that do not stand any more; ``open`` has
    whom each conversation is offered to, ``units`` what that counts for each person. ``accepted`` are those
    that were just taken, by conversation: who has it, since when. ``declined`` has who did not take a
    conversation, ``resting`` who is not to be asked again yet; ``asked_at`` when people were asked last.
    """

    closing: Mapping[UUID, OfferState] = field(default_factory=dict)
    open: Mapping[UUID, UUID] = field(default_factory=dict)
    units: Mapping[UUID, int] = field(default_factory=dict)
    accepted: Mapping[UUID, tuple[UUID, datetime]] = field(default_factory=dict)
    declined: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    resting: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    asked_at: Mapping[UUID, datetime] = field(default_factory=dict)


def is_offered(row: Row[Any]) -> bool:
    """Say whether people are asked to take a conversation (``channel``, and ``routing`` of its inbox)."""
    return row.channel == CHANNEL and rules_from(row.routing).offer_within is not None


async def next_due(conn: AsyncConnection) -> datetime | None:
    """Return when the next offer is over; None where there is none."""
    due: datetime | None = await conn.scalar(
        select(func.min(offer.c.expires_at)).where(offer.c.state == OfferState.OPEN)
    )
    return due


async def read_offers(
    conn: AsyncConnection, units: Mapping[str, int], near: Collection[UUID], now: datetime
) -> Offers:
    """Return how the offers stand at ``now``; ``near`` are those who are available at a connected desk, and
    ``units`` what a conversation of a channel counts."""
    rows = await _rows(conn)
    opened = [row for row in rows if row.state == OfferState.OPEN]
    closing = {row.id: state for row in opened if (state := _fate(row, near, now)) is not None}
    stand = [row for row in opened if row.id not in closing]
    counted: dict[UUID, int] = {}
    for row in stand:
        counted[row.user_id] = counted.get(row.user_id, 0) + units.get(row.channel, 1)
    refused = [row for row in rows if closing.get(row.id, row.state) in _NOT_TAKEN]
    asked = select(offer.c.user_id, func.max(offer.c.offered_at).label("at")).group_by(offer.c.user_id)
    return Offers(
        closing=closing,
        open={row.conversation_id: row.user_id for row in stand},
        units=counted,
        accepted={
            row.conversation_id: (row.user_id, row.offered_at)
            for row in rows
            if row.state == OfferState.ACCEPTED and row.assignee_id == row.user_id
        },
        declined=_people(refused),
        resting=_people(row for row in refused if row.expires_at + _ASK_AGAIN > now),
        asked_at={row.user_id: row.at for row in await conn.execute(asked)},
    )


_NOT_TAKEN = (OfferState.DECLINED, OfferState.MISSED)


async def _rows(conn: AsyncConnection) -> list[Row[Any]]:
    """The open offers, those of conversations that wait for somebody, and accepted ones not noted yet."""
    c, p = conversation.c, placement.c
    waits = and_(c.status == Status.OPEN, c.assignee_id.is_(None), c.waiting_since.is_not(None))
    noted = and_(p.given_at.is_not(None), p.given_at >= offer.c.offered_at)
    new = and_(offer.c.state == OfferState.ACCEPTED, c.assignee_id == offer.c.user_id, ~noted)
    statement = (
        select(
            offer,
            c.status,
            c.assignee_id,
            c.asked_id,
            c.waiting_since,
            c.channel,
            c.inbox_id.label("lies_in"),
            inbox.c.routed,
            inbox.c.routing,
        )
        .outerjoin(conversation, c.id == offer.c.conversation_id)
        .outerjoin(inbox, inbox.c.id == c.inbox_id)
        .outerjoin(placement, p.conversation_id == offer.c.conversation_id)
        .where(or_(offer.c.state == OfferState.OPEN, waits, new))
        .order_by(offer.c.offered_at, offer.c.id)
    )
    return list((await conn.execute(statement)).all())


def _fate(row: Row[Any], near: Collection[UUID], now: datetime) -> OfferState | None:
    """What becomes of an open offer; None: it stands."""
    needed = row.status == Status.OPEN and row.lies_in == row.inbox_id
    if row.from_id is None:
        waits = row.assignee_id is None and row.asked_id is None and row.waiting_since is not None
        needed = needed and waits and row.routed and is_offered(row)
    else:
        needed = needed and row.asked_id == row.user_id
    if not needed or row.user_id not in near:
        return OfferState.WITHDRAWN
    return OfferState.MISSED if row.expires_at <= now else None


def _people(rows: Iterable[Row[Any]]) -> dict[UUID, frozenset[UUID]]:
    found: dict[UUID, frozenset[UUID]] = {}
    for row in rows:
        found[row.conversation_id] = found.get(row.conversation_id, frozenset()) | {row.user_id}
    return found


async def note_offers(conn: AsyncConnection, offers: Offers, now: datetime) -> set[UUID]:
    """Close the offers that do not stand any more, and note who took what; returns the conversations whose
    offers were answered at this very moment."""
    unit = ServerUnit(conn)
    ids = list(offers.closing)
    locked = select(offer).where(offer.c.id.in_(ids))
    answered = set()
    for row in (await conn.execute(locked.order_by(offer.c.id).with_for_update())).all():
        if row.state == OfferState.OPEN:
            state = offers.closing[row.id]
            await unit.update(offer, row.id, {"state": state.value})
            if row.from_id is not None:
                await not_taken(Context(unit, SYSTEM, row.id, now), row, HandingOver(state))
        else:
            answered.add(row.conversation_id)
    for conversation_id, (user_id, since) in offers.accepted.items():
        await _note_holder(conn, conversation_id, user_id, since)
    if ids or offers.accepted:
        old = offer.c.state != OfferState.OPEN, offer.c.expires_at < now - _KEPT
        await unit.delete(offer, list(await conn.scalars(select(offer.c.id).where(*old))))
    await unit.flush()
    return answered


async def _note_holder(conn: AsyncConnection, conversation_id: UUID, user_id: UUID, since: datetime) -> None:
    """Whoever took it has opened it; if they go before they have begun, somebody else is asked."""
    values = {"user_id": user_id, "given_at": since, "opened": True, "settled": False}
    here = placement.c.conversation_id == conversation_id
    if (await conn.execute(update(placement).where(here).values(**values))).rowcount == 0:
        await conn.execute(insert(placement).values(conversation_id=conversation_id, tried=[], **values))


async def ask(conn: AsyncConnection, conversation_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Offer a conversation to somebody; False where it needs nobody any more."""
    c = conversation.c
    locked = (
        await conn.execute(
            select(c.inbox_id, c.assignee_id, c.asked_id, c.status)
            .where(c.id == conversation_id)
            .with_for_update()
        )
    ).first()
    if locked is None or locked.assignee_id or locked.asked_id or locked.status != Status.OPEN:
        return False
    rules = rules_from(await conn.scalar(select(inbox.c.routing).where(inbox.c.id == locked.inbox_id)))
    if rules.offer_within is None:
        return False
    unit = ServerUnit(conn)
    row = {
        "id": new_id(),
        "user_id": user_id,
        "conversation_id": conversation_id,
        "inbox_id": locked.inbox_id,
        "state": OfferState.OPEN.value,
        "offered_at": now,
        "expires_at": now + rules.offer_within,
    }
    await unit.insert(offer, [row])
    await unit.flush()
    return True
