"""The way of a line through the server: one transaction, and a longer way where that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import IntegrityError
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Envelope, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server.chat.handover import Handover
from agentdesk.server.recording import NotNow, Recorder
from agentdesk.store.tables import (
    account,
    chat_line,
    chat_post,
    chat_session,
    contact_identity,
    delivery_attempt,
    lease,
    message,
    outbox,
    raw_item,
)

NewPage = Callable[..., Page]

MOST_OF_A_LINE, MOST_OF_AN_ANSWER = 22, 25
"""Statements, the beginning of the transaction among them."""


@contextmanager
def writing(site: ChatSite) -> Iterator[list[list[str]]]:
    """The statements of each transaction that writes to what a chat is made of, as they are committed."""
    committed: list[list[str]] = []
    running: list[str] = []
    assert site.db._engines is not None
    engine = site.db._engines.writer.sync_engine

    def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        running.append(statement)

    def end(_conn: Any) -> None:
        if any("INTO change_log" in one or "chat_" in one or "raw_item" in one for one in running):
            committed.append(running.copy())
        running.clear()

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", end)
    try:
        yield committed
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", end)


async def give_answer(site: ChatSite, text: str) -> SendReply:
    """Have Maria answer the only chat."""
    (conversation,) = await site.conversations()
    (session,) = await site.rows(chat_session)
    visitor = Party("chat", session.identity)
    reply = SendReply(message_id=new_id(), conversation_id=conversation.id, to=(visitor,), text=text)
    maria = Actor(Author.USER, site.maria, Role.AGENT, frozenset({site.inbox}))
    answer = await site.core.executor.execute(
        Envelope(id=new_id(), command=reply, issued_at=clock.now()), maria
    )
    assert answer.outcome == "done"
    return reply


async def test_a_line_and_an_answer_are_one_transaction_each(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await until(lambda: _where_they_are(site), what="where the visitor is")
    with writing(site) as committed:
        await page.write("Is anybody there?")
        assert await site.texts(2) == ["Hello", "Is anybody there?"]
    (line,) = committed
    assert len(line) <= MOST_OF_A_LINE
    with writing(site) as committed:
        await give_answer(site, "Good day")
        await page.shows("Hello", "Is anybody there?", "Good day")
        await until(lambda: _is_sent(site), what="an answer that counts as sent")
    (answer,) = committed
    assert len(answer) <= MOST_OF_AN_ANSWER
    assert [row.state for row in await site.rows(raw_item)] == ["done", "done"]
    assert [row.outcome for row in await site.rows(delivery_attempt)] == ["sent"]
    assert [(row.state, row.attempts) for row in await site.rows(outbox)] == [("done", 1)]


async def _where_they_are(site: ChatSite) -> bool:
    return any(row.visit for row in await site.rows(contact_identity))


async def _is_sent(site: ChatSite) -> bool:
    (row,) = await site.rows(message, message.c.direction == "out")
    return bool(row.delivery == "sent" and row.sent_at is not None)


@pytest.mark.parametrize("problem", [NotNow(), IntegrityError("INSERT", None, Exception())])
async def test_what_cannot_be_recorded_at_once_goes_the_longer_way(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    async def fail(*_given: object) -> None:
        raise problem

    monkeypatch.setattr(Recorder, "take", fail)
    page = new_page()
    await page.connect()
    for text in ("one", "two", "three"):
        await page.write(text)
    assert await site.texts(3) == ["one", "two", "three"]
    assert [row.n for row in await site.rows(chat_line)] == [1, 2, 3]
    assert len(await site.conversations()) == 1


async def test_what_a_rule_chokes_on_goes_the_longer_way_and_leaves_nothing_behind(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choke(*_given: object) -> None:
        monkeypatch.undo()
        raise ZeroDivisionError

    monkeypatch.setattr("agentdesk.server.recording.apply_all", choke)
    page = new_page()
    await page.connect()
    await page.write("one")
    assert await site.texts(1) == ["one"]
    assert len(await site.rows(chat_line)) == 1
    await until(lambda: _nothing_waits(site), what="the end of the post")
    assert [row.state for row in await site.rows(raw_item)] == ["done"]


async def _nothing_waits(site: ChatSite) -> bool:
    return not await site.rows(chat_post)


async def test_nothing_overtakes_what_waits_still(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    await page.connect()
    session = (await site.rows(chat_session))[0]
    taken: list[bool] = []
    was = Handover.post

    async def post(handover: Handover, *given: Any) -> None:
        await was(handover, *given)
        taken.append(not handover.posted)

    monkeypatch.setattr(Handover, "post", post)
    async with site.db.write() as conn:  # as an earlier server left it
        item = {"id": new_id(), "account_id": site.widget, "source_id": f"{session.id.hex}/before"}
        rest = {"blob": "gone", "facts": {}, "state": "new", "attempts": 0, "problem": ""}
        await conn.execute(raw_item.insert().values(**item, **rest, created_at=clock.now()))
    await page.write("one")
    assert taken == [False]
    assert "one" in await site.texts(1)


async def test_a_server_that_has_lost_the_account_only_hands_over(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    async with site.db.write() as conn:
        await conn.execute(update(lease).where(lease.c.name == f"account:{site.widget}").values(token=99))
    await page.write("one")
    posts = await site.rows(chat_post)
    recorded = await site.rows(message)
    assert len(posts) + len(recorded) >= 1
    assert await site.texts(1) == ["one"]  # by whoever takes the account


async def test_an_answer_waits_where_its_channel_is_paused(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    async with site.db.write() as conn:
        await conn.execute(update(account).where(account.c.id == site.widget).values(paused=True))
    await give_answer(site, "Good day")
    (row,) = await site.rows(outbox)
    assert row.state == "queued"
