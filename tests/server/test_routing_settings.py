"""What an administrator says of routing is checked, kept, listed, and gone by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.helpers.fake_world import FakeWorld
from tests.helpers.routed import two_at_desks

from agentdesk.app.admin import command
from agentdesk.base import clock
from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.events import Bell
from agentdesk.cli import parse
from agentdesk.domain.routing_rules import Care, Strategy
from agentdesk.queries import team
from agentdesk.server import routing_settings as said
from agentdesk.server.inboxes import set_routing
from agentdesk.server.leases import Lease
from agentdesk.server.people import set_capacity
from agentdesk.server.routing import LEASE, place_waiting
from agentdesk.store.tables import conversation


async def _admin(world: FakeWorld, *words: str) -> int:
    parsed = parse(["admin", "--database", "unused", "routing", *words])
    return await command.VERBS[f"{parsed.subject} {parsed.verb}"](world.db, parsed)


async def test_an_administrator_sets_and_lists_it(
    world: FakeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = "--strategy round-robin --skills Billing,returns --skills-are must --relax-after 0"
    await _admin(world, "set", "Support", *rules.split(), "--languages-are", "off")
    await _admin(world, "units", "fake", "3")
    await _admin(world, "skills", "maria@desk.example", "--skills", "Billing", "--languages", "de, en-GB")
    capsys.readouterr()
    await _admin(world, "list")
    assert capsys.readouterr().out.splitlines() == [
        "inbox\tSupport\tround-robin\tbilling,returns\tmust\toff\t-\t-",
        "channel\tfake\t3",
        "person\tmaria@desk.example\tbilling\tde,en-GB",
    ]
    await said.set_rules(world.db, "Support", {"skills": frozenset()})
    after = (await said.rules_of(world.db))["Support"]
    assert (after.skills, after.strategy, after.skills_are) == (frozenset(), Strategy.ROUND_ROBIN, Care.MUST)


async def test_what_makes_no_sense_is_refused_in_a_sentence(world: FakeWorld) -> None:
    with pytest.raises(NotFound, match="There is no inbox named Nowhere"):
        await said.set_rules(world.db, "Nowhere", {"strategy": Strategy.ROUND_ROBIN})
    with pytest.raises(Invalid, match="Nothing was changed"):
        await said.set_rules(world.db, "Support", {})
    with pytest.raises(Invalid, match="There is no channel pigeon"):
        await said.set_units(world.db, "pigeon", 1)
    with pytest.raises(Invalid, match="from 0 to 100"):
        await said.set_units(world.db, "fake", 101)
    with pytest.raises(Invalid, match="Nothing was changed"):
        await said.set_skills(world.db, "maria@desk.example", None, None)
    with pytest.raises(Invalid, match="no code of a language"):
        said.languages_in("de,german!")
    with pytest.raises(Invalid, match="too long"):
        said.skills_in("x" * 61)
    with pytest.raises(Invalid, match="to relax after"):
        await _admin(world, "set", "Support", "--relax-after", "-1")


async def test_it_is_gone_by(world: FakeWorld) -> None:
    """A chat of three units goes to nobody who has room for two; a German one to whoever speaks German."""
    jonas = await two_at_desks(world, 2)
    waiting = {"waiting_since": clock.now() - timedelta(days=400)}
    async with world.db.write() as conn:
        first, second = (row.id for row in await world.conversations())
        await conn.execute(
            update(conversation).where(conversation.c.id == first).values(language="de", **waiting)
        )
        await conn.execute(update(conversation).where(conversation.c.id == second).values(language=""))
    await set_routing(world.db, "Support", routed=True)
    await said.set_rules(world.db, "Support", {"languages_are": Care.MUST})
    await said.set_units(world.db, "fake", 3)
    await said.set_skills(world.db, "jonas@desk.example", None, ["de"])
    for person, capacity in (("jonas@desk.example", 4), ("maria@desk.example", 2)):
        await set_capacity(world.db, person, capacity)
    lease = Lease(world.db, LEASE, "test:one")
    assert await place_waiting(world.db, Bell(), lease) == 1
    assert [row.assignee_id for row in await world.conversations()] == [jonas, None]
    async with world.db.read() as conn:  # desks count the same
        (row,) = [row for row in await team.teammates(conn) if row.id == jonas]
    assert (row.load, row.count, row.capacity) == (3, 1, 4)
    await set_capacity(world.db, "maria@desk.example", 3)
    assert await place_waiting(world.db, Bell(), lease) == 1
    assert [row.assignee_id for row in await world.conversations()] == [jonas, world.user_id]
