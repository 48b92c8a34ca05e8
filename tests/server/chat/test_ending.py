"""A chat ends: by its visitor, by an agent, or by silence; and it begins again in the same conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, EndChat, Envelope
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.queries.rows import EventRow
from agentdesk.store.engine import Database
from agentdesk.store.tables import audit_entry, chat_session, event, raw_item
from agentdesk.sync.local import LocalDesk
from agentdesk_connectors.livechat.settings import read_settings

NewPage = Callable[..., Page]


async def _ends(site: ChatSite, count: int = 1) -> Sequence[Any]:
    """Wait for so many ends in the transcript."""

    async def there() -> Sequence[Any] | None:
        rows = await site.rows(event, event.c.kind == "ended", order=event.c.created_at)
        return rows if len(rows) >= count else None

    return await until(there, what=f"{count} ends")


async def _end(site: ChatSite, **more: Any) -> Answer:
    """Maria ends the chat."""
    (conversation,) = await site.conversations()
    actor = Actor(Author.USER, site.maria, Role.AGENT, frozenset({site.inbox}))
    command = EndChat(conversation_id=conversation.id, **more)
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    return await site.core.executor.execute(envelope, actor)


async def test_an_end_that_was_seen_is_no_message(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    assert (await _end(site)).outcome == "done"
    await until(lambda: page.cursor == 2)
    for state in ("delivered", "read"):
        await page.send({"t": "seen", "upto": 2, "state": state})
    await page.write("One more thing")  # is handed in after the marks
    await site.texts(2)
    assert len(await site.conversations()) == 1


async def test_the_visitor_ends_the_chat_and_begins_it_again(site: ChatSite, new_page: NewPage) -> None:
    page, twin = new_page(), new_page()
    assert "end" in (await page.connect())["can"]
    await page.write("Hello")
    twin.token = page.token
    await twin.connect()
    for _ in range(2):
        await page.send({"t": "end", "id": "the-end-1"})
    assert (await page.came("ack", id="the-end-1"))["n"] == 2
    await page.send({"t": "end", "id": "the-end-2"})
    assert (await page.came("ack", id="the-end-2"))["n"] == 0
    await page.write("One more thing")
    await twin.shows("Hello", "", "One more thing")
    line = twin.lines[1]
    assert (line["kind"], line["from"], line["agent"]) == ("ended", "visitor", None)
    assert await site.texts(2) == ["Hello", "One more thing"]
    (end,) = await _ends(site)
    assert (end.author, end.user_id) == ("contact", None)
    (conversation,) = await site.conversations()
    assert (conversation.status, conversation.preview) == ("open", "One more thing")


async def test_there_is_nothing_to_end_before_anything_was_said(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.send({"t": "end", "id": "the-end-1"})
    assert (await page.came("ack", id="the-end-1"))["n"] == 0
    await page.write("Hello")
    await page.shows("Hello")


async def test_an_agent_ends_the_chat_at_the_desk(site: ChatSite, desk: LocalDesk, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    (conversation,) = await site.conversations()

    async def here() -> bool:
        return bool((await desk.timeline(conversation.id)).messages)

    await until(here)
    await desk.do(EndChat(conversation_id=conversation.id))

    async def ends_here() -> list[EventRow]:
        events = (await desk.timeline(conversation.id)).events
        return [one for one in events if one.kind == "ended"]

    assert [one.user_name for one in await until(ends_here)] == ["Maria Sol"]
    await page.shows("Hello", "")
    line = page.lines[1]
    assert (line["kind"], line["from"], line["agent"]["name"]) == ("ended", "agent", "Maria Sol")
    (conversation,) = await site.conversations()
    assert conversation.status == "resolved"
    trail = await site.rows(audit_entry, audit_entry.c.what == "end_chat")
    assert [(one.outcome, one.user_id) for one in trail] == [("done", site.maria)]

    await page.write("Are you still there?")
    await site.texts(2)
    (conversation,) = await site.conversations()
    assert conversation.status == "open"
    assert len(await ends_here()) == 1


async def test_ending_twice_says_so_once(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    for _ in range(2):
        assert (await _end(site)).outcome == "done"
    await page.shows("Hello", "")
    assert len(await _ends(site)) == 1


async def test_who_has_not_seen_the_last_word_does_not_end_the_chat(
    site: ChatSite, new_page: NewPage
) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    (conversation,) = await site.conversations()
    seen = conversation.last_message_id
    await page.write("I forgot something")
    await site.texts(2)
    answer = await _end(site, seen_message_id=seen)
    assert (answer.outcome, answer.code) == ("refused", "stale")
    await page.shows("Hello", "I forgot something")


async def test_a_chat_ends_by_itself_when_nobody_writes(site: ChatSite, new_page: NewPage) -> None:
    silent, lively = new_page(), new_page()
    for page in (silent, lively):
        await page.connect()
        await page.write("Hello")
    await site.texts(2)
    (session,) = await site.rows(chat_session, chat_session.c.id == UUID(silent.welcome["session"]))
    long_ago = clock.now() - timedelta(hours=24, minutes=1)
    await site.stop()
    db = Database(site.url)
    async with db.write() as conn:
        mine = chat_session.c.id == session.id
        await conn.execute(update(chat_session).where(mine).values(spoke_at=long_ago))
    await db.close()
    await site.start()
    await silent.connect()
    (end,) = await _ends(site)
    assert end.author == "system"
    await silent.shows("Hello", "")
    assert (silent.lines[1]["kind"], silent.lines[1]["from"]) == ("ended", "system")
    await lively.connect()
    await lively.shows("Hello")


async def test_what_ends_in_between_stands_in_its_place(site: ChatSite, new_page: NewPage) -> None:
    """All of it may be recorded in one batch."""
    page = new_page()
    await page.connect()
    for round_ in range(3):
        await page.write(f"Round {round_}")
        await page.send({"t": "end", "id": f"the-end-{round_}"})
        await page.came("ack", id=f"the-end-{round_}")
    ends = await _ends(site, 3)
    await site.texts(3)
    (conversation,) = await site.conversations()
    assert conversation.status == "open"
    moments = [one.created_at for one in ends]
    assert moments == sorted(moments)
    assert all(item.state == "done" for item in await site.rows(raw_item))


@pytest.mark.parametrize("hours", [0, 721, "soon"])
def test_hours_that_cannot_be_are_refused(hours: object) -> None:
    with pytest.raises(Invalid) as refused:
        read_settings({"site": "shop.example", "end_after": hours}, "")
    assert refused.value.field == "end_after"
