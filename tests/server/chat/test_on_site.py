"""Who is on the site: only who agreed, only for desks that look and may, and only while the visit lasts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.desk_keys import keys
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.commands.context import Actor
from agentdesk.domain.authority import Permission
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server.chat import guests
from agentdesk.server.housekeeping import keep_house
from agentdesk.store.tables import change_log, chat_guest, chat_session, event
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.visitor import SiteVisitor

NewPage = Callable[..., Page]
KEY = "visit-0123456789"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"


@pytest.fixture
async def site(migrated_sqlite_url: str, tmp_path: Path) -> AsyncIterator[ChatSite]:
    """A server whose widget shows who is there, and Maria, who may see it."""
    made = await ChatSite.make(migrated_sqlite_url, tmp_path, presence="yes")
    _permit(made, True)
    made.desks._site.seconds = 0.02
    yield made
    await made.stop()


def _permit(site: ChatSite, given: bool) -> None:
    async def maria(token: str) -> Actor | None:
        exceptions = {Permission.SEE_VISITORS.value: given}
        inboxes = frozenset({site.inbox})
        return Actor(Author.USER, site.maria, Role.AGENT, inboxes, exceptions) if token == "maria" else None

    site.desks._authenticate = maria


@asynccontextmanager
async def _desk(site: ChatSite, folder: Path) -> AsyncIterator[LocalDesk]:
    desk = LocalDesk(folder / "desk", site.address, "maria", keys=keys())
    await desk.start()
    await until(lambda: desk.sees_site)
    try:
        yield desk
    finally:
        await desk.close()


def _place(title: str = "Cart", url: str = "https://shop.example/cart") -> dict[str, str]:
    return {"url": url, "title": title, "referrer": "https://search.example/"}


async def _here(tab: Page, key: str = KEY, **more: Any) -> tuple[int, dict[str, Any]]:
    """What a page of somebody says who agreed."""
    said = {"key": key, "page": _place(), "language": "de", "time_zone": "Europe/Berlin", **more}
    return await _post(tab, json.dumps(said))


async def _post(page: Page, body: str | bytes) -> tuple[int, dict[str, Any]]:
    async with page.http.post(page.path("here"), data=body, headers=page.headers) as answer:
        return answer.status, await answer.json()


async def _seen(desk: LocalDesk, *titles: str) -> list[SiteVisitor]:
    await until(
        lambda: [one.title for one in desk.site_visitors() or ()] == list(titles),
        what=lambda: f"{titles}; seen are {desk.site_visitors()}",
    )
    return list(desk.site_visitors() or ())


async def test_desks_that_look_see_who_comes_moves_and_withdraws(
    site: ChatSite, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page()
    page.agent = FIREFOX
    async with _desk(site, tmp_path) as desk:
        assert desk.site_visitors() is None
        desk.look_at_site(True)
        await _seen(desk)
        status, told = await _here(page, returning=True)
        assert (status, told["next"]) == (200, 15)
        (one,) = await _seen(desk, "Cart")
        assert (one.site, one.language, one.time_zone) == ("Shop", "de", "Europe/Berlin")
        assert (one.browser, one.system, one.returning) == ("Firefox 132", "Linux", True)
        assert (one.referrer, one.state, one.conversation_id) == ("https://search.example/", "free", None)
        await _here(page, page=_place("<b>Checkout</b>\n", "https://shop.example/checkout"))
        (moved,) = await _seen(desk, "<b>Checkout</b>")
        assert (moved.id, moved.came_at, moved.pages) == (one.id, one.came_at, 2)
        assert (await _here(page, gone=True))[0] == 200
        await _seen(desk)
        assert await site.rows(chat_guest) == []
        desk.look_at_site(False)
        assert desk.site_visitors() is None
    assert [row.table_name for row in await site.rows(change_log) if "guest" in row.table_name] == []


async def test_who_leaves_or_falls_silent_is_gone(site: ChatSite, new_page: NewPage, tmp_path: Path) -> None:
    page, other = new_page(), new_page()
    await _here(page)
    await _here(other, "visit-of-another", page=_place("Lamps"))
    async with _desk(site, tmp_path) as desk:
        desk.look_at_site(True)
        await _seen(desk, "Cart", "Lamps")
        await _here(page, leaving=True)
        (row,) = await site.rows(chat_guest, chat_guest.c.key == guests._hash(KEY))
        left = clock.now() - row.seen_at
        assert guests.SEEN - timedelta(seconds=10) <= left < guests.SEEN
        await _here(page, page=_place("Desks"))  # they were on their way to the next page
        await _seen(desk, "Desks", "Lamps")
        async with site.db.write() as conn:
            await conn.execute(update(chat_guest).values(seen_at=clock.now() - guests.SEEN))
        await _seen(desk)
        async with site.db.write() as conn:
            await conn.execute(update(chat_guest).values(seen_at=clock.now() - 3 * guests.SEEN))
        await keep_house(site.db)
        assert await site.rows(chat_guest) == []


async def test_an_agent_invites_once_and_the_chat_is_theirs(
    site: ChatSite, new_page: NewPage, tmp_path: Path
) -> None:
    page = new_page()
    await _here(page)
    async with _desk(site, tmp_path) as desk:
        desk.look_at_site(True)
        (one,) = await _seen(desk, "Cart")
        await desk.invite_visitor(one.id, "  Can I\nhelp? ")
        await until(lambda: [v.state for v in desk.site_visitors() or ()] == ["asked"])
        for _ in range(2):
            with pytest.raises(AgentDeskError, match="invited already"):
                await desk.invite_visitor(one.id, "Really?")
        _status, told = await _here(page)
        assert told["invitation"] == {"id": str(one.id), "text": "Can I help?"}
        assert (await _here(page, state="invited"))[1]["invitation"] is None
        await page.connect()
        frame = {"t": "message", "id": "message-1", "text": "Yes, please", "files": []}
        await page.send({**frame, "invitation": told["invitation"]["id"]})
        await page.shows("Can I help?", "Yes, please")
        await _here(page, state="chat", token=page.token)
        (chat,) = await until(lambda: _in_chat(desk))
        (conversation,) = await site.conversations()
        assert (chat.conversation_id, conversation.assignee_id) == (conversation.id, site.maria)
    kinds = event.c.kind.in_(("invited", "assigned"))
    told_of = {row.kind: row.data for row in await site.rows(event, kinds)}
    assert told_of["invited"]["text"] == "Can I help?"
    assert told_of["assigned"] == {"assignee_id": str(site.maria), "assignee": "Maria Sol"}


def _in_chat(desk: LocalDesk) -> list[SiteVisitor]:
    return [one for one in desk.site_visitors() or () if one.state == "chat" and one.conversation_id]


@pytest.mark.parametrize("state", ["invited", "closed", "chat"])
async def test_who_was_invited_or_chats_is_not_asked(
    site: ChatSite, new_page: NewPage, tmp_path: Path, state: str
) -> None:
    await _here(new_page(), state=state)
    async with _desk(site, tmp_path) as desk:
        desk.look_at_site(True)
        (one,) = await _seen(desk, "Cart")
        assert one.state == state
        with pytest.raises(AgentDeskError, match="invited already"):
            await desk.invite_visitor(one.id, "Can I help?")


async def test_who_may_not_sees_nobody(site: ChatSite, new_page: NewPage, tmp_path: Path) -> None:
    await _here(new_page())
    (row,) = await site.rows(chat_guest)
    _permit(site, False)
    async with _desk(site, tmp_path) as desk:
        desk.look_at_site(True)
        await until(lambda: desk.site_visitors() is not None)
        assert desk.site_visitors() == ()
        with pytest.raises(AgentDeskError, match="colleagues"):
            await desk.invite_visitor(row.id, "Can I help?")


async def test_a_widget_that_does_not_show_it_keeps_nothing(migrated_sqlite_url: str, tmp_path: Path) -> None:
    site = await ChatSite.make(migrated_sqlite_url, tmp_path)
    page = Page(site)
    try:
        assert "presence" not in (await page.connect())["can"]
        assert (await _here(page))[0] == 422
        assert await site.rows(chat_guest) == []
    finally:
        await page.close()
        await site.stop()


async def test_what_pages_make_up_is_refused_or_harmless(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    assert "presence" in (await page.connect())["can"]
    for body in ("", "[", '{"key": "short"}', '{"key": "visit-0123456789", "state": "admin"}', b"\xff"):
        assert (await _post(page, body))[0] == 400
    assert (await _here(page, page=_place("x" * 301)))[0] == 400
    assert (await _post(page, " " * 40_000))[0] == 413
    assert (await _here(new_page(origin="https://evil.example")))[0] == 403
    assert await site.rows(chat_guest) == []
    await page.connect()
    await _here(page, token="not a token of anybody")
    (row,) = await site.rows(chat_guest)
    assert (row.session_id, row.key) == (None, guests._hash(KEY))  # what the page calls it is not kept
    await _here(page, token=page.token)
    (row,) = await site.rows(chat_guest)
    (session,) = await site.rows(chat_session)
    assert row.session_id == session.id


async def test_floods_and_crowds_are_bounded(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    monkeypatch.setattr(guests, "MOST", 3)
    answers = [await _here(page, f"visit-{number:010}") for number in range(22)]
    assert len(await site.rows(chat_guest)) == 3
    assert [told["next"] for status, told in answers[:4]] == [15, 15, 15, 120]
    assert answers[-1][0] == 429


@pytest.mark.postgres
async def test_pages_and_desks_may_be_at_different_servers(
    migrated_postgres_url: str, tmp_path: Path
) -> None:
    here = await ChatSite.make(migrated_postgres_url, tmp_path, presence="yes")
    there = await here.another()
    _permit(here, True)
    here.desks._site.seconds = 0.02
    page = Page(there)
    try:
        await _here(page)
        async with _desk(here, tmp_path) as desk:
            desk.look_at_site(True)
            (one,) = await _seen(desk, "Cart")
            await desk.invite_visitor(one.id, "Can I help?")
            _status, told = await _here(page)
            assert told["invitation"]["text"] == "Can I help?"
            await page.connect()
            frame = {"t": "message", "id": "message-1", "text": "Yes", "files": []}
            await page.send({**frame, "invitation": told["invitation"]["id"]})
            await _here(page, state="chat", token=page.token)
            await until(lambda: _in_chat(desk))
            await _here(page, gone=True)
            await _seen(desk)
    finally:
        await page.close()
        await there.stop()
        await here.stop()
