"""An offer is seen on all desks of who is asked and on nobody else's, and each answer ends it on all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AnswerOffer
from agentdesk.queries.team import offers
from agentdesk.queries.team_rows import OfferRow
from agentdesk.store.tables import conversation, offer
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World, connected


async def _offers(desk: SimDesk) -> list[OfferRow]:
    async with desk.replica.read() as conn:
        return await offers(conn, desk.workbench.standing.user_id)


async def _held(desk: SimDesk) -> int:
    async with desk.replica.read() as conn:
        return await conn.scalar(select(func.count()).select_from(offer)) or 0


async def _ask(world: World, user_id: UUID, where: UUID) -> UUID:
    offer_id, now = new_id(), clock.now()

    async def ask(unit: Any) -> None:
        inbox_id = await unit.conn.scalar(select(conversation.c.inbox_id).where(conversation.c.id == where))
        row = {"id": offer_id, "user_id": user_id, "conversation_id": where, "inbox_id": inbox_id}
        times = {"offered_at": now, "expires_at": now + timedelta(seconds=30)}
        await unit.insert(offer, [{**row, **times, "state": "open"}])

    await world.write(ask)
    return offer_id


async def test_whoever_is_asked_takes_it_on_any_desk(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    bob = await world.add_user("bob")
    first, second = await world.mail(), await world.mail()
    ada, here, there = [
        await connected(await new_desk(token, folder))
        for token, folder in (("ada", "a"), ("bob", "b1"), ("bob", "b2"))
    ]
    for where, accepted in ((first, True), (second, False)):
        offer_id = await _ask(world, bob, where)
        for desk in (here, there):

            async def rings(desk: SimDesk = desk, offer_id: UUID = offer_id) -> bool:
                return [row.id for row in await _offers(desk)] == [offer_id]

            await until(rings, what="the offer")
        answer = AnswerOffer(offer_id=offer_id, conversation_id=where, accepted=accepted)
        await here.workbench.do(answer, None)
        assert await _offers(here) == []  # at once

        async def silent() -> bool:
            return not await _offers(there)

        await until(silent, what="the other desk is silent too")
    assert await _held(ada) == 0
    async with world.db.read() as conn:
        rows = await conn.execute(select(conversation.c.id, conversation.c.assignee_id))
        assert {row.id: row.assignee_id for row in rows} == {first: bob, second: None}
        assert list(await conn.scalars(select(offer.c.state).order_by(offer.c.id))) == [
            "accepted",
            "declined",
        ]
