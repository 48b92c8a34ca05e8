"""What comes in at once: events, what makes no sense, subscriptions, and streams that break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.connectors.x.support import connected, drained, meant
from tests.helpers.until import until

from agentdesk.base.backoff import Backoff
from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed
from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.x import connector
from agentdesk_connectors.x.connector import XAccount
from agentdesk_connectors.x.streaming import EVENTS

PAYLOADS = Path(__file__).parent / "payloads"


class _Heard:
    """What a stream has handed over."""

    def __init__(self) -> None:
        self.items: dict[str, RawItem] = {}
        self.begun = 0

    async def hand(self, items: Sequence[RawItem]) -> None:
        self.items |= {one.source_id: one for one in items}

    def begin(self) -> None:
        self.begun += 1

    @property
    def kinds(self) -> list[str]:
        return [one.partition("/")[0] for one in self.items]


@asynccontextmanager
async def _listening(opened: XAccount) -> AsyncIterator[_Heard]:
    heard = _Heard()
    task = asyncio.ensure_future(opened.stream(heard.hand, heard.begin))
    try:
        await until(lambda: heard.begun or task.done(), what="the stream")
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_posts_and_messages_come_under_the_names_that_polls_give_them() -> None:
    async with connected() as (sim, opened), _listening(opened) as heard:
        ana = sim.world.person("ana", "Ana")
        work = sim.world.post(sim.world.owner, "Our news")
        sim.world.post(ana, "Nice", reply_to=work)
        sim.world.post(ana, "Not for me", quoted=work)
        sim.world.write(ana, sim.world.owner, "secret")
        await until(lambda: len(heard.items) == 3)
        assert heard.kinds == ["post", "post", "dm"]
        items, _ = await drained(opened, None)
        assert {one.source_id for one in items} == set(heard.items)
        assert [meant(one).text for one in heard.items.values()] == ["Nice", "Not for me", "secret"]


async def test_what_is_to_be_heard_is_subscribed_to_once() -> None:
    async with connected() as (sim, opened):
        sim.denied_events = {"chat.received"}
        async with _listening(opened):
            made = {kind for kind, _ in sim.activity.subscribed}
            assert made == set(EVENTS) - {"chat.received"}
        calls = len(sim.seen)
        async with _listening(opened):
            later = sim.seen[calls:]
        assert [one.path for one in later if one.method == "POST"] == []


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        (b"no json at all", ["unreadable"]),
        (b'{"data":{"payload":{}}}', ["unreadable"]),
        (b'{"data":{"event_type":"dm.received","filter":{"user_id":"ME"},"payload":{}}}', ["unreadable"]),
        (b'{"data":{"event_type":"post.mention.create","filter":{"user_id":"ME"}}}', ["unreadable"]),
        (b'{"data":{"event_type":"dm.read","filter":{"user_id":"ME"},"payload":{}}}', []),
        (b'{"data":{"event_type":"post.mention.create","filter":{"user_id":"7"},"payload":{}}}', []),
        (b'{"data":{"event_type":"oauth.revoke","filter":{},"payload":{"user_id":"7"}}}', []),
    ],
)
async def test_a_line_that_makes_no_sense_is_kept_and_the_next_one_comes(
    line: bytes, kinds: list[str]
) -> None:
    async with connected() as (sim, opened), _listening(opened) as heard:
        sim.activity.say(line.replace(b"ME", sim.world.owner.id.encode()))
        sim.world.post(sim.world.person("ana"), "@support hello")
        await until(lambda: "post" in heard.kinds)
        assert heard.kinds == [*kinds, "post"]


async def test_an_encrypted_chat_is_told_as_what_cannot_be_read_here() -> None:
    async with connected() as (sim, opened), _listening(opened) as heard:
        event = json.loads((PAYLOADS / "chat.received.json").read_text())["data"]
        sim.activity.say({**event, "filter": {"user_id": sim.world.owner.id}})
        await until(lambda: heard.items)
        (item,) = heard.items.values()
        assert item.source_id == "chat/2080765901528535300"
        with pytest.raises(Invalid, match="encrypted chat"):
            meant(item)


async def test_a_permission_that_was_taken_back_ends_the_account() -> None:
    async with connected() as (sim, opened):
        await drained(opened, None)
        heard = _Heard()
        task = asyncio.ensure_future(opened.stream(heard.hand, heard.begin))
        await until(lambda: heard.begun)
        event = json.loads((PAYLOADS / "oauth.revoke.json").read_text())["data"]
        event["payload"]["user_id"] = sim.world.owner.id
        sim.activity.say(event)
        with pytest.raises(AuthFailed, match="taken our permission back"):
            await task


async def test_a_stream_that_breaks_is_opened_again_and_calls_for_a_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "RECONNECT", Backoff(0.01, 0.02))
    async with connected() as (sim, opened), _listening(opened) as heard:
        before = heard.begun
        sim.fail(Fault.BROKEN, 2, path="/2/activity/stream")
        await sim.end()
        await until(lambda: heard.begun > before)
        sim.world.post(sim.world.person("ana"), "@support are you there?")
        await until(lambda: heard.items)


async def test_what_was_missed_is_repeated_where_the_plan_has_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "RECONNECT", Backoff(0.01, 0.02))
    async with connected(tier="enterprise") as (sim, opened):
        async with _listening(opened):
            pass
        await until(lambda: not sim.activity.listeners, what="the end of the stream")
        sim.world.post(sim.world.person("ana"), "@support while nobody listened")
        async with _listening(opened) as heard:
            await until(lambda: heard.items)
    async with connected() as (sim, opened), _listening(opened):
        asked = [one.query for one in sim.seen if one.path == "/2/activity/stream"]
        assert asked == [{"backfill_minutes": "5"}, {}]


@pytest.mark.parametrize("how", ["no bearer token", "another app's", "not in the plan"])
async def test_without_a_stream_polls_must_do(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "RECONNECT", Backoff(0.01, 0.02))
    async with connected() as (sim, opened):
        if how == "no bearer token":
            monkeypatch.setattr(type(opened._client), "has_bearer", False)
        elif how == "another app's":
            sim.bearer = "other"
        else:
            sim.fail(Fault.NO_SCOPE, path="/2/activity")
        heard = _Heard()
        task = asyncio.ensure_future(opened.stream(heard.hand, heard.begin))
        sim.world.post(sim.world.person("ana"), "@support hello")
        items, _ = await drained(opened, None)
        assert len(items) == 1
        assert not task.done()
        assert heard.begun == 0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
