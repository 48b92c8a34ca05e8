"""Who has no desk that is connected cannot be reached; what they chose stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.values import SetAvailability
from agentdesk.domain.availability import GONE_AFTER
from agentdesk.server import attendance
from agentdesk.server.attendance import note_absences, note_arrivals, see_desks
from agentdesk.server.people import set_active
from agentdesk.store.tables import availability, desk, user

LONG = GONE_AFTER + timedelta(minutes=1)


async def add_desk(world: FakeWorld, ago: timedelta) -> UUID:
    """A desk of Maria's that was seen that long ago."""
    desk_id, seen = new_id(), clock.now() - ago
    values = {"user_id": world.user_id, "last_number": 0, "created_at": seen, "seen_at": seen}
    async with world.db.write() as conn:
        await conn.execute(insert(desk).values(id=desk_id, **values))
    return desk_id


async def standing(world: FakeWorld) -> Any:
    rows = await world.rows(availability)
    return rows[0] if rows else None


async def test_who_has_been_away_for_long_is_not_reachable_until_seen_again(world: FakeWorld) -> None:
    bell = Bell()
    long_ago, other = await add_desk(world, LONG), await add_desk(world, timedelta(minutes=1))
    await note_absences(world.db, bell)
    assert (await standing(world), bell.rings) == (None, 0)  # one desk is enough
    async with world.db.write() as conn:
        await conn.execute(update(desk).values(seen_at=clock.now() - LONG))
    core = world.core()
    await world.do(core, SetAvailability(state="busy", chosen_at=clock.now()))
    await note_absences(world.db, bell)
    row = await standing(world)
    assert row.state == "busy"
    assert clock.now() - row.unreachable_since >= LONG
    assert bell.rings == 1
    await note_absences(world.db, bell)
    await note_arrivals(world.db, bell)
    assert (await standing(world)).ver == row.ver  # nothing is written twice
    await see_desks(world.db, [other])
    await note_arrivals(world.db, bell)
    row = await standing(world)
    assert (row.state, row.unreachable_since, bell.rings) == ("busy", None, 2)
    (seen,) = await world.rows(desk, desk.c.id == long_ago)
    assert clock.now() - seen.seen_at >= LONG


async def test_who_never_came_is_not_reachable_and_who_left_for_good_is_nobodys_concern(
    world: FakeWorld,
) -> None:
    await note_absences(world.db, Bell())
    assert await standing(world) is None  # added a moment ago
    async with world.db.write() as conn:
        await conn.execute(update(user).values(created_at=clock.now() - LONG))
    await set_active(world.db, "maria@desk.example", False)
    await note_absences(world.db, Bell())
    assert await standing(world) is None
    await set_active(world.db, "maria@desk.example", True)
    await note_absences(world.db, Bell())
    assert (await standing(world)).unreachable_since is not None


async def _seen(world: FakeWorld, ago: timedelta) -> None:
    async with world.db.write() as conn:
        await conn.execute(update(desk).values(seen_at=clock.now() - ago))


async def _reachable(world: FakeWorld) -> bool | None:
    row = await standing(world)
    return None if row is None else row.unreachable_since is None


@asynccontextmanager
async def watching(world: FakeWorld, desks: list[UUID], arrivals: Bell) -> AsyncIterator[None]:
    task = asyncio.create_task(attendance.watch_for_ever(world.db, Bell(), lambda: desks, arrivals))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_who_comes_can_be_reached_at_once(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "LOOK_SECONDS", 3600.0)
    desks, arrivals = [await add_desk(world, LONG)], Bell()
    await note_absences(world.db, Bell())
    assert await _reachable(world) is False
    async with watching(world, desks, arrivals):
        await _seen(world, timedelta(0))  # as its hello is noted
        arrivals.ring()
        await until(lambda: _reachable(world), what="back")


async def test_a_server_says_from_time_to_time_which_desks_are_there(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(attendance, "_GATHER_SECONDS", 0.0)
    desks = [await add_desk(world, LONG)]
    await note_absences(world.db, Bell())
    async with watching(world, desks, Bell()):
        await until(lambda: _reachable(world), what="seen")
        desks.clear()

        async def gone() -> bool:
            await _seen(world, LONG)  # each time: the round under way may still say that it sees the desk
            return await _reachable(world) is False

        await until(gone, what="gone")
