"""Invitations: set by an administrator, told to pages, counted without knowing anybody, named at the desk."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until

from agentdesk.app.admin import command
from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.ids import new_id
from agentdesk.cli import parse
from agentdesk.domain.invitations import MOST, Rule
from agentdesk.server import invitation_settings as said
from agentdesk.store.tables import chat_invitation, event

NewPage = Callable[..., Page]


async def _admin(site: ChatSite, *words: str) -> int:
    parsed = parse(["admin", "--database", "unused", "invitation", *words])
    return await command.VERBS[f"{parsed.subject} {parsed.verb}"](site.db, parsed)


async def _settings(page: Page, language: str = "en") -> dict[str, Any]:
    async with page.http.get(page.path(f"settings?language={language}"), headers=page.headers) as answer:
        told: dict[str, Any] = await answer.json()
    return told


async def _tell(page: Page, body: object) -> int:
    content = body if isinstance(body, str) else json.dumps(body)
    async with page.http.post(page.path("invitation"), data=content, headers=page.headers) as answer:
        return answer.status


async def _add(site: ChatSite, name: str = "Prices", **rule: Any) -> str:
    """Add an invitation; returns its id."""
    await said.add(site.db, "Shop", name, {"": "Any questions?", "de": "Noch Fragen?"}, Rule(**rule))
    (row,) = await site.rows(chat_invitation, chat_invitation.c.name == name)
    return str(row.id)


async def test_pages_are_told_the_rules_in_their_language(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    assert "invitations" not in await _settings(page)
    key = await _add(site, after=20, address="/prices*", online=True)
    rule = {"after": 20, "address": "/prices*", "online": True}
    assert (await _settings(page))["invitations"] == [{"id": key, "text": "Any questions?", **rule}]
    assert (await _settings(page, "de-AT"))["invitations"][0]["text"] == "Noch Fragen?"


async def test_an_administrator_sets_lists_and_removes_them(
    site: ChatSite, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = "--text", "Any questions?", "--text", "de=Noch Fragen?"
    await _admin(site, "add", "Shop", "Prices", *texts, "--after", "20", "--online", "yes")
    await _admin(site, "set", "Shop", "Prices", "--text", "Can we help?", "--online", "no", "--scroll", "50")
    capsys.readouterr()
    await _admin(site, "list")
    channel, name, *counts, rule, shown = capsys.readouterr().out.rstrip("\n").split("\t")
    assert (channel, name, counts) == ("Shop", "Prices", ["0", "0", "0"])
    assert json.loads(rule) == {"after": 20, "scroll": 50}
    assert json.loads(shown) == {"": "Can we help?", "de": "Noch Fragen?"}
    await _admin(site, "remove", "Shop", "Prices")
    assert await site.rows(chat_invitation) == []


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["Prices"], "text"),
        (["Prices", "--text", " "], "text"),
        (["Prices", "--text", "x" * 301], "text"),
        (["Prices", "--text", "Hi", "--scroll", "101"], "scroll"),
        (["Prices", "--text", "Hi", "--address", "prices"], "address"),
        (["Prices", "--text", "Hi", "--referrer", "*a*b*c*d*e*f"], "referrer"),
        (["There", "--text", "Hi"], "name"),
    ],
)
async def test_what_pages_could_not_use_is_refused(site: ChatSite, words: list[str], field: str) -> None:
    await _add(site, "There")
    with pytest.raises(Invalid) as refused:
        await _admin(site, "add", "Shop", *words)
    assert refused.value.field == field


async def test_a_widget_has_few_and_others_have_none(site: ChatSite) -> None:
    for number in range(MOST):
        await _add(site, f"Number {number}")
    with pytest.raises(Invalid):
        await _add(site, "One more")
    for words in (["set", "Shop", "Unknown", "--after", "1"], ["remove", "Nobody", "Number 1"]):
        with pytest.raises(NotFound):
            await _admin(site, *words)
    with pytest.raises(Invalid):
        await _admin(site, "set", "Shop", "Number 1")


async def test_they_are_counted_and_nobody_is_known(site: ChatSite, new_page: NewPage) -> None:
    page, key = new_page(), await _add(site)
    for what in ("shown", "shown", "accepted", "closed"):
        assert await _tell(page, {"id": key, "what": what}) == 204
    assert await _tell(page, {"id": str(new_id()), "what": "shown"}) == 204
    assert await _tell(page, {"id": "' OR 1=1", "what": "shown"}) == 204
    for body in ({"id": key, "what": "name"}, {"id": key}, "[", "\x00", '{"id": 1, "what": "shown"}'):
        assert await _tell(page, body) == 400
    assert await _tell(page, {"id": key * 40, "what": "shown"}) == 413
    assert await _tell(new_page(origin="https://evil.example"), {"id": key, "what": "shown"}) == 403
    (row,) = await site.rows(chat_invitation)
    assert (row.shown, row.accepted, row.closed) == (2, 1, 1)


async def test_a_flood_of_counts_is_slowed_down(site: ChatSite, new_page: NewPage) -> None:
    page, key = new_page(), await _add(site)
    answers = [await _tell(page, {"id": key, "what": "shown"}) for _ in range(22)]
    assert set(answers) == {204, 429}
    (row,) = await site.rows(chat_invitation)
    assert row.shown == answers.count(204)


async def test_the_chat_begins_with_it_and_names_it(site: ChatSite, new_page: NewPage) -> None:
    page, key = new_page(), await _add(site)
    await page.connect()
    frame = {"t": "message", "id": "message-1", "text": "The small one?", "files": [], "invitation": key}
    for _ in range(2):  # a second one of the same id is the same
        await page.send(frame)
    await page.came("ack", id="message-1", n=2)
    await page.send({**frame, "id": "message-2", "text": "In oak"})  # the chat goes on: it answers nothing
    await page.shows("Noch Fragen?", "The small one?", "In oak")
    assert (page.lines[0]["kind"], page.lines[0]["from"]) == ("invited", "system")
    assert await site.texts(2) == ["The small one?", "In oak"]
    (told,) = await site.rows(event, event.c.kind == "invited")
    assert (told.data, told.author) == ({"name": "Prices", "text": "Noch Fragen?"}, "system")


async def test_a_chat_that_had_ended_begins_with_another_one(site: ChatSite, new_page: NewPage) -> None:
    page, key = new_page(), await _add(site)
    await page.connect()
    await page.write("Hello")
    await page.send({"t": "end", "id": "the-end-1"})
    await page.came("ack", id="the-end-1")
    message = {"t": "message", "text": "Again", "files": []}
    await page.send({**message, "id": "message-2", "invitation": key})
    await page.shows("Hello", "", "Noch Fragen?", "Again")

    async def told() -> bool:
        return len(await site.rows(event, event.c.kind == "invited")) == 1

    await until(told)


@pytest.mark.parametrize("key", ["x", "", "' OR 1=1", "0198f0c2-7a51-7c9e-8f1d-0123456789ab"])
async def test_what_a_page_makes_up_says_nothing(site: ChatSite, new_page: NewPage, key: str) -> None:
    page = new_page()
    await page.connect()
    frame = {"t": "message", "id": "message-1", "text": "Hello", "files": [], "invitation": key}
    await page.send({**frame, "invited": {"name": "Forged", "text": "We owe you"}})
    await page.came("ack", id="message-1", n=1)
    await page.shows("Hello")
    await site.texts(1)
    assert await site.rows(event, event.c.kind == "invited") == []
