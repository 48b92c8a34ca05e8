"""What comes in at once, and what becomes of a stream that breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.connectors.mastodon.support import ANA, connected, drained, meant
from tests.helpers.until import until

from agentdesk.base.backoff import Backoff
from agentdesk.sdk.errors import AuthFailed
from agentdesk.sdk.inbound import RawItem, What
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.mastodon import connector
from agentdesk_connectors.mastodon.connector import MastodonAccount
from agentdesk_connectors.mastodon.simulator import MastodonSimulator


class _Heard:
    """What a stream has brought."""

    def __init__(self) -> None:
        self.items: dict[str, RawItem] = {}
        self.begun = asyncio.Event()

    async def hand(self, items: Sequence[RawItem]) -> None:
        for one in items:
            self.items.setdefault(one.source_id, one)

    @property
    def kinds(self) -> list[str]:
        return [name.partition("/")[0] for name in self.items]


@asynccontextmanager
async def _listening(sim: MastodonSimulator, opened: MastodonAccount) -> AsyncIterator[_Heard]:
    heard = _Heard()
    task = asyncio.ensure_future(opened.stream(heard.hand, heard.begun.set))
    try:
        await until(lambda: task.done() or heard.begun.is_set())
        assert any(len(one) == 3 for one in sim.sockets.values()), "it begins when everything is asked for"
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_mentions_come_at_once_and_under_the_name_that_a_poll_gives_them() -> None:
    async with connected() as (sim, opened), _listening(sim, opened) as heard:
        sim.world.post(sim.world.person(ANA), "@support hello")
        await until(lambda: heard.items)
        items, _ = await drained(opened, None)
        assert list(heard.items) == [one.source_id for one in items]
        assert meant(next(iter(heard.items.values()))).text == "@support hello"


async def test_private_messages_come_with_their_conversation() -> None:
    async with connected() as (sim, opened), _listening(sim, opened) as heard:
        status = sim.world.post(sim.world.person(ANA), "@support secret", visibility="direct")
        await until(lambda: heard.items)
        post = meant(next(iter(heard.items.values()))).post
        assert post is not None
        assert post.root == f"social.example/conversations/{status.conversation}"


async def test_changes_and_deletions_of_what_came_are_told_and_those_of_strangers_are_not() -> None:
    async with connected() as (sim, opened), _listening(sim, opened) as heard:
        ana = sim.world.person(ANA)
        status = sim.world.post(ana, "@support hello")
        await until(lambda: heard.items)
        sim.say("user", json.dumps({"stream": ["user"], "event": "delete", "payload": "42"}))
        sim.world.edit(status, "@support good day")
        sim.world.delete(status)
        await until(lambda: len(heard.items) == 3)
        assert heard.kinds == ["status", "status", "deleted"]
        _, changed, gone = map(meant, heard.items.values())
        assert changed.text == "@support good day"
        assert gone.happening is not None
        assert gone.happening.what is What.DELETED
        assert gone.references == (f"social.example/{status.id}",)


@pytest.mark.parametrize(
    "frame",
    [
        "no json at all",
        '{"stream":["user"],"event":"notification","payload":"{broken"}',
        '{"stream":["user"],"event":"notification","payload":{"type":"mention","status":[]}}',
        '{"stream":["user"],"event":"notification"}',
    ],
)
async def test_a_frame_that_makes_no_sense_is_kept_and_the_next_one_comes(frame: str) -> None:
    async with connected() as (sim, opened), _listening(sim, opened) as heard:
        sim.say("user", frame)
        sim.world.post(sim.world.person(ANA), "@support hello")
        await until(lambda: len(heard.items) == 2)
        assert heard.kinds == ["unreadable", "status"]


@pytest.mark.parametrize(
    "frame",
    [
        "[]",
        '{"event":"filters_changed"}',
        '{"stream":["user"],"event":"update","payload":"{}"}',
        '{"stream":["user"],"event":"notification","payload":"{\\"id\\":\\"1\\",\\"type\\":\\"follow\\"}"}',
        '{"error":"Missing access to stream","status":403}',
        '{"stream":["user"],"event":"delete","payload":{"id":[]}}',
        '{"stream":["direct"],"event":"conversation","payload":"{\\"id\\":\\"1\\",\\"last_status\\":null}"}',
    ],
)
async def test_events_that_do_not_concern_us_are_passed_over(frame: str) -> None:
    async with connected() as (sim, opened), _listening(sim, opened) as heard:
        sim.say("user", frame)
        sim.world.post(sim.world.person(ANA), "@support hello")
        await until(lambda: heard.items)
        assert heard.kinds == ["status"]


async def test_a_stream_that_breaks_is_opened_again_and_calls_for_a_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector, "RECONNECT", Backoff(0.01, 0.02))
    async with connected() as (sim, opened), _listening(sim, opened) as heard:
        heard.begun.clear()
        sim.fail(Fault.BROKEN, 2, path="/api/v1/streaming")
        await sim.end()
        await until(heard.begun.is_set)
        await until(lambda: any(len(one) == 3 for one in sim.sockets.values()))
        sim.world.post(sim.world.person(ANA), "@support are you there?")
        await until(lambda: heard.items)


async def test_a_server_without_streams_is_left_to_the_polls() -> None:
    async with connected() as (sim, opened):
        sim.streams = False
        async with _listening_for_nothing(sim, opened) as task:
            assert not task.done()


async def test_a_dead_token_ends_the_stream() -> None:
    async with connected() as (sim, opened):
        await drained(opened, None)
        sim.fail(Fault.DEAD_TOKEN, path="/api/v1/streaming")
        with pytest.raises(AuthFailed):
            await opened.stream(_Heard().hand, lambda: None)


@asynccontextmanager
async def _listening_for_nothing(
    sim: MastodonSimulator, opened: MastodonAccount
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.ensure_future(opened.stream(_Heard().hand, lambda: None))
    try:
        await until(lambda: task.done() or any(one.path == "/api/v1/streaming" for one in sim.seen))
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
