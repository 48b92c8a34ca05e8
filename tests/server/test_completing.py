"""What calls leave out is looked up once, before an item is interpreted; nothing waits long for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import pytest
import time_machine
from sqlalchemy import select
from tests.helpers.fake_connector import NOON, FakeAccount, raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected, Unreachable
from agentdesk.sdk.inbound import INCOMPLETE, RawItem
from agentdesk.server import completing
from agentdesk.store.tables import raw_item

_asked: list[bytes] = []


class _Completing(FakeAccount):
    """Knows the subject of what it is asked for."""

    async def complete(self, raw: bytes, facts: Mapping[str, object]) -> Mapping[str, object]:
        _asked.append(raw)
        what = json.loads(raw).get("subject")
        if what == "away":
            raise Unreachable(msg("Nobody answers."))
        if what == "secret":
            raise Rejected(msg("That is not for you."))
        if what == "slow":
            await asyncio.sleep(3600)
        return {"note": f"about {what}"}


@pytest.fixture
def completing_account(monkeypatch: pytest.MonkeyPatch) -> None:
    _asked.clear()
    monkeypatch.setattr("tests.helpers.fake_connector.FakeAccount", _Completing)


async def _facts(world: FakeWorld) -> list[object]:
    async with world.db.read() as conn:
        return list(await conn.scalars(select(raw_item.c.facts).order_by(raw_item.c.id)))


def _put(world: FakeWorld, subject: str, **facts: object) -> None:
    raw = raw_mail(id=f"{subject}@x.example", subject=subject)
    world.service.items.append(RawItem(subject, raw, facts=facts))


async def test_what_an_item_lacks_is_looked_up_once_and_kept(
    world: FakeWorld, completing_account: None
) -> None:
    _put(world, "shoe", **{INCOMPLETE: True})
    _put(world, "whole", note="known")
    await world.started()
    await world.settled(2)
    assert await _facts(world) == [{"note": "about shoe"}, {"note": "known"}]
    assert [json.loads(raw)["subject"] for raw in _asked] == ["shoe"]


async def test_an_item_that_may_not_be_looked_up_comes_in_as_it_is(
    world: FakeWorld, completing_account: None
) -> None:
    _put(world, "secret", **{INCOMPLETE: True})
    _put(world, "shoe", **{INCOMPLETE: True})
    await world.started()
    await world.settled(2)
    assert await _facts(world) == [{INCOMPLETE: True}, {"note": "about shoe"}]
    assert len(await world.messages()) == 2


async def test_a_network_in_trouble_is_left_alone_for_a_while(
    world: FakeWorld, completing_account: None
) -> None:
    with time_machine.travel(NOON, tick=True) as traveller:
        _put(world, "away", **{INCOMPLETE: True})
        _put(world, "shoe", **{INCOMPLETE: True})
        await world.started()
        await world.settled(2)
        assert await _facts(world) == [{INCOMPLETE: True}] * 2
        assert len(_asked) == 1
        traveller.shift(60)
        _put(world, "boot", **{INCOMPLETE: True})
        await world.settled(3)
        assert (await _facts(world))[2] == {"note": "about boot"}


async def test_a_network_that_never_answers_holds_nothing_up(
    world: FakeWorld, completing_account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completing, "_SECONDS", 0.05)
    _put(world, "slow", **{INCOMPLETE: True})
    await world.started()
    await world.settled(1)
    assert len(await world.messages()) == 1
