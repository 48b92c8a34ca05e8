"""A chat that was handed to another inbox goes on in the same session: what its visitor writes comes there,
and what is answered there reaches the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.helpers.chat_page import ChatSite, Page

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import AnyCommand, Assign, Envelope, SendReply, Transfer
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_inbox
from agentdesk.server.chat import turns, visit
from agentdesk.store.tables import message

NewPage = Callable[..., Page]


async def test_the_page_is_told_who_has_the_chat(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (turns, visit):
        monkeypatch.setattr(module, "TURN_SECONDS", 0.1)
    page, twin = new_page(), new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    (there,) = await site.conversations()
    await page.came("status", place=1)
    actor = Actor(Author.USER, site.maria, Role.AGENT, frozenset({site.inbox}))
    take = Assign(conversation_id=there.id, assignee_id=site.maria)
    envelope = Envelope(id=new_id(), command=take, issued_at=clock.now())
    assert (await site.core.executor.execute(envelope, actor)).outcome == "done"
    maria = {"name": "Maria Sol", "picture": None}
    twin.token = page.token
    await twin.connect()
    await twin.came("status", agent=maria)
    await page.came("status", agent=maria, place=None)  # when it is nobody's turn any more


async def test_the_chat_goes_on_in_the_other_inbox(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    (there,) = await site.conversations()
    sales = await add_inbox(site.db, "Sales")
    actor = Actor(Author.USER, site.maria, Role.AGENT, frozenset({site.inbox, sales}))

    async def do(command: AnyCommand) -> None:
        envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
        answer = await site.core.executor.execute(envelope, actor)
        assert answer.outcome == "done", answer

    await do(Transfer(conversation_id=there.id, inbox_id=sales))
    await page.write("Are you still there?")
    await site.texts(2)
    (there,) = await site.conversations()
    assert there.inbox_id == sales
    assert {row.inbox_id for row in await site.rows(message)} == {sales}
    (sender,) = {(row.sender["kind"], row.sender["value"]) for row in await site.rows(message)}
    to = (Party(*sender),)
    await do(SendReply(message_id=new_id(), conversation_id=there.id, to=to, text="Sales here."))
    await page.shows("Hello", "Are you still there?", "Sales here.")
