"""The simulated server answers as Mastodon's published entities say, on all its routes and its stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from tests.connectors.mastodon.entities import check, check_frame
from tests.connectors.mastodon.support import ANA

from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.mastodon.simulator import MastodonSimulator
from agentdesk_connectors.mastodon.simulator_shapes import Status
from agentdesk_connectors.mastodon.streaming import STREAMS

_STATUS, _STATUSES = "/api/v1/statuses/{id}", "/api/v1/statuses"
ANSWERS = {
    "GET /api/v2/instance": "Instance",
    "GET /api/v1/accounts/verify_credentials": "CredentialAccount",
    "GET /api/v1/apps/verify_credentials": "Application",
    "GET /api/v1/notifications": "[Notification]",
    "GET /api/v1/conversations": "[Conversation]",
    f"GET {_STATUSES}": "[Status]",
    f"POST {_STATUSES}": "Status",
    f"GET {_STATUS}": "Status",
    f"PUT {_STATUS}": "Status",
    f"DELETE {_STATUS}": "DeletedStatus",
    f"GET {_STATUS}/context": "Context",
    f"GET {_STATUS}/history": "[StatusEdit]",
    f"POST {_STATUS}/favourite": "Status",
    f"POST {_STATUS}/unfavourite": "Status",
    "GET /api/v1/accounts/lookup": "Account",
    "GET /api/v1/accounts/{id}/statuses": "[Status]",
    "GET /api/v1/timelines/tag/{tag}": "[Status]",
    "GET /api/v2/search": "Search",
    "POST /api/v2/media": "MediaAttachment",
    "GET /api/v1/media/{id}": "MediaAttachment",
    "POST /api/v1/reports": "Report",
    "POST /api/v1/apps": "CredentialApplication",
    "POST /oauth/token": "Token",
}
_UNDERWAY = {202, 206}
_SHOWN_TO_PEOPLE = {"GET /oauth/authorize"}
_STREAMED = {"GET /api/v1/streaming"}


class _Asking:
    """Calls the simulator as anybody could, and checks each answer, also a refusal."""

    def __init__(self, sim: MastodonSimulator, session: aiohttp.ClientSession) -> None:
        self._sim = sim
        self._session = session
        self.answered: set[str] = set()

    async def call(self, route: str, *, token: str | None = None, **more: Any) -> tuple[int, Any]:
        method, _, template = route.partition(" ")
        path = template.format(id=more.pop("id", ""), tag=more.pop("tag", ""))
        headers = {"Authorization": f"Bearer {self._sim.token if token is None else token}"}
        async with self._session.request(method, self._sim.url + path, headers=headers, **more) as response:
            answer = json.loads(await response.text())
            _check_answer(ANSWERS[route], response.status, answer)
            if response.status < 300:
                self.answered.add(route)
            return response.status, answer


def _check_answer(kind: str, status: int, answer: Any) -> None:
    if status >= 400:
        check("Error", answer)
    elif status in _UNDERWAY:
        check(f"Processing{kind}", answer)
    elif kind.startswith("["):
        assert answer, f"an empty list of {kind} shows nothing"
        for one in answer:
            check(kind.strip("[]"), one)
    else:
        check(kind, answer)


@asynccontextmanager
async def _asking() -> AsyncIterator[tuple[MastodonSimulator, _Asking]]:
    async with MastodonSimulator().served() as sim, aiohttp.ClientSession() as session:
        yield sim, _Asking(sim, session)


def _peopled(sim: MastodonSimulator) -> Status:
    """Posts that show everything that posts can; the last one is returned."""
    world = sim.world
    ana, bot = world.person(ANA, "Ana"), world.person("bot@elsewhere.example", bot=True)
    world.post(
        ana, "@support look", media=[world.file("image/png", "A kettle"), world.file("image/png", None)]
    )
    world.post(bot, "@support which? #Kettles", poll=("This", "That"), warning="Choice")
    world.post(ana, "@support psst", visibility="direct")
    world.post(ana, "@support <for> friends", visibility="private")
    edited = world.post(ana, "@support teh order & more, see https://shop.example/#kettles")
    world.edit(edited, "@support the order & more")
    world.edit(edited, "@support the order & all that #kettles", poll=("Yes", "No"))
    world.notify("update", edited)
    return edited


def _form(kind: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", b"bytes", filename="file", content_type=kind)
    return form


async def _sign_in(asking: _Asking, sim: MastodonSimulator) -> None:
    """Register a program and exchange the code that a person got for it."""
    away = "urn:ietf:wg:oauth:2.0:oob"
    wanted = {"client_name": "AgentDesk", "redirect_uris": away, "scopes": "read write"}
    _, known = await asking.call("POST /api/v1/apps", json=wanted)
    names = {"client_id": known["client_id"], "redirect_uri": away}
    query = {**names, "response_type": "code", "scope": "read write"}
    async with aiohttp.request("GET", f"{sim.url}/oauth/authorize", params=query) as page:
        code = await page.text()
    secret = {"client_secret": known["client_secret"], "grant_type": "authorization_code", "code": code}
    assert (await asking.call("POST /oauth/token", json={**names, **secret}))[0] == 200


async def test_every_answer_is_as_its_entity_says() -> None:
    async with _asking() as (sim, asking):
        await _sign_in(asking, sim)
        post = _peopled(sim)
        person = sim.world.person(ANA)
        _, own = await asking.call(f"POST {_STATUSES}", json={"status": "Hello", "in_reply_to_id": post.id})
        complaint = {"account_id": person.id, "status_ids": [post.id], "comment": "Spam", "forward": True}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("GET /api/v2/instance", {}),
            ("GET /api/v1/accounts/verify_credentials", {}),
            ("GET /api/v1/apps/verify_credentials", {}),
            ("GET /api/v1/notifications", {"params": {"limit": "40"}}),
            ("GET /api/v1/conversations", {}),
            (f"GET {_STATUSES}", {"params": [("id[]", one) for one in sim.world.statuses]}),
            *((f"GET {_STATUS}", {"id": one}) for one in sim.world.statuses),
            (f"GET {_STATUS}/context", {"id": post.id}),
            (f"GET {_STATUS}/context", {"id": own["id"]}),
            (f"GET {_STATUS}/history", {"id": post.id}),
            (f"POST {_STATUS}/favourite", {"id": post.id}),
            (f"POST {_STATUS}/unfavourite", {"id": post.id}),
            ("GET /api/v1/accounts/lookup", {"params": {"acct": ANA}}),
            ("GET /api/v1/accounts/{id}/statuses", {"id": person.id}),
            ("GET /api/v1/timelines/tag/{tag}", {"tag": "kettles"}),
            ("GET /api/v2/search", {"params": {"q": "order", "type": "statuses"}}),
            ("POST /api/v2/media", {"data": _form("image/png")}),
            ("POST /api/v1/reports", {"json": complaint}),
            (f"PUT {_STATUS}", {"id": own["id"], "json": {"status": "Good day"}}),
            (f"DELETE {_STATUS}", {"id": own["id"]}),
        ]
        for route, more in calls:
            status, answer = await asking.call(route, **more)
            assert status == 200, (route, answer)
        sim.slow_files = 1
        _, film = await asking.call("POST /api/v2/media", data=_form("video/mp4"))
        states = [(await asking.call("GET /api/v1/media/{id}", id=film["id"]))[0] for _ in range(2)]
        assert states == [206, 200]
        assert asking.answered == set(ANSWERS)
        routes = {f"{one.method} {one.path}" for one in sim.routes() if hasattr(one, "path")}
        assert routes == set(ANSWERS) | _SHOWN_TO_PEOPLE | _STREAMED


async def test_an_edited_post_has_all_its_versions_as_they_looked() -> None:
    async with _asking() as (sim, asking):
        post = _peopled(sim)
        _, edits = await asking.call(f"GET {_STATUS}/history", id=post.id)
        assert "teh order &amp; more" in edits[0]["content"]
        assert "all that" in edits[2]["content"]
        assert [one["created_at"] for one in edits][::2] == [post.created_at, post.edited_at]


@pytest.mark.parametrize(
    ("route", "more", "expected"),
    [
        (f"GET {_STATUS}", {"id": "7"}, 404),
        (f"GET {_STATUS}", {"id": "7", "token": "other"}, 401),
        (f"POST {_STATUSES}", {"json": {"status": " "}}, 422),
        (f"POST {_STATUSES}", {"json": {"status": "x" * 501}}, 422),
        (f"POST {_STATUSES}", {"json": {"status": "x", "visibility": "local"}}, 422),
        (f"DELETE {_STATUS}", {"id": "7"}, 404),
        ("GET /api/v1/accounts/lookup", {"params": {"acct": "nobody"}}, 404),
        ("GET /api/v2/search", {}, 400),
        ("POST /api/v2/media", {"data": _form("text/plain")}, 422),
        ("POST /api/v1/reports", {"json": {"account_id": "7"}}, 404),
        ("POST /api/v1/apps", {"json": {}}, 422),
        ("POST /oauth/token", {"json": {"client_id": "made-up"}}, 401),
    ],
)
async def test_refusals_are_errors_as_the_entity_says(
    route: str, more: dict[str, Any], expected: int
) -> None:
    async with _asking() as (_, asking):
        assert (await asking.call(route, **more))[0] == expected


@pytest.mark.parametrize(
    ("fault", "expected"), [(Fault.TOO_MANY, 429), (Fault.DEAD_TOKEN, 401), (Fault.NO_SCOPE, 403)]
)
async def test_faults_are_errors_as_the_entity_says(fault: Fault, expected: int) -> None:
    async with _asking() as (sim, asking):
        sim.fail(fault)
        assert (await asking.call("GET /api/v1/notifications"))[0] == expected


async def test_every_frame_of_the_stream_is_as_published() -> None:
    async with _asking() as (sim, _), aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {sim.token}"}
        async with session.ws_connect(f"{sim.url}/api/v1/streaming", headers=headers) as socket:
            for name in (*STREAMS, "made up"):
                await socket.send_json({"type": "subscribe", "stream": name})
            check("StreamError", await socket.receive_json(timeout=10))
            sim.world.delete(_peopled(sim))
            events = [
                check_frame(await socket.receive_json(timeout=10), json.loads) for _ in range(sim.unsaid)
            ]
        assert set(events) == {"notification", "conversation", "status.update", "delete"}


def _shown() -> dict[str, Any]:
    sim = MastodonSimulator()
    sim.world.url = "https://social.example"
    return sim.world.status_json(_peopled(sim))


@pytest.mark.parametrize(
    "change",
    [
        {"visibility": "local"},
        {"id": 7},
        {"created_at": "yesterday"},
        {"created_at": "2026-11-20T09:30:00"},
        {"url": "not an address"},
        {"content": None},
        {"replies_count": True},
        {"sensitive": 0},
        {"made_up": None},
        {"mentions": {}},
        {"mentions": [{"id": "1"}]},
        {"account": None},
        {"poll": {"id": "1"}},
        {"tags": [{"name": "kettles", "url": None}]},
    ],
)
def test_what_differs_from_the_entity_is_found(change: dict[str, Any]) -> None:
    shown = _shown()
    check("Status", shown)
    with pytest.raises(AssertionError):
        check("Status", shown | change)


@pytest.mark.parametrize("name", ["id", "account", "content", "card", "edited_at", "quote", "tags"])
def test_what_is_missing_is_found(name: str) -> None:
    shown = _shown()
    del shown[name]
    with pytest.raises(AssertionError, match=name):
        check("Status", shown)


def test_a_server_shows_only_what_its_version_knows() -> None:
    shown = _shown()
    with pytest.raises(AssertionError, match="quote"):
        check("Status", shown, "4.3")
    for name in ("quote", "quote_approval", "quotes_count"):
        del shown[name]
    check("Status", shown, "4.3")


@pytest.mark.parametrize("kind", ["follow", "mention"])
def test_a_notification_has_a_post_exactly_where_its_type_says(kind: str) -> None:
    sim = MastodonSimulator()
    sim.world.url = "https://social.example"
    sim.world.post(sim.world.person(ANA), "@support hello")
    one = sim.world.notification_json(sim.world.notifications[0])
    check("Notification", one)
    assert one["group_key"] == f"ungrouped-{one['id']}"
    wrong = (
        one | {"type": "follow"}
        if kind == "follow"
        else {name: one[name] for name in one if name != "status"}
    )
    with pytest.raises(AssertionError, match="status"):
        check("Notification", wrong)
