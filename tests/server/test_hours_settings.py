"""The hours of inboxes, as an administrator says them."""

from __future__ import annotations

import pytest
from tests.helpers.fake_world import FakeWorld

from agentdesk.app.admin import command
from agentdesk.base.errors import AgentDeskError
from agentdesk.cli import parse
from agentdesk.server.hours_settings import days_in


async def _admin(world: FakeWorld, *words: str) -> int:
    parsed = parse(["admin", "--database", "unused", "hours", *words])
    return await command.VERBS[f"{parsed.subject} {parsed.verb}"](world.db, parsed)


async def _listed(world: FakeWorld, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    await _admin(world, "list")
    (line,) = capsys.readouterr().out.splitlines()
    return line.split("\t")


async def test_they_are_set_changed_and_listed(world: FakeWorld, capsys: pytest.CaptureFixture[str]) -> None:
    assert await _listed(world, capsys) == ["Support", "always"]
    week = "--zone Europe/Berlin --days mon-fri=9:00-12:30,13:30-17:00 --days sat=10:00-12:00"
    await _admin(world, "set", "Support", *week.split())
    await _admin(world, "set", "Support", "--days=fri=9:00-12:00", "--days=sat=closed")  # the other days stay
    await _admin(world, "date", "Support", "2026-12-25", "closed")
    await _admin(world, "date", "Support", "2026-12-24", "9:00-12:00")
    await _admin(world, "date", "Support", "2026-12-31", "closed")
    await _admin(world, "date", "Support", "2026-12-31", "usual")
    whole = "9:00-12:30,13:30-17:00"
    assert await _listed(world, capsys) == [
        "Support",
        "Europe/Berlin",
        *(f"{day}={whole}" for day in ("mon", "tue", "wed", "thu")),
        "fri=9:00-12:00",
        "sat=closed",
        "sun=closed",
        "2026-12-24=9:00-12:00",
        "2026-12-25=closed",
    ]
    await _admin(world, "off", "Support")
    assert await _listed(world, capsys) == ["Support", "always"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("set", "Support"), "Nothing was changed"),
        (("set", "Support", "--days=mon=9:00-17:00"), "In which time zone"),
        (("set", "Nowhere", "--days=mon=all", "--zone", "UTC"), "There is no inbox named Nowhere"),
        (("set", "Support", "--days=mon=all", "--zone", "Berlin"), "Berlin is no time zone"),
        (("set", "Support", "--days=mon", "--zone", "UTC"), "needs the form DAYS=TIMES"),
        (("set", "Support", "--days=monday=all", "--zone", "UTC"), "monday is no day of the week"),
        (("set", "Support", "--days=mon=9-17", "--zone", "UTC"), "9-17 is no time of a day"),
        (("date", "Support", "25.12.2026", "closed"), "25.12.2026 is no date"),
        (("date", "Support", "2026-12-25", "closed"), "Support has no hours yet"),
        (("off", "Nowhere"), "There is no inbox named Nowhere"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_a_sentence(
    world: FakeWorld, words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(AgentDeskError) as refused:
        await _admin(world, *words)
    assert sentence in str(refused.value)


def test_days_are_read_also_over_the_end_of_the_week() -> None:
    assert days_in("mon-fri") == [0, 1, 2, 3, 4]
    assert days_in("sat, sun") == [5, 6]
    assert days_in("SAT-mon") == [5, 6, 0]
