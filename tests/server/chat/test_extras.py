"""Answers to choose from and cards, on the way from the desk to the page."""

from __future__ import annotations

from typing import Any

import pytest
from tests.helpers.chat_page import ChatSite
from tests.helpers.until import until
from tests.server.chat.conftest import NewPage

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.commands.context import Actor
from agentdesk.commands.values import DeleteReply, Envelope, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server import outgoing
from agentdesk.store.tables import message
from agentdesk.sync.needs import COMMANDS, EXTRAS, needed

CARD = {"title": "Returns", "url": "https://shop.example/returns", "summary": "Within 30 days."}
GIVEN = {"choices": ["Yes", "No"], "cards": [CARD, {"title": "x", "url": "javascript:alert(1)"}]}
KEPT = {"choices": ["Yes", "No"], "cards": [CARD]}


async def _answer(site: ChatSite, text: str) -> SendReply:
    (there,) = await site.conversations()
    (asked,) = await site.rows(message)
    to = (Party(asked.sender["kind"], asked.sender["value"]),)
    command = SendReply(message_id=new_id(), conversation_id=there.id, to=to, text=text, extras=GIVEN)
    await _do(site, command)
    return command


async def _do(site: ChatSite, command: Any) -> None:
    actor = Actor(Author.USER, site.maria, Role.AGENT, frozenset({site.inbox}))
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    assert (await site.core.executor.execute(envelope, actor)).outcome == "done"


@pytest.mark.parametrize("text", ["Did that help?", ""])
async def test_they_come_to_the_page_and_go_with_the_message(
    site: ChatSite, new_page: NewPage, text: str
) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    sent = await _answer(site, text)
    await page.shows("Hello", text)
    line = page.lines[1]
    assert {"choices": line["choices"], "cards": line["cards"]} == KEPT
    (row,) = await site.rows(message, message.c.direction == "out")
    assert row.extras == KEPT
    assert page.lines[0]["choices"] == []

    async def out() -> bool:
        (row,) = await site.rows(message, message.c.direction == "out")
        return row.delivery not in ("queued", "sending")

    await until(out)
    await _do(site, DeleteReply(conversation_id=sent.conversation_id, message_id=sent.message_id))
    (row,) = await site.rows(message, message.c.direction == "out")
    assert row.extras is None
    again = new_page()
    again.token = page.token
    await again.connect()
    await until(lambda: len(again.lines) == 3)
    assert (again.lines[1]["choices"], again.lines[1]["cards"]) == ([], [])


async def test_a_channel_without_them_gets_words(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "EXTRAS", "what no channel can")
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    sent = await _answer(site, "Did that help?")
    listed = "• Returns – Within 30 days. – https://shop.example/returns\n• Yes\n• No"
    async with site.db.read() as conn:
        outbound = await outgoing.outbound_of(conn, Vault.at(site.folder / "key"), sent.message_id)
    assert (outbound.text, bool(outbound.extras)) == (f"Did that help?\n\n{listed}", False)


def test_older_servers_are_not_sent_them() -> None:
    plain = SendReply(message_id=new_id(), conversation_id=new_id(), to=(), text="Hello")
    offering = SendReply(message_id=new_id(), conversation_id=new_id(), to=(), text="Hello", extras=KEPT)
    assert (needed(plain), needed(offering)) == ("", EXTRAS)
    assert EXTRAS in COMMANDS
