"""Gives waiting conversations to people who are available, in inboxes where that is switched on, or asks
them, one after the other, where chats are offered (:mod:`agentdesk.server.offering`).

One server at a time does it, under a lease; each round is one transaction in which the lease still stands, so
no two servers fill the same person. :mod:`agentdesk.domain.routing` decides; what is decided is an ordinary
``Assign`` of the server's, in the audit trail and the transcript like anybody's. While nothing waits, nothing
is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.log import get_logger
from agentdesk.commands import registry
from agentdesk.commands.context import SYSTEM, Context, Refusal
from agentdesk.commands.offer import Offer
from agentdesk.commands.trail import command_entry
from agentdesk.commands.values import Answer, Assign, Envelope
from agentdesk.domain.routing import placements
from agentdesk.server.leases import Lease, LeaseLost
from agentdesk.server.offering import ask, next_due
from agentdesk.server.routing_state import State, is_routed, note_fates, read_state
from agentdesk.store.audit import record
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import conversation, placement
from agentdesk.store.unit import ServerUnit

__all__ = ["LEASE", "place_waiting", "route_for_ever"]

LEASE = "routing"
_LOOK_SECONDS = 5.0
_GATHER_SECONDS = 0.2
"""Between two rounds: what comes close upon each other is given out together."""
_MOST_AT_ONCE = 50
_log = get_logger(__name__)


async def route_for_ever(db: Database, bell: Bell, holder: str) -> None:
    """Give out what waits, as soon as something changes and every few seconds; where no inbox is switched on,
    it only looks from time to time whether one is."""
    lease, heard = Lease(db, LEASE, holder), 0
    while True:
        try:
            async with db.read() as conn:
                routed = await is_routed(conn)
            if routed:
                await place_waiting(db, bell, lease)
            async with db.read() as conn:
                due = await next_due(conn)
        except LeaseLost:
            lease.token, due = 0, None
        except DatabaseError as error:
            routed, due = False, None
            _log.warning("waiting conversations cannot be given out", problem=str(error))
        await asyncio.sleep(_GATHER_SECONDS if routed else _LOOK_SECONDS)
        heard = await bell.wait(heard, _patience(due)) if routed else bell.rings


def _patience(due: datetime | None) -> float:
    """How long to rest (seconds): until the next offer is over, at most."""
    if due is None:
        return _LOOK_SECONDS
    return min(_LOOK_SECONDS, max(0.0, (due - clock.now()).total_seconds()))


async def place_waiting(db: Database, bell: Bell, lease: Lease) -> int:
    """Give out what waits and can be given now; returns how many conversations changed hands.

    Raises LeaseLost where another server takes over, and DatabaseError.
    """
    now = clock.now()
    async with db.read() as conn:
        idle = _Plan(await read_state(conn, now)).is_empty
    if idle or not await _ours(lease):
        return 0
    async with db.write() as conn:
        await lease.check(conn)
        state = await read_state(conn, now)
        answered = await note_fates(conn, state, now)
        changed = await _Round(conn, now).carry_out(_Plan(state), answered)
    bell.ring()
    return changed


async def _ours(lease: Lease) -> bool:
    """Hold the lease for another while, or take it where nobody has it."""
    if lease.token:
        try:
            await lease.renew()
            return True
        except LeaseLost:
            lease.token = 0
    return await lease.acquire()


class _Plan:
    """What is to be done as things stand: ``placed`` by conversation, and what is taken from those who have
    gone though nobody else can have it."""

    def __init__(self, state: State) -> None:
        self.waiting = {one.id: one for one in state.waiting}
        free = [one for one in state.waiting if one.holder is None or not one.offered]
        made = placements(free, state.agents, state.now)
        self.placed = {one.conversation_id: one.agent_id for one in made[:_MOST_AT_ONCE]}
        self.taken = state.left_behind - {one.conversation_id for one in made}
        noted = state.opened or state.settled or state.offers.closing or state.offers.accepted
        self.is_empty = not (made or self.taken or noted)


class _Round:
    """What changes hands in one transaction."""

    def __init__(self, conn: AsyncConnection, now: datetime) -> None:
        self._conn, self._now = conn, now

    async def carry_out(self, plan: _Plan, answered: Collection[UUID]) -> int:
        """Do what is planned, but for conversations that were ``answered`` for meanwhile; returns how many
        changed hands or were offered to somebody."""
        changed = 0
        for conversation_id, agent_id in plan.placed.items():
            one = plan.waiting[conversation_id]
            if conversation_id in answered:
                continue
            if one.offered:
                changed += await ask(self._conn, one.id, agent_id, self._now)
            elif await self._assign(one.id, agent_id, one.holder):
                await self._note(one.id, agent_id, one.tried)
                changed += 1
        for conversation_id in sorted(plan.taken):
            one = plan.waiting[conversation_id]
            if await self._assign(one.id, None, one.holder):
                here = placement.c.conversation_id == one.id
                await self._conn.execute(update(placement).where(here).values(settled=True))
                changed += 1
        return changed

    async def _assign(self, conversation_id: UUID, agent_id: UUID | None, holder: UUID | None) -> bool:
        """Carry out the command; False where somebody was faster or the person may not have it any more."""
        command = Assign(conversation_id=conversation_id, assignee_id=agent_id, seen_assignee_id=holder)
        envelope = Envelope(id=new_id(), command=command, issued_at=self._now)
        unit = ServerUnit(self._conn, envelope.id)
        try:
            await registry.apply(Context(unit, SYSTEM, envelope.id, self._now), command)
        except Refusal as refusal:  # before anything was written
            _log.info("a conversation cannot be given out", code=refusal.code)
            return False
        if agent_id is not None:  # whether they open it is to be seen
            await unit.update(conversation, conversation_id, {"unread": True})
        await unit.flush()
        answer = Answer(command_id=envelope.id, outcome="done")
        await record(self._conn, [command_entry(Offer(envelope, SYSTEM), answer, unit.changes)])
        return True

    async def _note(self, conversation_id: UUID, agent_id: UUID, tried: frozenset[UUID]) -> None:
        values: dict[str, Any] = {
            "user_id": agent_id,
            "given_at": self._now,
            "tried": sorted(one.hex for one in tried),
            "opened": False,
            "settled": False,
        }
        here = placement.c.conversation_id == conversation_id
        known = await self._conn.scalar(select(placement.c.user_id).where(here))
        if known is None:
            await self._conn.execute(insert(placement).values(conversation_id=conversation_id, **values))
        else:
            await self._conn.execute(update(placement).where(here).values(**values))
