"""The simulated X answers as the published description says, and takes nothing that is not in it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.connectors.x.described import (
    ANSWERS,
    BODIES,
    EVENTS,
    PARAMETERS,
    PROBLEM,
    SUBSCRIBABLE,
    VALUES,
    body_fields,
    check,
)
from tests.helpers.until import until

from agentdesk.sdk.testing.simulator import Simulator
from agentdesk_connectors.x import asking, streaming
from agentdesk_connectors.x.simulator import XSimulator
from agentdesk_connectors.x.simulator_world import File, Person, Tweet

_OTHERS = {"GET /i/oauth2/authorize", "POST /2/oauth2/token", "GET /2/activity/stream"}
"""What is not described, and what does not end."""
_APP = ("/2/usage", "/2/activity")
_VIDEO = {"media_type": "video/mp4", "total_bytes": 4, "media_category": "tweet_video"}


class _Asking:
    """Calls the simulator as anybody could, and checks each answer against the description."""

    def __init__(self, sim: XSimulator, session: aiohttp.ClientSession) -> None:
        self._sim = sim
        self._session = session
        self.answered: set[str] = set()

    async def call(self, route: str, *, token: str | None = None, **asked: Any) -> tuple[int, Any]:
        """Call ``route`` with ``params``, ``json`` or ``data``, and what stands in its path by name."""
        given = {name: asked.pop(name) for name in ("params", "json", "data") if name in asked}
        method, path = route.format(**asked).split(" ")
        if token is None:
            app = path.startswith(_APP) and method != "POST"
            token = self._sim.bearer if app else self._sim.token
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session.request(method, self._sim.url + path, headers=headers, **given) as response:
            answer = await response.json(content_type=None)
            good = response.status in (200, 201)
            check(ANSWERS[route] if good else PROBLEM, answer, route)
            if good:
                self.answered.add(route)
            return response.status, answer

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[aiohttp.ClientResponse]:
        """Hear the stream."""
        headers = {"Authorization": f"Bearer {self._sim.bearer}"}
        async with self._session.get(f"{self._sim.url}/2/activity/stream", headers=headers) as response:
            await until(lambda: self._sim.activity.listeners, what="the listener")
            yield response


@asynccontextmanager
async def _asking() -> AsyncIterator[tuple[XSimulator, _Asking]]:
    async with XSimulator().served() as sim, aiohttp.ClientSession() as session:
        sim.world.tier = "enterprise"
        yield sim, _Asking(sim, session)


def _filled(sim: XSimulator) -> tuple[Person, Tweet]:
    """Let everything that posts and messages can have be there; return somebody, and a post of theirs."""
    world = sim.world
    ana, us = world.person("ana", "Ana"), world.owner
    ana.automated = True
    work = world.post(us, "Our news, see shop.example")
    files = [File("77", "image/png", alt="A kettle"), File("78", "video/mp4", "tweet_video")]
    world.post(
        ana, f"@{us.handle} look & see https://shop.example/7", files=files, reply_settings="following"
    )
    world.post(ana, f"@{us.handle} which one?", poll=("Red", "Blue"))
    world.post(ana, "This is what I mean", quoted=work)
    answer = world.post(ana, "Nice", reply_to=work)
    world.edit(answer, "Very nice")
    world.write(us, ana, "Which one is it?")
    world.write(ana, us, "This one: shop.example/7", files=files[:1])
    world.write(ana, us, "We all", talk=world.new_id())
    return ana, answer


async def _read(asking: _Asking, sim: XSimulator, ana: Person, post: Tweet) -> None:
    """All that is read, page by page where there are pages."""
    me, talk = sim.world.owner.id, sim.world.messages[0].talk
    _, first = await asking.call("GET /2/users/{id}/mentions", id=me, params={"max_results": "5"})
    assert set(first["includes"]) == {"users", "tweets", "media", "polls"}
    for n in range(6):
        sim.world.post(ana, f"@{sim.world.owner.handle} {n}")
    _, first = await asking.call("GET /2/users/{id}/mentions", id=me, params={"max_results": "5"})
    more = {"pagination_token": first["meta"]["next_token"]}
    await asking.call("GET /2/users/{id}/mentions", id=me, params=more)
    await asking.call("GET /2/users/me")
    await asking.call("GET /2/users/{id}/tweets", id=me)
    _, found = await asking.call("GET /2/tweets/search/recent", params={"query": "(mean OR nice)"})
    assert {"users", "tweets"} <= set(found["includes"])
    await asking.call("GET /2/tweets", params={"ids": f"{post.id},{post.ids[-1]},404"})
    _, first = await asking.call("GET /2/dm_events", params={"max_results": "1"})
    await asking.call("GET /2/dm_events", params={"pagination_token": first["meta"]["next_token"]})
    await asking.call("GET /2/dm_conversations/{talk}/dm_events", talk=talk)
    await asking.call("GET /2/usage/tweets")


async def _upload(asking: _Asking, sim: XSimulator) -> str:
    """Hand over a film; return its number."""
    sim.slow_files = 1
    _, begun = await asking.call("POST /2/media/upload/initialize", json=_VIDEO)
    number: str = begun["data"]["id"]
    form = aiohttp.FormData({"segment_index": "0"})
    form.add_field("media", b"film", filename="piece")
    await asking.call("POST /2/media/upload/{id}/append", id=number, data=form)
    _, ended = await asking.call("POST /2/media/upload/{id}/finalize", id=number)
    assert ended["data"]["processing_info"]["state"] == "in_progress"
    sim.bad_files = True
    asked = {"command": "STATUS", "media_id": number}
    _, failed = await asking.call("GET /2/media/upload", params=asked)
    assert failed["data"]["processing_info"]["state"] == "failed"
    sim.bad_files = False
    await asking.call("GET /2/media/upload", params=asked)
    described = {"id": number, "metadata": {"alt_text": {"text": "A film"}}}
    await asking.call("POST /2/media/metadata", json=described)
    return number


async def _done(asking: _Asking, sim: XSimulator, ana: Person, post: Tweet) -> None:
    """All that is written, and taken back."""
    me, talk = sim.world.owner.id, sim.world.messages[0].talk
    number = await _upload(asking, sim)
    made = {"text": "Thanks", "reply": {"in_reply_to_tweet_id": post.id}, "media": {"media_ids": [number]}}
    _, created = await asking.call("POST /2/tweets", json=made)
    await asking.call("DELETE /2/tweets/{id}", id=created["data"]["id"])
    await asking.call("PUT /2/tweets/{id}/hidden", id=post.id, json={"hidden": True})
    await asking.call("POST /2/users/{id}/likes", id=me, json={"tweet_id": post.id})
    await asking.call("DELETE /2/users/{id}/likes/{post}", id=me, post=post.id)
    written = {"text": "Hello", "attachments": [{"media_id": number}]}
    to = "POST /2/dm_conversations/with/{id}/messages"
    _, sent = await asking.call(to, id=ana.id, json=written)
    await asking.call("POST /2/dm_conversations/{talk}/messages", talk=talk, json={"text": "Again"})
    await asking.call("DELETE /2/dm_events/{id}", id=sent["data"]["dm_event_id"])
    wanted = {"event_type": "dm.sent", "filter": {"user_id": me}, "tag": "ours"}
    _, made_one = await asking.call("POST /2/activity/subscriptions", json=wanted)
    await asking.call("GET /2/activity/subscriptions")
    one = made_one["data"]["subscription"]["subscription_id"]
    await asking.call("DELETE /2/activity/subscriptions/{id}", id=one)


async def test_every_answer_is_as_described() -> None:
    async with _asking() as (sim, asking):
        ana, post = _filled(sim)
        await _read(asking, sim, ana, post)
        await _done(asking, sim, ana, post)
        assert asking.answered == {f"{one.method} {one.path}" for one in sim.routes()} - _OTHERS
        assert asking.answered == set(ANSWERS)


async def test_what_cannot_be_found_is_a_problem_as_described() -> None:
    async with _asking() as (sim, asking):
        hidden = sim.world.post(sim.world.person("eve"), "Mine")
        hidden.author.protected = True
        _, answer = await asking.call("GET /2/tweets", params={"ids": f"404,{hidden.id}"})
        kinds = [one["type"].rpartition("/")[2] for one in answer["errors"]]
        assert kinds == ["resource-not-found", "not-authorized-for-resource"]


@pytest.mark.parametrize(
    ("route", "asked", "status", "kind"),
    [
        ("GET /2/users/me", {"token": "made-up"}, 401, "about:blank"),
        ("GET /2/users/me", {"params": {"made_up": "1"}}, 400, "invalid-request"),
        ("GET /2/users/{id}/mentions", {"id": "7"}, 403, "not-authorized-for-resource"),
        ("GET /2/dm_events", {"params": {"pagination_token": "p1"}}, 400, "invalid-request"),
        ("DELETE /2/tweets/{id}", {"id": "7"}, 404, "resource-not-found"),
        ("DELETE /2/dm_events/{id}", {"id": "7"}, 404, "resource-not-found"),
        ("POST /2/tweets", {"json": {"text": "x" * 300}}, 403, "about:blank"),
        ("POST /2/tweets", {"json": {"made_up": "x"}}, 422, "invalid-request"),
        ("POST /2/tweets", {"data": "x"}, 415, "invalid-request"),
        ("GET /2/usage/tweets", {"token": "access-0"}, 403, "unsupported-authentication"),
        ("POST /2/media/upload/{id}/finalize", {"id": "7"}, 404, "resource-not-found"),
    ],
)
async def test_refusals_are_problems_as_described(
    route: str, asked: Mapping[str, Any], status: int, kind: str
) -> None:
    async with _asking() as (_, asking):
        got, problem = await asking.call(route, **asked)
        assert (got, problem["type"].rpartition("/")[2]) == (status, kind)


async def test_refusals_of_the_plan_are_problems_as_described() -> None:
    async with _asking() as (sim, asking):
        sim.refused_paths = ("/2/dm_events",)
        assert (await asking.call("GET /2/dm_events"))[0] == 403
        sim.limits = {"own posts": 0}
        assert (await asking.call("GET /2/users/{id}/tweets", id=sim.world.owner.id))[0] == 429
        sim.spent = True
        assert (await asking.call("GET /2/users/me"))[0] == 402


async def test_every_line_of_the_stream_is_as_described() -> None:
    async with _asking() as (sim, asking):
        for kind in EVENTS:
            sim.activity.subscribed[kind, sim.world.owner.id] = sim.world.new_id()
        async with asking.listening() as response:
            _filled(sim)
            heard: set[str] = set()
            while heard != set(EVENTS):
                line = await response.content.readline()
                if line.strip():
                    event = json.loads(line)
                    kind = event["data"]["event_type"]
                    check(EVENTS[kind], event, kind)
                    heard.add(kind)


async def test_only_what_is_described_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    params: dict[str, set[str]] = {}
    bodies: dict[str, set[str]] = {}
    asked, told = Simulator.asked, Simulator.told

    def noted_query(request: web.Request, allowed: Collection[str]) -> dict[str, str]:
        params[_route(request)] = set(allowed)
        return asked(request, allowed)

    async def noted_body(request: web.Request, kind: type[Any]) -> Any:
        bodies[_route(request)] = body_fields(kind)
        return await told(request, kind)

    monkeypatch.setattr(XSimulator, "asked", staticmethod(noted_query))
    monkeypatch.setattr(XSimulator, "told", staticmethod(noted_body))
    async with _asking() as (sim, asking):
        ana, post = _filled(sim)
        await _read(asking, sim, ana, post)
        await _done(asking, sim, ana, post)
        async with asking.listening() as response:
            assert response.status == 200
    assert set(params) == set(PARAMETERS)
    assert {name for route in params for name in params[route] - PARAMETERS[route]} == set()
    assert set(bodies) == set(BODIES)
    assert {name for route in bodies for name in bodies[route] - BODIES[route]} == set()


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    assert resource is not None
    return f"{request.method} {resource.canonical}"


@pytest.mark.parametrize("asked", [asking.POST_FIELDS, asking.MESSAGE_FIELDS])
def test_the_connector_asks_for_nothing_that_x_would_pass_over(asked: Mapping[str, list[str]]) -> None:
    assert {one for name, values in asked.items() for one in set(values) - VALUES[name]} == set()


def test_the_connector_subscribes_to_what_there_is() -> None:
    assert set(streaming.EVENTS) == SUBSCRIBABLE


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"id": 7}, "id"),
        ({"text": None}, "text"),
        ({"made_up": 1}, "not described"),
        ({"reply_settings": "nobody"}, "reply_settings"),
        ({"created_at": "2026-07-24T21:23:23"}, "created_at"),
        ({"referenced_tweets": [{"type": "quoted"}]}, "is missing"),
        ({"public_metrics": {"like_count": 1}}, "is missing"),
    ],
)
def test_the_check_finds_what_differs(spoilt: Mapping[str, Any], said: str) -> None:
    post = {"id": "7", "text": "Hello", "edit_history_tweet_ids": ["7"]}
    answer = {"data": [post]}
    check(ANSWERS["GET /2/tweets"], answer, "posts")
    with pytest.raises(AssertionError, match=said):
        check(ANSWERS["GET /2/tweets"], {"data": [post | spoilt]}, "posts")
