"""The simulated services answer as the published lexicons say, and refuse what the real ones refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from tests.connectors.bluesky.lexicons import ANSWERS, check
from tests.connectors.bluesky.support import ANA, mention

from agentdesk_connectors.bluesky.client import CHAT, MODERATION
from agentdesk_connectors.bluesky.naming import POSTS, tid_from
from agentdesk_connectors.bluesky.simulator import BlueskySimulator

_NOW = "2026-11-20T09:30:00.000Z"


class _Asking:
    """Calls the simulator as anybody could, and checks each good answer against its lexicon."""

    def __init__(self, sim: BlueskySimulator, session: aiohttp.ClientSession) -> None:
        self._sim = sim
        self._session = session
        self.answered: set[str] = set()

    async def call(
        self, method: str, params: Any = None, body: Any = None, token: str | None = None
    ) -> tuple[int, Any]:
        via = {"chat.": CHAT, "com.atproto.moderation.": MODERATION}
        proxy = next((service for begin, service in via.items() if method.startswith(begin)), "")
        access = next(iter(self._sim.access), "") if token is None else token
        headers = {"Authorization": f"Bearer {access}", **({"atproto-proxy": proxy} if proxy else {})}
        url = f"{self._sim.url}/xrpc/{method}"
        if isinstance(body, bytes):
            asked = self._session.post(url, data=body, headers=headers | {"Content-Type": "image/png"})
        elif body is not None:
            asked = self._session.post(url, json=body, headers=headers)
        else:
            asked = self._session.get(url, params=params, headers=headers)
        async with asked as response:
            answer = await response.json()
            if response.status == 200:
                check(ANSWERS[method], answer, method)
                self.answered.add(method)
            return response.status, answer


@asynccontextmanager
async def _asking() -> AsyncIterator[tuple[BlueskySimulator, _Asking]]:
    async with BlueskySimulator().served() as sim, aiohttp.ClientSession() as session:
        sim.session()
        yield sim, _Asking(sim, session)


def _post(sim: BlueskySimulator, text: str = "hello", key: str = "", **record: Any) -> dict[str, Any]:
    made = {"$type": POSTS, "text": text, "createdAt": _NOW, **record}
    place = {"repo": sim.world.owner.did, "collection": POSTS, "rkey": key or tid_from(text)}
    return {**place, "record": made, "swapRecord": None}


def _embedded(sim: BlueskySimulator) -> list[Any]:
    """Posts that show everything that posts can."""
    quoted = {"uri": mention(sim, "quoted").uri, "cid": "bafyreix"}
    video = {"$type": "app.bsky.embed.video", "video": sim.world.blob(b"film", "video/mp4"), "alt": "A film"}
    external = {"uri": "https://shop.example/", "title": "Shop", "description": ""}
    both = {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"$type": "app.bsky.embed.record", "record": quoted},
        "media": video,
    }
    gone = {"uri": "at://did:plc:abc/app.bsky.feed.post/3kgone2222222", "cid": "bafyreix"}
    embeds = [
        video,
        both,
        {"$type": "app.bsky.embed.external", "external": external},
        {"$type": "app.bsky.embed.record", "record": quoted},
        {"$type": "app.bsky.embed.record", "record": gone},
    ]
    return [mention(sim, str(n), record={"embed": one}) for n, one in enumerate(embeds)]


async def test_every_answer_is_as_its_lexicon_says() -> None:
    async with _asking() as (sim, asking):
        world, call = sim.world, asking.call
        ana, bob = world.person(ANA), world.person("bob.example")
        posts = [*_embedded(sim), mention(sim, "pictures", pictures=["A kettle"])]
        posts[0].labels, posts[0].closed, ana.follows_us = ["spam"], True, True
        world.likes[f"at://{world.owner.did}/app.bsky.feed.like/3klike2222222"] = posts[0].uri
        message = world.write(ana, "psst")
        world.unsay(world.convo(ana), world.write(ana, "sorry"))
        world.write(ana, "all", world.convo(ana, bob))
        convo = world.convo(ana).id
        heart = {"convoId": convo, "messageId": message.id, "value": "❤️"}
        subject = {"$type": "com.atproto.repo.strongRef", "uri": posts[0].uri, "cid": posts[0].cid}
        place = {name: _post(sim)[name] for name in ("repo", "collection", "rkey")}
        good = {"identifier": world.owner.handle, "password": sim.password}
        calls: list[tuple[str, Any, Any]] = [
            ("com.atproto.server.describeServer", None, None),
            ("com.atproto.server.createSession", None, good),
            ("app.bsky.notification.listNotifications", {"limit": "3"}, None),
            ("app.bsky.feed.getPosts", [("uris", one.uri) for one in posts], None),
            ("app.bsky.feed.getPostThread", {"uri": posts[0].uri}, None),
            ("app.bsky.feed.searchPosts", {"q": "pictures", "sort": "latest"}, None),
            ("app.bsky.actor.getProfiles", {"actors": ana.did}, None),
            ("com.atproto.identity.resolveHandle", {"handle": ANA}, None),
            ("com.atproto.moderation.createReport", None, {"reasonType": "x#y", "subject": subject}),
            ("com.atproto.repo.uploadBlob", None, b"picture"),
            ("com.atproto.repo.putRecord", None, _post(sim)),
            ("com.atproto.repo.getRecord", place, None),
            ("com.atproto.repo.deleteRecord", None, place),
            ("chat.bsky.convo.getLog", {"cursor": "2"}, None),
            ("chat.bsky.convo.listConvos", {"limit": "10"}, None),
            ("chat.bsky.convo.getConvo", {"convoId": convo}, None),
            ("chat.bsky.convo.getConvoForMembers", {"members": ana.did}, None),
            ("chat.bsky.convo.getMessages", {"convoId": convo}, None),
            ("chat.bsky.convo.sendMessage", None, {"convoId": convo, "message": {"text": "hello"}}),
            ("chat.bsky.convo.addReaction", None, heart),
            ("chat.bsky.convo.removeReaction", None, heart),
        ]
        for method, params, body in calls:
            status, answer = await call(method, params, body)
            assert status == 200, (method, answer)
        posts[0].hidden = True
        assert (await call("app.bsky.feed.getPostThread", {"uri": posts[0].uri}))[0] == 200
        assert asking.answered == set(ANSWERS) - {"com.atproto.server.refreshSession"}


async def test_a_refresh_token_is_good_once() -> None:
    async with _asking() as (sim, _), aiohttp.ClientSession() as session:
        url = f"{sim.url}/xrpc/com.atproto.server.refreshSession"
        headers = {"Authorization": f"Bearer {next(iter(sim.refresh))}"}
        async with session.post(url, headers=headers) as first:
            check(ANSWERS["com.atproto.server.refreshSession"], await first.json(), url)
        async with session.post(url, headers=headers) as second:
            assert (second.status, (await second.json())["error"]) == (400, "ExpiredToken")


def _change(body: dict[str, Any], **record: Any) -> dict[str, Any]:
    return body | {"record": body["record"] | record}


@pytest.mark.parametrize(
    "record",
    [
        {"text": "x" * 301},
        {"text": "👨‍👩‍👧" * 200},
        {"createdAt": "yesterday"},
        {"$type": "app.bsky.feed.like"},
        {"made": "up"},
        {"facets": [{"index": {"byteStart": 0, "byteEnd": 99}, "features": []}]},
        {"facets": [{"index": {"byteStart": 1, "byteEnd": 2}, "features": []}], "text": "👋"},
        {"reply": {"root": {"uri": "at://did:plc:a/b.c/d"}, "parent": None}},
        {"labels": {"values": [{"val": "rude"}]}},
        {"embed": {"$type": "app.bsky.embed.video", "images": []}},
        {
            "embed": {
                "$type": "app.bsky.embed.images",
                "images": [{"alt": "", "image": {"ref": {"$link": "bafyno"}}}],
            }
        },
    ],
)
async def test_records_that_the_real_server_refuses_are_refused(record: dict[str, Any]) -> None:
    async with _asking() as (sim, asking):
        status, answer = await asking.call("com.atproto.repo.putRecord", body=_change(_post(sim), **record))
        assert (status, set(answer)) == (400, {"error", "message"})
        assert sim.world.posts == {}


async def test_a_record_is_put_where_nothing_stands_or_the_same() -> None:
    async with _asking() as (sim, asking):
        body = _post(sim)
        for _ in range(2):
            assert (await asking.call("com.atproto.repo.putRecord", body=body))[0] == 200
        status, answer = await asking.call("com.atproto.repo.putRecord", body=_change(body, text="other"))
        assert (status, answer["error"]) == (400, "InvalidSwap")
        assert (await asking.call("com.atproto.repo.putRecord", body=body | {"rkey": "mine"}))[0] == 400
        assert (await asking.call("com.atproto.repo.putRecord", body=body | {"repo": "did:plc:x"}))[0] == 401


@pytest.mark.parametrize(
    ("method", "params", "token", "error"),
    [
        ("app.bsky.feed.getPosts", {"uris": "x"}, "", "AuthMissing"),
        ("app.bsky.feed.getPosts", {"uris": "x"}, "made-up", "InvalidToken"),
        ("app.bsky.feed.getPosts", [("uris", str(n)) for n in range(26)], None, "InvalidRequest"),
        ("app.bsky.notification.listNotifications", {"limit": "101"}, None, "InvalidRequest"),
        ("app.bsky.notification.listNotifications", {"since": "x"}, None, "InvalidRequest"),
        ("chat.bsky.convo.getConvo", {"convoId": "3m"}, None, "InvalidConvo"),
        ("app.bsky.feed.getPostThread", {"uri": "at://x"}, None, "NotFound"),
    ],
)
async def test_calls_that_the_real_services_refuse_are_refused(
    method: str, params: Any, token: str | None, error: str
) -> None:
    async with _asking() as (_, asking):
        status, answer = await asking.call(method, params, token=token)
        assert status in (400, 401)
        assert answer["error"] == error


async def test_an_app_password_without_the_permission_reads_no_messages() -> None:
    async with _asking() as (sim, asking):
        sim.direct = False
        status, answer = await asking.call("chat.bsky.convo.getLog")
        assert (status, answer) == (400, {"error": "InvalidToken", "message": "Bad token method"})
