"""Chats are offered to one person after the other until somebody takes them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from tests.helpers.fake_world import FakeWorld
from tests.helpers.routed import LONG, Routed, routed_world

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.cli import parse
from agentdesk.commands.context import Actor
from agentdesk.commands.values import AnswerOffer, Assign
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server import routing_settings
from agentdesk.server.inboxes import set_routing
from agentdesk.server.leases import Lease
from agentdesk.server.people import set_capacity
from agentdesk.server.routing import LEASE, place_waiting
from agentdesk.store.tables import conversation, offer


class Ringing:
    """One chat waits in an inbox that offers chats; Maria and Jonas are there."""

    def __init__(self, routed: Routed, chat_id: UUID) -> None:
        self.routed, self.chat_id = routed, chat_id
        self.place = routed.place

    async def offers(self) -> list[tuple[str, str]]:
        """Whom the chat was offered to, and what became of it, the first first."""
        rows = await self.routed.world.rows(offer, order=offer.c.id)
        names = {self.routed.maria: "maria", self.routed.jonas: "jonas"}
        return [(names[row.user_id], row.state) for row in rows]

    async def asked(self) -> str:
        """Who is asked now."""
        (name,) = [name for name, state in await self.offers() if state == "open"]
        return name

    async def answer(self, accepted: bool, who: str = "") -> str:
        """Whoever is asked (or ``who``) answers; returns what the server says of it."""
        rows = await self.routed.world.rows(offer, offer.c.state == "open")
        user_id = rows[0].user_id if not who else getattr(self.routed, who)
        inbox_id = self.routed.world.inbox_id
        actor = Actor(Author.USER, user_id, Role.AGENT, frozenset({inbox_id}))
        command = AnswerOffer(offer_id=rows[0].id, conversation_id=self.chat_id, accepted=accepted)
        answer = await self.routed.world.do(self.routed.world.cores[0], command, actor)
        return answer.code or answer.outcome

    async def later(self, seconds: float) -> None:
        """As if all offers had been made earlier."""
        async with self.routed.world.db.write() as conn:
            for row in await self.routed.world.rows(offer):
                ago = timedelta(seconds=seconds)
                values = {"offered_at": row.offered_at - ago, "expires_at": row.expires_at - ago}
                await conn.execute(update(offer).where(offer.c.id == row.id).values(**values))

    async def holder(self) -> UUID | None:
        rows = await self.routed.world.conversations()
        return next(row.assignee_id for row in rows if row.id == self.chat_id)


@pytest.fixture
async def ringing(world: FakeWorld) -> Ringing:
    routed = await routed_world(world)
    first, *others = await routed.ids()
    async with world.db.write() as conn:
        await conn.execute(update(conversation).where(conversation.c.id == first).values(channel="chat"))
        resolved = update(conversation).where(conversation.c.id.in_(others))
        await conn.execute(resolved.values(status="resolved"))
    await routing_settings.set_rules(world.db, "Support", {"offer_within": timedelta(seconds=30)})
    return Ringing(routed, first)


async def test_a_chat_is_offered_to_one_and_is_theirs_when_they_accept(ringing: Ringing) -> None:
    assert await ringing.place() == 1
    asked = await ringing.asked()
    assert await ringing.holder() is None
    assert await ringing.place() == 0  # it rings, nobody else is asked
    other = "jonas" if asked == "maria" else "maria"
    assert await ringing.answer(True, who=other) == "gone"  # that was offered to somebody else
    assert await ringing.answer(True) == "done"
    assert await ringing.holder() == getattr(ringing.routed, asked)
    await ringing.place()
    assert await ringing.offers() == [(asked, "accepted")]


async def test_who_does_not_answer_in_time_or_declines_is_passed_over(ringing: Ringing) -> None:
    await ringing.place()
    first = await ringing.asked()
    await ringing.later(31)
    await ringing.place()
    second = await ringing.asked()
    assert {first, second} == {"maria", "jonas"}
    assert await ringing.answer(False) == "done"
    await ringing.place()
    assert [state for _name, state in await ringing.offers()] == ["missed", "declined"]
    await ringing.later(31)  # nobody else is there, and the visitor still waits
    await ringing.place()
    assert await ringing.asked() in ("maria", "jonas")


async def test_whoever_declined_is_not_asked_while_somebody_else_is_there(ringing: Ringing) -> None:
    await ringing.place()
    first = await ringing.asked()
    await ringing.answer(False)
    await ringing.later(61)
    await ringing.place()
    assert await ringing.asked() != first


@pytest.mark.parametrize("how", ["break", "gone", "taken", "switched off"])
async def test_an_offer_that_makes_no_sense_any_more_is_withdrawn(ringing: Ringing, how: str) -> None:
    routed = ringing.routed
    await routed.seen(routed.jonas, LONG)
    await ringing.place()
    assert await ringing.asked() == "maria"
    await routed.seen(routed.jonas)
    if how == "break":
        await routed.stand("break")
    elif how == "gone":  # her desk was connected a few minutes ago: she can be reached, but nothing rings
        await routed.seen(routed.maria, timedelta(minutes=3))
    elif how == "taken":
        take = Assign(conversation_id=ringing.chat_id, assignee_id=routed.maria)
        await routed.world.do(routed.world.cores[0], take)
    else:
        await set_routing(routed.world.db, "Support", routed=False)
    await ringing.place()
    offers = await ringing.offers()
    assert offers[0] == ("maria", "withdrawn")
    assert offers[1:] == ([("jonas", "open")] if how in ("break", "gone") else [])
    if offers[1:]:
        assert await ringing.answer(True, who="maria") == "gone"  # that one was offered to Jonas


async def test_nobody_is_asked_twice_at_once_or_over_their_limit(ringing: Ringing) -> None:
    routed = ringing.routed
    async with routed.world.db.write() as conn:
        everything = {"status": "open", "channel": "chat", "waiting_since": clock.now()}
        await conn.execute(update(conversation).values(**everything))
    await set_capacity(routed.world.db, "jonas@desk.example", 0)
    assert await ringing.place() == 1
    assert await ringing.offers() == [("maria", "open")]
    await set_capacity(routed.world.db, "maria@desk.example", 1)
    await ringing.answer(True)
    await ringing.place()
    assert await ringing.offers() == [("maria", "accepted")]  # she has as many as she may


async def test_whoever_accepted_and_goes_away_unheard_loses_the_chat_to_the_next(ringing: Ringing) -> None:
    routed = ringing.routed
    await routed.seen(routed.jonas, LONG)
    await ringing.place()
    await ringing.answer(True)
    await ringing.place()
    await routed.stand("break")
    await routed.seen(routed.jonas)
    await ringing.place()
    assert await ringing.holder() is None
    await ringing.place()
    assert await ringing.asked() == "jonas"


async def test_handing_back_offers_it_to_somebody_else(ringing: Ringing) -> None:
    routed = ringing.routed
    await routed.seen(routed.jonas, LONG)
    await ringing.place()
    await ringing.answer(True)
    await ringing.place()
    back = Assign(conversation_id=ringing.chat_id, assignee_id=None, seen_assignee_id=routed.maria)
    await routed.world.do(routed.world.cores[0], back)
    await routed.seen(routed.jonas)
    await ringing.place()
    assert await ringing.asked() == "jonas"


async def test_two_servers_never_offer_one_chat_to_two_people(ringing: Ringing) -> None:
    """Both look at the same moment, again and again, while each offer runs out."""
    world = ringing.routed.world
    leases = [Lease(world.db, LEASE, f"test:{name}") for name in ("one", "two")]
    seen: set[Any] = set()
    for _round in range(4):
        rounds = (place_waiting(world.db, ringing.routed.bell, lease) for lease in leases)
        await asyncio.gather(*rounds, return_exceptions=True)
        states = [state for _name, state in await ringing.offers()]
        assert states.count("open") == 1
        seen.add(await ringing.asked())
        await ringing.later(31)
        await leases[0].release()
        leases.reverse()
    assert seen == {"maria", "jonas"}


async def test_a_time_that_makes_no_sense_is_refused(ringing: Ringing) -> None:
    from agentdesk.app.admin import command

    world = ringing.routed.world
    for seconds, fine in ((5, False), (0, True), (45, True)):
        words = ["admin", "--database", "-", "routing", "set", "Support", "--offer-within", str(seconds)]
        parsed = parse(words)
        if fine:
            await command.VERBS["routing set"](world.db, parsed)
            rules = (await routing_settings.rules_of(world.db))["Support"]
            assert rules.offer_within == (timedelta(seconds=seconds) if seconds else None)
        else:
            with pytest.raises(Invalid, match="10 to 600 seconds"):
                await command.VERBS["routing set"](world.db, parsed)
