"""Visitors whom the team has blocked are sent away at once, and let in again when that is taken back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, BlockContact, Envelope
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server.chat.doors import Doors
from agentdesk.store.tables import audit_entry, contact, message

NewPage = Callable[..., Page]


async def _block(site: ChatSite, contact_id: UUID, blocked: bool = True, **exceptions: bool) -> Answer:
    actor = Actor(Author.USER, site.maria, Role.AGENT, frozenset({site.inbox}), exceptions)
    command = BlockContact(contact_id=contact_id, blocked=blocked)
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    return await site.core.executor.execute(envelope, actor)


async def _chatting(site: ChatSite, page: Page, texts: int = 1) -> UUID:
    """Write, and return whose contact it is."""
    await page.connect()
    await page.write("Hello")
    await site.texts(texts)
    rows = await site.rows(contact, order=contact.c.created_at)
    return UUID(str(rows[-1].id))


async def test_a_blocked_visitor_is_sent_away_on_all_pages(site: ChatSite, new_page: NewPage) -> None:
    page, tab, other = new_page(), new_page(), new_page()
    bad = await _chatting(site, page)
    await _chatting(site, other, 2)
    tab.token = page.token
    await tab.connect()
    assert (await _block(site, bad)).outcome == "done"
    for one in (page, tab):
        await one.came("error", code="blocked")
        await until(lambda one=one: one.closed == 4005)
    assert other.closed is None
    await other.write("I am somebody else", "another-message")

    page.others.clear()
    assert await page.connect() == {}
    assert page.closed == 4005
    status, (problem,) = await page.poll()
    assert (status, problem["code"]) == (403, "blocked")
    assert await site.texts(3) == ["Hello", "Hello", "I am somebody else"]

    assert (await _block(site, bad, blocked=False)).outcome == "done"
    assert (await page.connect())["session"]
    await page.write("Thank you", "after-that")
    await site.texts(4)
    told = await site.rows(audit_entry, audit_entry.c.what == "block_contact")
    assert [(row.outcome, row.user_id, row.contact_id) for row in told] == [("done", site.maria, bad)] * 2


async def test_a_page_that_did_not_hear_of_it_cannot_write(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    bad = await _chatting(site, page)
    monkeypatch.setattr(Doors, "doubt", lambda _self, _session: None)
    await _block(site, bad)
    await page.send({"t": "message", "id": "too-late-1", "text": "Hello?", "files": []})
    await until(lambda: page.closed == 4005)
    assert len(await site.rows(message)) == 1


async def test_who_may_not_block_is_refused(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    bad = await _chatting(site, page)
    answer = await _block(site, bad, block=False)
    assert (answer.outcome, answer.code) == ("refused", "not_allowed")
    assert page.closed is None


def test_another_server_tells_of_it() -> None:
    here, there = Doors(), Doors()
    session, stranger = new_id(), new_id()
    here.doubt(session)
    assert not here.doubts(session), "nobody is here"
    bell = Bell()
    here.enter(session, bell)
    here.hear(f"{there._me} doubt {session.hex}")
    here.hear(f"{there._me} doubt {stranger.hex}")
    assert here.doubts(session)
    assert bell.rings == 1
    here.leave(session, bell)
    assert not here.doubts(session)
