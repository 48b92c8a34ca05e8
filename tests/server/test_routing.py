"""Waiting conversations are given to people who are there, by one server; who has begun keeps theirs."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update
from tests.helpers.fake_world import FakeWorld
from tests.helpers.routed import LONG, Routed, routed_world
from tests.helpers.until import until

from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, Assign, MarkRead, SetStatus
from agentdesk.server import routing
from agentdesk.server.inboxes import list_inboxes, set_routing
from agentdesk.server.leases import Lease, LeaseLost
from agentdesk.server.people import set_capacity
from agentdesk.server.routing import LEASE, place_waiting, route_for_ever
from agentdesk.store.tables import audit_entry, conversation, event, inbox, placement


@pytest.fixture
async def routed(world: FakeWorld) -> Routed:
    return await routed_world(world)


async def test_what_waits_is_shared_out_and_said_in_transcript_and_trail(routed: Routed) -> None:
    assert await routed.place() == 3
    assert sorted(await routed.holders()) in (["jonas", "jonas", "maria"], ["jonas", "maria", "maria"])
    assert routed.bell.rings == 1
    lines = await routed.world.rows(event, event.c.kind == "assigned")
    assert {(line.author, line.user_id) for line in lines} == {("system", None)}
    entries = await routed.world.rows(audit_entry, audit_entry.c.what == "assign", order=audit_entry.c.seq)
    assert [(entry.actor, entry.outcome) for entry in entries] == [("system", "done")] * 3
    token = routed.lease.token
    assert await routed.place() == 0
    assert (routed.bell.rings, routed.lease.token) == (1, token)  # nothing waits: nothing is written


async def test_nothing_is_given_out_where_it_is_not_switched_on(routed: Routed) -> None:
    await set_routing(routed.world.db, "Support", routed=False)
    assert await routed.place() == 0
    assert await routed.holders() == ["-", "-", "-"]
    assert routed.lease.token == 0


async def test_only_who_is_there_has_room_and_works_in_the_inbox(routed: Routed) -> None:
    await set_capacity(routed.world.db, "jonas@desk.example", 1)
    await routed.stand("break")
    assert await routed.place() == 1
    assert await routed.holders() == ["jonas", "-", "-"]  # the oldest
    await routed.stand("available")
    await routed.seen(routed.maria, LONG)
    assert await routed.place() == 0
    await routed.seen(routed.maria)
    async with routed.world.db.write() as conn:
        await conn.execute(update(inbox).values(everyone=False))
    assert await routed.place() == 0
    async with routed.world.db.write() as conn:
        await conn.execute(update(inbox).values(everyone=True))
    assert await routed.place() == 2
    assert await routed.holders() == ["jonas", "maria", "maria"]


async def _only_maria(routed: Routed) -> UUID:
    """Maria is given all; returns the first conversation. Then Jonas is back."""
    await routed.seen(routed.jonas, LONG)
    assert await routed.place() == 3
    await routed.seen(routed.jonas)
    return (await routed.ids())[0]


async def test_what_is_not_opened_in_time_goes_to_somebody_else_once(routed: Routed) -> None:
    opened = await _only_maria(routed)
    await routed.world.do(routed.world.cores[0], MarkRead(conversation_id=opened))
    await routed.place()
    assert await routed.holders() == ["maria"] * 3  # there is still time
    await routed.given_long_ago()
    await routed.world.do(routed.world.cores[0], MarkRead(conversation_id=opened, unread=True))
    assert await routed.place() == 2
    assert await routed.holders() == ["maria", "jonas", "jonas"]
    await routed.given_long_ago()
    assert await routed.place() == 0  # everybody who is there has had it
    assert await routed.holders() == ["maria", "jonas", "jonas"]


@pytest.mark.parametrize("how", ["break", "gone"])
async def test_who_goes_away_leaves_what_is_not_begun(routed: Routed, how: str) -> None:
    begun = await _only_maria(routed)
    note = AddNote(message_id=new_id(), conversation_id=begun, text="I look into it.")
    assert (await routed.world.do(routed.world.cores[0], note)).outcome == "done"
    if how == "break":
        await routed.stand("break")
    else:
        await routed.seen(routed.maria, LONG)
    await routed.seen(routed.jonas, LONG)
    assert await routed.place() == 2
    assert await routed.holders() == ["maria", "-", "-"]  # nobody else is there: everybody may take them
    await routed.seen(routed.jonas)
    assert await routed.place() == 2
    assert await routed.holders() == ["maria", "jonas", "jonas"]


async def test_who_is_busy_keeps_what_they_have(routed: Routed) -> None:
    await _only_maria(routed)
    await routed.stand("busy")
    assert await routed.place() == 0
    assert await routed.holders() == ["maria"] * 3


async def test_what_people_decide_stands(routed: Routed) -> None:
    await _only_maria(routed)
    first, second, third = await routed.ids()
    core, maria = routed.world.cores[0], routed.maria
    await routed.world.do(core, Assign(conversation_id=first, assignee_id=None, seen_assignee_id=maria))
    given = Assign(conversation_id=second, assignee_id=routed.jonas, seen_assignee_id=maria)
    await routed.world.do(core, given)
    await routed.world.do(core, SetStatus(conversation_id=third, status="resolved"))
    await routed.given_long_ago()
    assert await routed.place() == 1
    assert await routed.holders() == ["jonas", "jonas", "maria"]  # the first was given back: not to her again
    await routed.seen(routed.jonas, LONG)
    await routed.place()
    assert await routed.holders() == ["-", "jonas", "maria"]


async def test_a_customer_comes_back_to_whom_they_know(routed: Routed) -> None:
    rows = await routed.world.conversations()
    core = routed.world.cores[0]
    for row in rows[1:]:
        await routed.world.do(core, SetStatus(conversation_id=row.id, status="resolved"))
    async with routed.world.db.write() as conn:
        values = {"contact_id": rows[0].contact_id, "assignee_id": routed.jonas}
        await conn.execute(update(conversation).where(conversation.c.id == rows[1].id).values(**values))
        values = {"status": "open", "assignee_id": routed.jonas}
        await conn.execute(update(conversation).where(conversation.c.id == rows[2].id).values(**values))
    await routed.place()
    assert (await routed.holders())[0] == "jonas"  # though Maria has nothing


async def test_a_second_server_waits_and_one_that_was_stopped_gives_out_nothing(routed: Routed) -> None:
    other = Lease(routed.world.db, LEASE, "test:two")
    assert await other.acquire()
    assert await routed.place() == 0
    await other.release()
    assert await routed.place() == 3
    async with routed.world.db.write() as conn:  # the first stands still, the second takes over
        await conn.execute(update(conversation).values(assignee_id=None))
        await conn.execute(delete(placement))
    await routed.lease.release()
    assert await other.acquire()
    with pytest.raises(LeaseLost):
        async with routed.world.db.write() as conn:
            await routed.lease.check(conn)
    assert await routed.place() == 0
    assert await place_waiting(routed.world.db, routed.bell, other) == 3


async def test_it_reacts_to_the_bell(routed: Routed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "_GATHER_SECONDS", 0.01)
    await routed.stand("break")
    await routed.seen(routed.jonas, LONG)
    task = asyncio.create_task(route_for_ever(routed.world.db, routed.bell, "test:one"))
    try:
        await asyncio.sleep(0)
        await routed.stand("available")

        async def given() -> Any:
            routed.bell.ring()
            return await routed.holders() == ["maria"] * 3

        await until(given, what="given out")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_settings_of_an_inbox_are_checked_and_listed(world: FakeWorld) -> None:
    (line,) = await list_inboxes(world.db)
    assert (line.name, line.everyone, line.routed, line.open_within) == ("Support", True, False, None)
    await set_routing(world.db, "Support", open_within=90)
    await set_routing(world.db, " Support ", routed=True)
    (line,) = await list_inboxes(world.db)
    assert (line.routed, line.open_within) == (True, 90)
    await set_routing(world.db, "Support", open_within=0)
    assert (await list_inboxes(world.db))[0].open_within is None
    for wrong in ({}, {"open_within": 5}, {"open_within": -1}, {"open_within": 10**6}):
        with pytest.raises(Invalid):
            await set_routing(world.db, "Support", **wrong)
    with pytest.raises(NotFound):
        await set_routing(world.db, "Nowhere", routed=True)
