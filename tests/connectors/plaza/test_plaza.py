"""A stranger's connector: a package of its own, which passes the suite like ours."""

from __future__ import annotations

import json

from tests.connectors.plaza.stage import PlazaStage

from agentdesk.sdk.discover import installed
from agentdesk.sdk.testing import MemorySink
from agentdesk.sdk.testing.conformance import Conformance
from agentdesk.sdk.testing.stage import Said


class TestPlaza(Conformance):
    package = "agentdesk_plaza"


def test_it_is_found_like_ours(plaza_installed: None) -> None:
    assert {"plaza", "email", "chat"} <= set(installed())


async def test_an_event_that_cannot_be_read_holds_nothing_up(stage: PlazaStage) -> None:
    await stage.say(Said("One"))
    stage.plaza.state.events.append({"seq": 2, "at": "yesterday", "post": {"id": 7}})
    third = await stage.say(Said("Three"))
    account, sink = stage.open(), MemorySink()
    await stage.read(account, sink)
    assert len(sink.items) == 3
    raws = [json.loads(raw) for raw in sink.raws]
    assert sorted(raw["seq"] for raw in raws) == [1, 2, 3]
    assert third in {raw["post"]["id"] for raw in raws}
