"""A person's status is their own: what they chose last counts, wherever it was chosen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.helpers.fake_world import FakeWorld

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import SYSTEM
from agentdesk.commands.values import SetAvailability
from agentdesk.domain.availability import Availability, has_room, now_is
from agentdesk.queries.team_rows import TeammateRow
from agentdesk.server.people import set_capacity
from agentdesk.store.tables import availability, change_log

NOON = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
LATER = NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("chosen", "back_at", "now", "wanted"),
    [
        ("busy", None, NOON, "busy"),
        ("break", LATER, NOON, "break"),
        ("break", LATER, LATER, "available"),
        ("offline", LATER, LATER + timedelta(days=3), "available"),
        ("on_safari", None, NOON, "offline"),
    ],
)
def test_who_said_when_they_are_back_is_available_from_then_on(
    chosen: str, back_at: datetime | None, now: datetime, wanted: str
) -> None:
    assert now_is(chosen, back_at, now) is Availability(wanted)


def test_who_has_no_limit_always_has_room() -> None:
    assert [has_room(load, 6) for load in (0, 5, 6, 7)] == [True, True, False, False]
    assert has_room(1000, None)


@pytest.mark.parametrize(
    ("values", "takes"),
    [
        ({}, True),
        ({"state": "busy"}, False),
        ({"state": "busy", "back_at": NOON}, True),
        ({"load": 3, "capacity": 4}, True),
        ({"load": 4, "capacity": 4}, False),
        ({"unreachable_since": NOON}, False),
    ],
)
def test_somebody_takes_more_who_is_there_and_has_room(values: dict[str, Any], takes: bool) -> None:
    row = TeammateRow(id=new_id(), email="a@desk.example", name="A", role="agent", active=True, **values)
    assert row.takes(NOON) is takes


async def standing(world: FakeWorld) -> Any:
    rows = await world.rows(availability)
    assert [row.id for row in rows] == [world.user_id]
    return rows[0]


async def test_the_latest_choice_counts_whenever_it_arrives(world: FakeWorld) -> None:
    core, now = world.core(), clock.now()
    back = now + timedelta(minutes=30)
    on_break = SetAvailability(state="break", chosen_at=now, back_at=back)
    assert (await world.do(core, on_break)).outcome == "done"
    row = await standing(world)
    assert (row.state, row.back_at, row.chosen_at) == ("break", back, now)
    offline_before = SetAvailability(state="offline", chosen_at=now - timedelta(hours=2))
    assert (await world.do(core, offline_before)).outcome == "done"
    assert (await standing(world)).state == "break"
    available = SetAvailability(state="available", chosen_at=clock.now(), back_at=back)
    await world.do(core, available)
    row = await standing(world)
    assert (row.state, row.back_at, row.ver) == ("available", None, 2)
    logged = await world.rows(change_log, change_log.c.table_name == "availability", order=change_log.c.seq)
    assert [(entry.scope, entry.ver) for entry in logged] == [("*", 1), ("*", 2)]


async def test_a_clock_that_goes_ahead_does_not_hold_a_choice_for_ever(world: FakeWorld) -> None:
    core = world.core()
    await world.do(core, SetAvailability(state="busy", chosen_at=clock.now() + timedelta(days=2)))
    assert (await standing(world)).chosen_at <= clock.now()
    await world.do(core, SetAvailability(state="available", chosen_at=clock.now()))
    assert (await standing(world)).state == "available"


@pytest.mark.parametrize("case", ["unknown", "too far", "nobody"])
async def test_what_makes_no_sense_is_refused(world: FakeWorld, case: str) -> None:
    state, back_at, actor = "break", None, world.maria
    if case == "unknown":
        state = "x" * 300
    elif case == "too far":
        back_at = clock.now() + timedelta(days=4000)
    else:
        actor = SYSTEM
    command = SetAvailability(state=state, chosen_at=clock.now(), back_at=back_at)
    answer = await world.do(world.core(), command, actor)
    assert (answer.outcome, answer.code) == ("refused", "invalid")
    assert await world.rows(availability) == []


async def test_a_limit_and_a_status_do_not_undo_each_other(world: FakeWorld) -> None:
    await set_capacity(world.db, "maria@desk.example", 6)
    await world.do(world.core(), SetAvailability(state="busy", chosen_at=clock.now()))
    row = await standing(world)
    assert (row.state, row.capacity) == ("busy", 6)
    await set_capacity(world.db, "Maria@desk.example", None)
    row = await standing(world)
    assert (row.state, row.capacity) == ("busy", None)
