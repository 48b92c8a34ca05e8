"""The REST API as programs use it: paging, files, refusals, repeats, and what an agent may see."""

from __future__ import annotations

import base64
import io
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.pictures import photo

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.domain.team import Role
from agentdesk.server import people
from agentdesk.server.admin import add_inbox, add_user
from agentdesk.server.api.web import MAX_BODY_BYTES
from agentdesk.server.app import build_app
from agentdesk.server.auth import Authenticator
from agentdesk.server.portraits import made_portrait
from agentdesk.server.sync_endpoint import SyncEndpoint
from agentdesk.store import blobs
from agentdesk.store.tables import conversation, inbox
from agentdesk.sync.feed import Feed

HOSTILE_NAMES = (
    "../../etc/passwd",
    "C:\\Windows\\system32\\calc.exe",
    'a"; filename="evil.exe',
    "line\r\nX-Injected: yes",
    "nul\x00byte.txt",
    "\u202egnp.exe",
    "請求書.pdf",
    "é" * 200,
    ".",
    "%00%2f",
)


@dataclass
class Api:
    """A client with a token of a program, and the world behind the API."""

    world: FakeWorld
    client: TestClient[Any, Any]
    authenticator: Authenticator
    token: str

    async def call(self, method: str, path: str, *, token: str | None = None, **more: Any) -> ClientResponse:
        """Ask; the answer is read already."""
        headers = {
            "Authorization": f"Bearer {self.token if token is None else token}",
            **more.pop("headers", {}),
        }
        answer = await self.client.request(method, f"/api/v1{path}", headers=headers, **more)
        await answer.read()
        return answer

    async def get(self, path: str, **more: Any) -> Any:
        """What a call gives that must work."""
        answer = await self.call("GET", path, **more)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def refused(self, status: int, method: str, path: str, **more: Any) -> str:
        """The code of a refusal, whose form is always the same."""
        answer = await self.call(method, path, **more)
        problem = await answer.json()
        assert answer.status == status, problem
        assert problem["message"]
        assert "Traceback" not in await answer.text()
        return str(problem["code"])

    async def take_in(self, count: int) -> list[str]:
        """Let as many customers write; returns the ids of the conversations."""
        for number in range(count):
            self.world.service.put(raw_mail(f"c{number}@x.example", subject=f"Subject {number}", text="Hi"))
        if not self.world.cores:
            await self.world.started()
        await self.world.settled(len(self.world.service.items))
        return [str(row.id) for row in await self.world.conversations()]

    async def token_of(self, role: Role) -> str:
        """A session of a new person."""
        user_id = await add_user(self.world.db, f"{role.value}@desk.test", role.value, role, "long enough")
        return await self.authenticator.issue("session", "test", user_id)


@pytest.fixture
async def api(world: FakeWorld) -> AsyncIterator[Api]:
    authenticator = Authenticator(world.db)
    core = await world.started()
    feed = Feed(world.db, Bell())
    endpoint = SyncEndpoint(world.db, feed, core.executor, authenticator.user_for)
    app = build_app(world.db, core, authenticator, endpoint)
    async with TestClient(TestServer(app)) as client:
        yield Api(world, client, authenticator, await authenticator.issue("api", "test", None))


async def test_paging_visits_everything_once_whatever_the_size(api: Api) -> None:
    ids = await api.take_in(17)
    async with api.world.db.write() as conn:  # several changed at the very same moment
        await conn.execute(update(conversation).values(updated_at=clock.now()))
    for limit in (1, 5, 17, 200):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await api.get(f"/conversations?limit={limit}{cursor and f'&cursor={cursor}'}")
            seen += [row["id"] for row in page["conversations"]]
            assert len(page["conversations"]) <= limit
            cursor = page["next_cursor"]
        assert sorted(seen) == sorted(ids)


