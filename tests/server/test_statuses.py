"""Statuses of a team's own: who has one stands as the team says of it, for routing and for all eyes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.helpers.fake_world import FakeWorld
from tests.helpers.routed import Routed, routed_world

from agentdesk.app.admin import command
from agentdesk.base import clock
from agentdesk.base.errors import Invalid, NotFound
from agentdesk.cli import parse
from agentdesk.commands.values import SetAvailability
from agentdesk.domain.availability import Availability
from agentdesk.queries import team
from agentdesk.queries.team_rows import TeammateRow
from agentdesk.server.statuses import list_statuses, put_status, retire_status


async def _id_of(world: FakeWorld, name: str) -> UUID:
    async with world.db.read() as conn:
        return next(one.id for one in await team.own_statuses(conn) if one.name == name)


async def _choose(world: FakeWorld, status_id: UUID, **more: object) -> str:
    """Maria chooses one; what counts as what is the server's word."""
    command = SetAvailability(state="available", chosen_at=clock.now(), status_id=status_id, **more)
    answer = await world.do(world.cores[0], command)
    return answer.code or answer.outcome


async def _maria(world: FakeWorld) -> TeammateRow:
    async with world.db.read() as conn:
        return next(one for one in await team.teammates(conn) if one.id == world.user_id)


async def test_routing_goes_by_what_a_status_counts_as(world: FakeWorld) -> None:
    routed: Routed = await routed_world(world)
    await put_status(world.db, "Training", Availability.BUSY, "book-open")
    training = await _id_of(world, "Training")
    assert await _choose(world, training) == "done"
    row = await _maria(world)
    assert (row.state, row.own_name, row.own_icon) == ("busy", "Training", "book-open")
    assert await routed.place() == 3
    assert set(await routed.holders()) == {"jonas"}
    await put_status(world.db, "training", Availability.AVAILABLE)  # it counts otherwise from now on
    row = await _maria(world)
    assert (row.state, row.own_name) == ("available", "training")
    assert row.takes(clock.now())


async def test_it_ends_at_its_time_and_a_retired_one_stays_with_who_has_it(world: FakeWorld) -> None:
    world.core()
    await put_status(world.db, "Lunch", Availability.BREAK, "moon", 30)
    lunch = await _id_of(world, "Lunch")
    back = clock.now() + timedelta(minutes=30)
    assert await _choose(world, lunch, back_at=back) == "done"
    await retire_status(world.db, "Lunch")
    row = await _maria(world)
    assert (row.own(clock.now()), row.own(back)) == ("Lunch", "")
    assert row.now_is(back) is Availability.AVAILABLE
    async with world.db.read() as conn:
        assert await team.own_statuses(conn) == []
    assert await _choose(world, lunch) == "invalid"
    assert (await _maria(world)).own_name == "Lunch"
    plain = SetAvailability(state="busy", chosen_at=clock.now())
    assert (await world.do(world.cores[0], plain)).outcome == "done"
    assert (await _maria(world)).own_name == ""


async def test_they_are_defined_on_the_command_line(
    world: FakeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in (
        "set Lunch --kind break --icon moon --minutes 30",
        "set Training --kind busy",
        "set Lunch --minutes 0",
        "retire Training",
        "list",
    ):
        parsed = parse(["admin", "--database", "unused", "status", *line.split()])
        assert await command.VERBS[f"{parsed.subject} {parsed.verb}"](world.db, parsed) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "Lunch\tbreak\tmoon\t-\t-",
        "Training\tbusy\tcircle-user\t-\tretired",
    ]


async def test_what_makes_no_sense_is_refused(world: FakeWorld) -> None:
    refused: tuple[dict[str, Any], ...] = (
        {"name": " "},
        {"name": "x" * 61},
        {"icon": "unicorn"},
        {"minutes": 1441},
    )
    for values in refused:
        with pytest.raises(Invalid):
            await put_status(world.db, **{"name": "Lunch", **values})
    with pytest.raises(NotFound):
        await retire_status(world.db, "Lunch")
    assert await list_statuses(world.db) == []
