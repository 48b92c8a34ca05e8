"""Sessions: nothing is lost and nothing comes twice, whatever happens between a page and the server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, update
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Envelope, EraseContact, MergeConversations, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server.chat import visit
from agentdesk.server.chat.sessions import Sessions
from agentdesk.server.chat.watching import Watching
from agentdesk.server.erasing import carry_out
from agentdesk.server.housekeeping import keep_house
from agentdesk.server.leases import Lease
from agentdesk.server.retention import set_rule
from agentdesk.store.facts import put_fact
from agentdesk.store.tables import (
    chat_line,
    chat_session,
    chat_token,
    contact,
    conversation,
    event,
    message,
    raw_item,
)
from agentdesk.sync.presence_board import Member
from agentdesk.sync.scope import Scope

NewPage = Callable[..., Page]


async def _answer(site: ChatSite, text: str, to: Party | None = None) -> None:
    """Maria answers in the last conversation."""
    conversation = (await site.conversations())[-1]
    rows = await site.rows(message, message.c.direction == "in", order=message.c.created_at)
    sender = rows[-1].sender
    to = to or Party(sender["kind"], sender["value"], sender["name"])
    command = SendReply(message_id=new_id(), conversation_id=conversation.id, to=(to,), text=text)
    actor = Actor(Author.USER, site.maria, Role.ADMIN, None)
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    answer = await site.core.executor.execute(envelope, actor)
    assert answer.outcome == "done", answer


async def test_a_repeated_message_is_one(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    for text in ("Hello", "Hello", "something else"):
        await page.send({"t": "message", "id": "the-same-id", "text": text})
    await page.write("Second", "another-id")
    await page.shows("Hello", "Second")
    assert await site.texts(2) == ["Hello", "Second"]
    assert {frame["n"] for frame in page.others if frame.get("id") == "the-same-id"} == {1}


async def test_one_that_was_taken_in_before_is_not_taken_in_again(site: ChatSite, new_page: NewPage) -> None:
    """The line may be gone; what was recorded stays recorded once."""
    page = new_page()
    await page.connect()
    await page.write("Hello", "the-same-id")
    await site.texts(1)
    async with site.db.write() as conn:
        await conn.execute(delete(chat_line))
    await page.write("Hello", "the-same-id")
    await page.write("Bye", "another-id")
    assert await site.texts(2) == ["Hello", "Bye"]


async def test_a_reload_and_a_second_tab_show_the_same(site: ChatSite, new_page: NewPage) -> None:
    page, twin = new_page(), new_page()
    await page.connect()
    await page.write("One")
    twin.token = page.token
    welcome = await twin.connect()
    assert welcome["token"] is None
    await twin.shows("One")
    await twin.write("Two")
    await page.shows("One", "Two")
    await page.connect()  # reloaded: it goes on after what it has
    assert (page.welcome["fresh"], page.welcome["from"]) == (False, 3)
    assert await site.texts(2) == ["One", "Two"]
    assert len(await site.rows(chat_session)) == 1
    assert len(await site.conversations()) == 1


async def test_what_comes_while_a_visitor_is_away_waits(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    await page.leave()
    await _answer(site, "Good day")
    await site.texts(1, "out")
    await page.connect()
    await page.shows("Hello", "Good day")


async def test_a_restart_of_the_server_loses_nothing(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Before")
    await site.stop()
    await until(lambda: page.closed is not None)
    assert page.closed == 1001
    await page.came("error", code="closing")
    await site.start()
    await page.connect()
    await page.write("After")
    await page.shows("Before", "After")
    assert await site.texts(2) == ["Before", "After"]
    assert len(await site.conversations()) == 1


async def test_another_epoch_or_a_cursor_ahead_begins_anew(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    async with site.db.write() as conn:
        await put_fact(conn, "epoch", "restored")
    welcome = await page.connect()
    assert (welcome["fresh"], welcome["epoch"], welcome["from"]) == (True, "restored", 1)
    await page.shows("Hello")
    page.cursor = 40
    assert (await page.connect())["fresh"] is True
    await page.shows("Hello")


async def test_a_long_history_comes_in_parts(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    (session,) = await site.rows(chat_session)
    await page.leave()
    rows = [
        {"session_id": session.id, "n": n, "key": f"key-{n}", "origin": "visitor", "text": f"{n}"}
        for n in range(1, 121)
    ]
    more = {"name": "", "created_at": clock.now()}
    async with site.db.write() as conn:
        await conn.execute(chat_line.insert(), [{**row, **more} for row in rows])
        await conn.execute(update(chat_session).values(lines=120))
    page.epoch = None
    welcome = await page.connect()
    assert (welcome["cursor"], welcome["from"]) == (120, 71)
    await until(lambda: len(page.lines) == 50)
    assert [page.lines[0]["n"], page.lines[-1]["n"]] == [71, 120]
    status, frames = await page.poll({"t": "older", "before": 71, "most": 100})
    (older,) = [frame for frame in frames if frame["t"] == "lines"]
    assert status == 200
    assert [older["first"], older["lines"][0]["n"], older["lines"][-1]["n"]] == [True, 1, 70]


async def test_messages_stay_in_the_order_in_which_they_were_written(
    site: ChatSite, new_page: NewPage
) -> None:
    page = new_page()
    await page.connect()
    for number in range(8):
        await page.send({"t": "message", "id": f"number-{number}", "text": f"Line {number}"})
    assert await site.texts(8) == [f"Line {number}" for number in range(8)]
    assert len(await site.conversations()) == 1
    assert all(item.state == "done" for item in await site.rows(raw_item))


async def test_two_visitors_are_two_conversations(site: ChatSite, new_page: NewPage) -> None:
    one, two = new_page(), new_page()
    await one.connect()
    await two.connect()
    await one.write("I am one")
    await two.write("I am two")
    await site.texts(2)
    assert len(await site.conversations()) == 2
    await _answer(site, "For the last one")
    await site.texts(1, "out")
    last = (await site.conversations())[-1].preview
    assert last == "For the last one"
    shown = await until(lambda: next((page for page in (one, two) if len(page.lines) == 2), None))
    other = two if shown is one else one
    await other.write("Still here")
    await other.shows(other.lines[0]["text"], "Still here")


async def test_an_erased_customer_has_no_session_any_more(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Forget me")
    await site.texts(1)
    (person,) = await site.rows(contact)
    envelope = Envelope(id=new_id(), command=EraseContact(contact_id=person.id), issued_at=clock.now())
    actor = Actor(Author.USER, site.maria, Role.ADMIN, None)
    assert (await site.core.executor.execute(envelope, actor)).outcome == "done"
    for table in (chat_session, chat_line, chat_token):
        assert await site.rows(table) == []
    await page.send({"t": "message", "id": "after-that", "text": "Hello?"})
    await until(lambda: page.closed is not None)
    assert page.closed == 4001
    page.token = "x" * 43
    assert await page.connect() == {}
    assert page.closed == 4001


async def test_old_sessions_are_dropped(site: ChatSite, new_page: NewPage) -> None:
    old, new = new_page(), new_page()
    await old.connect()
    await new.connect()
    await asyncio.gather(old.leave(), new.leave())
    rows = await site.rows(chat_session, order=chat_session.c.created_at)
    async with site.db.write() as conn:
        mine = chat_session.c.id == rows[0].id
        await conn.execute(
            update(chat_session).where(mine).values(seen_at=clock.seconds_from_now(-181 * 86400))
        )
    await keep_house(site.db)
    assert [row.id for row in await site.rows(chat_session)] == [rows[1].id]
    assert len(await site.rows(chat_token)) == 1


async def test_a_merged_conversation_goes_on_where_it_is(site: ChatSite, new_page: NewPage) -> None:
    one, two = new_page(), new_page()
    await one.connect()
    await one.write("First")
    await site.texts(1)
    await two.connect()
    await two.write("Second")
    await site.texts(2)
    first, second = await site.conversations()
    merge = MergeConversations(conversation_id=first.id, joined_ids=(second.id,))
    envelope = Envelope(id=new_id(), command=merge, issued_at=clock.now())
    actor = Actor(Author.USER, site.maria, Role.ADMIN, None)
    assert (await site.core.executor.execute(envelope, actor)).outcome == "done"
    await two.write("Third")
    await site.texts(3)
    (third,) = await site.rows(message, message.c.text == "Third")
    assert third.conversation_id == first.id


async def test_where_an_erased_customer_was_is_erased_too(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Forget me")
    await site.texts(1)
    (person,) = await site.rows(contact)
    command = EraseContact(contact_id=person.id)
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    actor = Actor(Author.USER, site.maria, Role.ADMIN, None)
    await site.core.executor.execute(envelope, actor)
    await carry_out(site.db, Bell(), Lease(site.db, "erasure", "test:eraser"))
    (began,) = await site.rows(event, event.c.kind == "created")
    assert began.data == {"channel": "chat"}


async def test_what_retention_drops_the_visitor_sees_no_more(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Long ago")
    await site.texts(1)
    await _answer(site, "Also long ago")
    await page.shows("Long ago", "Also long ago")
    past = clock.seconds_from_now(-100 * 86400)
    values = {"status": "resolved", "last_message_at": past, "resolved_at": past}
    async with site.db.write() as conn:
        await conn.execute(update(conversation).values(values))
    await set_rule(site.db, "conversations", 30)
    await keep_house(site.db)
    assert await site.conversations() == []
    assert await site.rows(chat_line) == []
    await page.write("Today")
    await page.write("And more", "the-last-one")
    assert await site.texts(2) == ["Today", "And more"]
    assert len(await site.conversations()) == 1


async def test_a_silent_page_asks_the_database_nothing(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()

    def counted(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def call(*args: Any) -> Any:
            asked[name] += 1
            return real(*args)

        monkeypatch.setattr(owner, name, call)

    monkeypatch.setattr(visit, "_LOOK_SECONDS", 0.02)
    for name in ("after", "place"):
        counted(Sessions, name)
    counted(Watching, "online")
    page = new_page()
    await page.connect()
    await until(lambda: asked["online"] > 8)
    assert (asked["after"], asked["place"]) == (1, 0)
    await page.write("Hello")
    await page.shows("Hello")


async def test_who_comes_to_the_desk_is_told(site: ChatSite, new_page: NewPage, monkeypatch: Any) -> None:
    monkeypatch.setattr(visit, "_LOOK_SECONDS", 0.02)
    page = new_page()
    assert (await page.connect())["online"] is False
    member = Member(site.maria, Scope(frozenset({site.inbox})))
    site.desks.board.join(member)
    assert (await page.came("status"))["online"] is True
    site.desks.board.leave(member)
    await page.came("status", online=False)