async def test_lists_are_narrowed(api: Api) -> None:
    one, two, three = await api.take_in(3)
    user_id = str(api.world.user_id)
    assert (
        await api.call("PUT", f"/conversations/{one}/assignee", json={"assignee_id": user_id})
    ).status == 200
    assert (await api.call("PUT", f"/conversations/{two}/status", json={"status": "resolved"})).status == 200

    async def listed(query: str) -> set[str]:
        return {row["id"] for row in (await api.get(f"/conversations?{query}"))["conversations"]}

    assert await listed("status=resolved") == {two}
    assert await listed("status=open") == {one, three}
    assert await listed(f"assignee={user_id}") == {one}
    assert await listed(f"inbox={api.world.inbox_id}") == {one, two, three}
    assert await listed(f"inbox={new_id()}") == set()
    moment = (clock.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert await listed(f"updated_since={moment}") == set()
    assert await listed("updated_since=2020-01-01T00:00:00Z") == {one, two, three}


async def test_a_snoozed_conversation_needs_a_moment_to_come(api: Api) -> None:
    (one,) = await api.take_in(1)
    path = f"/conversations/{one}/status"
    later = (clock.now() + timedelta(days=1)).isoformat()
    assert (await api.call("PUT", path, json={"status": "snoozed", "snoozed_until": later})).status == 200
    assert (await api.get(f"/conversations/{one}"))["conversation"]["status"] == "snoozed"
    await api.refused(400, "PUT", path, json={"status": "snoozed"})
    past = (clock.now() - timedelta(days=1)).isoformat()
    answer = await api.call("PUT", path, json={"status": "snoozed", "snoozed_until": past})
    assert (await answer.json())["status"] == "open"  # that moment has come already


async def test_files_of_any_name_come_back_as_downloads(api: Api) -> None:
    (one,) = await api.take_in(1)
    contents = [f"content {number}\x00\xff".encode("latin-1") for number in range(len(HOSTILE_NAMES))]
    files = [
        {"name": name, "content": base64.b64encode(content).decode(), "media_type": "text/html"}
        for name, content in zip(HOSTILE_NAMES, contents, strict=True)
    ]
    note = {"type": "note", "text": "See the files.", "files": files}
    assert (await api.call("POST", f"/conversations/{one}/messages", json=note)).status == 201
    messages = (await api.get(f"/conversations/{one}"))["messages"]
    attachments = messages[-1]["attachments"]
    assert len(attachments) == len(HOSTILE_NAMES)
    found = []
    for attachment in attachments:
        answer = await api.call("GET", f"/attachments/{attachment['id']}/content")
        assert answer.status == 200
        assert "X-Injected" not in answer.headers
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith("attachment; filename*=UTF-8''")
        assert not set(disposition.partition("''")[2]) & set('/\\"; \r\n\x00')
        found.append(await answer.read())
    assert sorted(found) == sorted(contents)


async def test_without_a_valid_token_nothing_is_told(api: Api) -> None:
    (one,) = await api.take_in(1)
    for path in ("/conversations", f"/conversations/{one}", "/users", "/inboxes", "/channels"):
        for token in ("", "wrong", "\xff\xfe"):
            assert await api.refused(401, "GET", path, token=token) == "unauthorized"
    answer = await api.client.get("/api/v1/users", headers={"Authorization": f"Basic {api.token}"})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_what_is_not_there_or_not_right_is_told(api: Api) -> None:
    (one,) = await api.take_in(1)
    messages = f"/conversations/{one}/messages"
    note = {"type": "note", "text": "x"}
    for path in (f"/conversations/{new_id()}", f"/attachments/{new_id()}/content"):
        assert await api.refused(404, "GET", path) == "gone"
    assert await api.refused(404, "POST", f"/conversations/{new_id()}/messages", json=note) == "gone"
    await api.refused(404, "GET", "/no/such/thing")
    await api.refused(405, "DELETE", f"/conversations/{one}")
    for bad in ("limit=0", "limit=x", "limit=1&limit=2", "status=odd", "colour=red", "cursor=x", "inbox=1"):
        await api.refused(400, "GET", f"/conversations?{bad}")
    await api.refused(400, "GET", "/conversations/no-id")
    for bad_body in (
        b"{",
        b"[]",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        b'{"type":"note"}',
        b'{"type":"note","text":1}',
    ):
        headers = {"Content-Type": "application/json"}
        await api.refused(400, "POST", messages, data=bad_body, headers=headers)
    await api.refused(415, "POST", messages, data=b"type=note")
    await api.refused(
        413,
        "POST",
        messages,
        data=io.BytesIO(b" " * (MAX_BODY_BYTES + 1)),
        headers={"Content-Type": "application/json"},
    )
    assert await api.refused(422, "POST", f"/conversations/{one}/end") == "invalid"  # it is no chat
    nobody = {"assignee_id": str(new_id())}
    assert await api.refused(422, "PUT", f"/conversations/{one}/assignee", json=nobody)
    assert len((await api.get(f"/conversations/{one}"))["messages"]) == 1


async def test_a_reply_that_has_not_seen_the_newest_is_refused(api: Api) -> None:
    api.world.service.put(raw_mail(id="one@x.example", text="A question"))
    await api.world.settled(1)
    (row,) = (await api.get("/conversations"))["conversations"]
    seen = (await api.get(f"/conversations/{row['id']}"))["messages"][0]["id"]
    api.world.service.put(raw_mail(id="two@x.example", refs=["one@x.example"], text="And another"))
    await api.world.settled(2)
    path, reply = f"/conversations/{row['id']}/messages", {"type": "reply", "text": "One."}
    assert await api.refused(409, "POST", path, json={**reply, "seen_message_id": seen}) == "stale_reply"
    newest = (await api.get(f"/conversations/{row['id']}"))["messages"][-1]["id"]
    assert newest != seen
    answer = await api.call("POST", path, json={**reply, "seen_message_id": newest})
    assert answer.status == 201


async def test_a_repeated_key_changes_nothing(api: Api) -> None:
    (one,) = await api.take_in(1)
    path, key = f"/conversations/{one}/messages", {"Idempotency-Key": uuid.uuid4().hex}
    reply = {"type": "reply", "text": "Once.", "to": [{"address": "c0@x.example"}]}
    answers = [await api.call("POST", path, json=reply, headers=key) for _ in range(3)]
    bodies = [await answer.json() for answer in answers]
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert [body["repeated"] for body in bodies] == [False, True, True]
    assert len({body["message"]["id"] for body in bodies}) == 1
    for other in ({"text": "Twice."}, {"to": [{"address": "other@x.example"}]}, {"html": "<b>Once.</b>"}):
        assert await api.refused(409, "POST", path, json={**reply, **other}, headers=key) == "key_reused"
    for bad in ("", "ä", "x" * 201, "two words"):
        await api.refused(400, "POST", path, json=reply, headers={"Idempotency-Key": bad})
    assert len((await api.get(f"/conversations/{one}"))["messages"]) == 2


async def test_a_key_belongs_to_its_token_and_to_one_message(api: Api) -> None:
    one, two = await api.take_in(2)
    path, key = f"/conversations/{one}/messages", {"Idempotency-Key": "order-1"}
    note = {"type": "note", "text": "Once."}
    programs = [await api.authenticator.issue("api", "shop", None) for _ in range(2)]
    sessions = [await api.token_of(Role.AGENT)]
    agent = await api.authenticator.user_for(sessions[0])
    assert agent is not None
    sessions.append(await api.authenticator.issue("session", "another desk", agent.user_id))
    repeated = []
    for token in (*programs, *sessions, programs[0]):
        answer = await api.call("POST", path, json=note, headers=key, token=token)
        assert answer.status == 201, await answer.text()
        repeated.append((await answer.json())["repeated"])
    assert repeated == [False, False, False, True, True]
    elsewhere = f"/conversations/{two}/messages"
    answer = await api.call("POST", elsewhere, json=note, headers=key, token=programs[0])
    assert answer.status == 409
    problem = await answer.json()
    assert problem["code"] == "key_reused"
    assert "another message" in problem["message"]
    assert len((await api.get(f"/conversations/{one}"))["messages"]) == 4
    assert len((await api.get(f"/conversations/{two}"))["messages"]) == 1


async def test_text_of_any_kind_is_kept(api: Api) -> None:
    (one,) = await api.take_in(1)
    for text in ("\u0000", "a\u0000b", "👩‍👩‍👧 \u202e", "x" * 500_000, "'; DROP TABLE message; --"):
        answer = await api.call("POST", f"/conversations/{one}/messages", json={"type": "note", "text": text})
        assert answer.status in (201, 422), await answer.text()
    for subject in ("two\r\nBcc: all@x.example", "\u0000"):
        reply = {"type": "reply", "text": "Hi", "subject": subject}
        answer = await api.call("POST", f"/conversations/{one}/messages", json=reply)
        assert answer.status in (201, 422), await answer.text()


async def test_an_agent_sees_only_their_inboxes(api: Api) -> None:
    (mine,) = await api.take_in(1)
    token = await api.token_of(Role.AGENT)
    assert [row["id"] for row in (await api.get("/conversations", token=token))["conversations"]] == [mine]
    await add_inbox(api.world.db, "Other")
    async with api.world.db.write() as conn:
        await conn.execute(update(inbox).where(inbox.c.name == "Support").values(everyone=False))
    assert (await api.get("/conversations", token=token))["conversations"] == []
    assert (await api.get(f"/conversations?inbox={api.world.inbox_id}", token=token))["conversations"] == []
    assert [row["name"] for row in (await api.get("/inboxes", token=token))["inboxes"]] == ["Other"]
    assert (await api.get("/channels", token=token))["channels"] == []
    note = {"type": "note", "text": "x"}
    assert await api.refused(404, "GET", f"/conversations/{mine}", token=token) == "gone"
    assert await api.refused(404, "POST", f"/conversations/{mine}/messages", json=note, token=token) == "gone"
    closed = {"status": "resolved"}
    assert await api.refused(404, "PUT", f"/conversations/{mine}/status", json=closed, token=token) == "gone"
    supervisor = await api.token_of(Role.SUPERVISOR)
    assert len((await api.get("/conversations", token=supervisor))["conversations"]) == 1


async def test_the_channels_tell_how_they_are_and_no_secret(api: Api) -> None:
    (channel,) = (await api.get("/channels"))["channels"]
    assert channel["name"] == "Support mail"
    assert not {"password", "settings", "secrets", "sealed"} & set(channel)


async def test_people_have_pictures(api: Api) -> None:
    await add_user(api.world.db, "ana@desk.test", "Ana", Role.AGENT, "correct horse")
    await people.set_picture(api.world.db, "ana@desk.test", photo())

    async def pictures() -> dict[str, str | None]:
        return {one["name"]: one["picture"] for one in (await api.get("/users"))["users"]}

    shown = await pictures()
    digest = blobs.hash_of(await made_portrait(photo()))
    assert shown == {**dict.fromkeys(shown), "Ana": f"/chat/v1/pictures/{digest}"}
    assert len(shown) > 1
    await people.set_active(api.world.db, "ana@desk.test", False)
    assert (await pictures())["Ana"] is None


async def test_people_sign_in_and_out_over_http(api: Api) -> None:
    await add_user(api.world.db, "ana@desk.test", "Ana", Role.AGENT, "correct horse")
    given = {"email": "ana@desk.test", "password": "correct horse"}
    answer = await api.client.post("/desk/session", json=given)
    token = (await answer.json())["token"]
    assert (await api.call("GET", "/users", token=token)).status == 200
    headers = {"Authorization": f"Bearer {token}"}
    assert (await api.client.delete("/desk/session", headers=headers)).status == 204
    await api.refused(401, "GET", "/users", token=token)
    assert (await api.client.post("/desk/session", data=b"nonsense")).status == 400
    statuses = [
        (await api.client.post("/desk/session", json={**given, "password": "wrong"})).status for _ in range(6)
    ]
    assert statuses == [401] * 5 + [429]


async def test_the_ends_of_time_are_no_failure(api: Api) -> None:
    (one,) = await api.take_in(1)
    ends = (
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-12:00",
    )
    for moment in ends:
        answer = await api.call("GET", "/conversations", params={"updated_since": moment})
        assert answer.status in (200, 400), await answer.text()
        body = {"status": "snoozed", "snoozed_until": moment}
        answer = await api.call("PUT", f"/conversations/{one}/status", json=body)
        assert answer.status in (200, 400, 422), await answer.text()
    assert (await api.call("PUT", f"/conversations/{one}/status", json={"status": "open"})).status == 200
