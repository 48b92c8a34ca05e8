"""Answers that are changed and taken back over the REST API: by whom, when, and how often."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from tests.helpers.until import until
from tests.server.test_api import Api, api

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.domain.team import Role
from agentdesk.server.command_channels import CommandChannels
from agentdesk.store.tables import inbox, message

__all__ = ["api"]


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What the customer was told by a channel that can change what was sent."""
    told: list[str | None] = []

    async def revise(_self: object, _context: object, _row: object, text: str | None, _name: str) -> bool:
        told.append(text)
        return True

    monkeypatch.setattr(CommandChannels, "revise", revise)
    return told


async def _answered(api: Api, token: str) -> str:
    """Somebody's answer, which was sent."""
    (one,) = await api.take_in(1)
    reply = {"type": "reply", "text": "It left today"}
    answer = await api.call("POST", f"/conversations/{one}/messages", json=reply, token=token)
    made = (await answer.json())["message"]["id"]

    async def sent() -> bool:
        found = (await api.get(f"/conversations/{one}"))["messages"]
        return bool(found[-1]["delivery"] == "sent")

    await until(sent, what="an answer that was sent")
    return f"/messages/{made}"


async def test_who_wrote_an_answer_changes_it_and_takes_it_back(api: Api, reached: list[str | None]) -> None:
    token = await api.token_of(Role.AGENT)
    path = await _answered(api, token)
    for _ in range(2):  # the same again is no change
        answer = await api.call("PATCH", path, json={"text": "It left yesterday"}, token=token)
        told = await answer.json()
        assert (answer.status, told["text"]) == (200, "It left yesterday")
        assert [one["text"] for one in told["revision"]["earlier"]] == ["It left today"]
    answer = await api.call("DELETE", path, token=token)
    told = await answer.json()
    assert (answer.status, told["text"], told["revision"]["state"]) == (200, "", "deleted")
    assert await api.refused(404, "DELETE", path, token=token) == "gone"
    assert await api.refused(404, "PATCH", path, json={"text": "Back"}, token=token) == "gone"
    assert reached == ["It left yesterday", None]


async def test_nobody_else_may_and_not_for_ever(api: Api, reached: list[str | None]) -> None:
    token = await api.token_of(Role.AGENT)
    path = await _answered(api, token)
    changed: dict[str, Any] = {"json": {"text": "Changed"}}
    for other in (await api.token_of(Role.ADMIN), None):  # another person, and a program
        assert await api.refused(403, "PATCH", path, **changed, token=other) == "not_allowed"
        assert await api.refused(403, "DELETE", path, token=other) == "not_allowed"
    assert await api.refused(404, "PATCH", f"/messages/{new_id()}", **changed, token=token) == "gone"
    assert await api.refused(400, "PATCH", path, json={"text": ""}, token=token) == "bad_request"
    assert await api.refused(422, "PATCH", path, json={"text": " "}, token=token) == "invalid"
    mine = message.c.id == UUID(path.rpartition("/")[2])
    async with api.world.db.write() as conn:
        await conn.execute(update(message).where(mine).values(created_at=clock.seconds_from_now(-360)))
    assert await api.refused(409, "PATCH", path, **changed, token=token) == "late"
    async with api.world.db.write() as conn:
        await conn.execute(update(inbox).values(everyone=False))
    assert await api.refused(404, "DELETE", path, token=token) == "gone"
    assert reached == []


async def test_a_channel_that_cannot_says_so(api: Api) -> None:
    token = await api.token_of(Role.AGENT)
    path = await _answered(api, token)
    assert await api.refused(422, "PATCH", path, json={"text": "Changed"}, token=token) == "invalid"
    assert await api.refused(422, "DELETE", path, token=token) == "invalid"
