"""How visitors find a chat: one answer for each, changed until the next, in the transcript of the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import update
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Envelope, EraseContact, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server.erasing import carry_out
from agentdesk.server.leases import Lease
from agentdesk.store.tables import account_cursor, chat_post, contact, event, message

NewPage = Callable[..., Page]


async def _ratings(site: ChatSite, *scores: int) -> Sequence[Any]:
    """Wait for ratings with these scores, in the order of their chats."""

    async def there() -> Sequence[Any] | None:
        rows = await site.rows(event, event.c.kind == "rated", order=event.c.created_at)
        return rows if [row.data["score"] for row in rows] == list(scores) else None

    return await until(there, what=f"ratings {scores}")


async def _ended(page: Page, number: int = 1) -> None:
    """A chat that its visitor has ended."""
    await page.write(f"Question {number}", f"question-{number}")
    await page.send({"t": "end", "id": f"the-end-{number}"})
    await page.came("ack", id=f"the-end-{number}")


async def _rate(page: Page, key: str, **values: Any) -> None:
    """Answer the survey."""
    await page.send({"t": "survey", "id": key, **values})
    await page.came("ack", id=key)


async def _answer(site: ChatSite) -> None:
    """Maria answers."""
    (conversation,) = await site.conversations()
    (row,) = await site.rows(message, message.c.direction == "in")
    to = Party(row.sender["kind"], row.sender["value"], row.sender["name"])
    command = SendReply(message_id=new_id(), conversation_id=conversation.id, to=(to,), text="Here it is.")
    actor = Actor(Author.USER, site.maria, Role.AGENT, None)
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    assert (await site.core.executor.execute(envelope, actor)).outcome == "done"


async def test_an_answer_is_of_the_agent_and_the_last_one_counts(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    assert "survey" in (await page.connect())["can"]
    await page.write("Where is it?")
    await site.texts(1)
    await _answer(site)
    await page.shows("Where is it?", "Here it is.")
    await page.send({"t": "end", "id": "the-end-1"})
    await page.came("ack", id="the-end-1")
    await _rate(page, "survey-1", score=2, effort=None, text="")
    (first,) = await _ratings(site, 2)
    assert first.data == {"score": 2, "user_id": str(site.maria), "user": "Maria Sol"}
    assert first.author == "contact"
    await _rate(page, "survey-2", score=5, effort=6, text=" Thanks\x00 ")
    await _rate(page, "survey-2", score=5, effort=6, text=" Thanks\x00 ")
    (last,) = await _ratings(site, 5)
    assert (last.id, last.created_at) == (first.id, first.created_at)
    assert (last.data["effort"], last.data["text"], last.data["user"]) == (6, "Thanks\ufffd", "Maria Sol")


async def test_each_chat_has_its_own_answer(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    for number, score in ((1, 1), (2, 4)):
        await _ended(page, number)
        await _rate(page, f"survey-{number}", score=score)
    ratings = await _ratings(site, 1, 4)
    (conversation,) = await site.conversations()
    assert {row.conversation_id for row in ratings} == {conversation.id}


async def test_only_a_chat_that_has_ended_is_asked_about(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await page.send({"t": "survey", "id": "survey-1", "score": 5})
    assert (await page.came("error", id="survey-1"))["code"] == "invalid"
    assert await site.rows(event, event.c.kind == "rated") == []


@pytest.mark.parametrize(
    "bad",
    [
        {"score": 0},
        {"score": 6},
        {"score": "5"},
        {"score": 5, "effort": 8},
        {"score": 5, "text": "x" * 1_001},
        {},
    ],
)
async def test_answers_that_are_none_are_refused(
    site: ChatSite, new_page: NewPage, bad: dict[str, Any]
) -> None:
    page = new_page()
    await page.connect()
    await _ended(page)
    await page.send({"t": "survey", "id": "survey-1", **bad})
    assert (await page.came("error", id="survey-1"))["code"] == "invalid"
    assert await site.rows(chat_post, chat_post.c.content.like('%"rated"%')) == []


async def test_where_visitors_are_not_asked(site: ChatSite, new_page: NewPage) -> None:
    async with site.db.write() as conn:
        given = {"site": "shop.example", "survey": False}
        await conn.execute(update(account_cursor).values(settings=given))
    page = new_page()
    assert "survey" not in (await page.connect())["can"]
    await _ended(page)
    await page.send({"t": "survey", "id": "survey-1", "score": 5})
    assert (await page.came("error", id="survey-1"))["code"] == "not_here"


async def test_the_words_of_an_erased_customer_go(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await _ended(page)
    await _rate(page, "survey-1", score=1, text="My name is Ana")
    await _ratings(site, 1)
    (person,) = await site.rows(contact)
    command = Envelope(id=new_id(), command=EraseContact(contact_id=person.id), issued_at=clock.now())
    actor = Actor(Author.USER, site.maria, Role.ADMIN, None)
    assert (await site.core.executor.execute(command, actor)).outcome == "done"
    await carry_out(site.db, Bell(), Lease(site.db, "erasure", "test:eraser"))
    (rating,) = await site.rows(event, event.c.kind == "rated")
    assert rating.data == {"score": 1}
