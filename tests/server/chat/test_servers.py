"""Several servers on one database: a visitor's page is at one, the account and the desk at another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, event, insert, update
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import Assign, Envelope, JoinChat, TakeOver
from agentdesk.domain.team import Role
from agentdesk.sdk.pages import PageLine
from agentdesk.server.chat import watching
from agentdesk.server.chat.account_pages import AccountPages
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.lines import add_line, locked
from agentdesk.store.tables import chat_session, conversation, desk, inbox, inbox_member

pytestmark = pytest.mark.postgres


@pytest.fixture
async def sites(migrated_postgres_url: str, tmp_path: Path) -> AsyncIterator[list[ChatSite]]:
    """Two servers that hear each other."""
    async with AsyncExitStack() as stack:
        one = await ChatSite.make(migrated_postgres_url, tmp_path)
        stack.push_async_callback(one.stop)
        two = await one.another()
        stack.push_async_callback(two.stop)
        for site in (one, two):
            await until(partial(_hears, site), what="a server hears")
        yield [one, two]


def _hears(site: ChatSite) -> bool:
    return bool(site.feed.listener.hears)


def _shows(page: Page, text: str) -> bool:
    return bool(page.lines[-1]["text"] == text)


async def test_a_page_at_either_server_is_answered(sites: list[ChatSite]) -> None:
    pages = [Page(site) for site in sites]
    try:
        for number, page in enumerate(pages):
            await page.connect()
            await page.write(f"From page {number}")
        assert sorted(await sites[0].texts(2)) == ["From page 0", "From page 1"]
        (first, second) = await sites[0].rows(chat_session, order=chat_session.c.created_at)
        for site, session, page in ((sites[1], first, pages[0]), (sites[0], second, pages[1])):
            elsewhere = AccountPages(site.db, site.widget, site.chat._doors, None)
            line = PageLine("an-answer", "Good day", "Maria", clock.now())
            assert await elsewhere.show(session.identity, line)
            assert await elsewhere.shown("an-answer")
            await until(partial(_shows, page, "Good day"))
    finally:
        for page in pages:
            await page.close()


async def test_what_is_heard_from_oneself_or_from_nobody_rings_nothing() -> None:
    doors = Doors()
    widget = UUID(int=1)
    before = doors.box(widget).rings
    for text in ("", "x", "x y", "x box z", f"{doors._me} box {widget.hex}", f"other lamp {widget.hex}"):
        doors.hear(text)
    assert doors.box(widget).rings == before
    doors.hear(f"other box {widget.hex}")
    assert doors.box(widget).rings == before + 1


async def test_somebody_is_there_whose_desk_is_at_another_server(
    sites: list[ChatSite], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_ELSEWHERE_SECONDS", 0.0)
    site = sites[1]
    page = Page(site)
    try:
        assert (await page.connect())["online"] is False
        long_ago, moment = clock.now() - timedelta(minutes=10), clock.now()
        row = {"id": new_id(), "user_id": site.maria, "last_number": 0, "created_at": long_ago}
        async with site.db.write() as conn:
            await conn.execute(insert(desk).values(**row, seen_at=long_ago))
        assert (await page.connect())["online"] is False
        async with site.db.write() as conn:
            await conn.execute(update(desk).values(seen_at=moment))
        assert (await page.connect())["online"] is True
        async with site.db.write() as conn:
            await conn.execute(update(inbox).values(everyone=False))
            await conn.execute(delete(inbox_member))
        assert (await page.connect())["online"] is False
    finally:
        await page.close()


async def test_who_joins_or_takes_over_at_another_server_is_shown(sites: list[ChatSite]) -> None:
    rana = await sites[0].hire("Rana Aziz", Role.SUPERVISOR)
    page = Page(sites[0])
    try:
        await page.connect()
        await page.write("Hello")
        await sites[0].texts(1)
        ((chat, maria),) = [(row.id, sites[0].maria) for row in await sites[0].conversations()]
        for command in (
            Assign(conversation_id=chat, assignee_id=maria),
            JoinChat(conversation_id=chat),
            TakeOver(conversation_id=chat, seen_assignee_id=maria),
        ):
            envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
            assert (await sites[1].core.executor.execute(envelope, rana)).outcome == "done"
        await page.shows("Hello", "", "")
        assert [(one["kind"], one["agent"]["name"]) for one in page.lines[1:]] == [
            ("joined", "Rana Aziz"),
            ("left", "Maria Sol"),
        ]
    finally:
        await page.close()


async def test_what_nobody_heard_is_found_by_one_look_for_all_pages(sites: list[ChatSite]) -> None:
    site = sites[0]
    pages = [Page(site), Page(site)]
    asked: list[str] = []

    def note(_conn: object, _cursor: object, sql: str, *_more: object) -> None:
        asked.append(sql)

    try:
        for page in pages:
            await page.connect()
            await page.write("Hello")
            await page.shows("Hello")
        await site.texts(2)
        rounds = site.chat._rounds
        await until(lambda: _stands_still(site), what="pages that know where they are")
        assert site.db._engines is not None
        engine = site.db._engines.writer.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        await rounds.look()
        event.remove(engine, "before_cursor_execute", note)
        assert len([sql for sql in asked if "chat_session.lines" in sql]) == 1
        (first, _) = await site.rows(chat_session, order=chat_session.c.created_at)
        async with site.db.write() as conn:  # nobody is told
            row = await locked(conn, first.id)
            await add_line(conn, row, "an-answer", "agent", clock.now(), text="Good day", name="Maria")
            await conn.execute(update(conversation).values(assignee_id=site.maria))
        await rounds.look()
        await pages[0].shows("Hello", "Good day")
        for page in pages:
            await until(partial(_names, page, "Maria Sol"), what="who answers")
    finally:
        for page in pages:
            await page.close()


def _names(page: Page, name: str) -> bool:
    return any(frame["t"] == "status" and (frame["agent"] or {}).get("name") == name for frame in page.others)


async def _stands_still(site: ChatSite) -> bool:
    """Whether a look finds nothing that a page does not know."""
    rounds, doors = site.chat._rounds, site.chat._doors
    before = max((rounds.changed_at(one) for one in doors.sessions()), default=0.0)
    await rounds.look()
    return max((rounds.changed_at(one) for one in doors.sessions()), default=0.0) == before
