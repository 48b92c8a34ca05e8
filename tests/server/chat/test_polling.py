"""Pages that cannot have a WebSocket: the same frames by requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.sdk.pages import PageLine
from agentdesk.server.chat.account_pages import AccountPages
from agentdesk.store.tables import chat_session

NewPage = Callable[..., Page]


async def _show(site: ChatSite, page: Page, text: str) -> None:
    (session,) = await site.rows(chat_session)
    pages = AccountPages(site.db, site.widget, site.chat._doors, None)
    assert await pages.show(session.identity, PageLine(text, text, "Maria", clock.now()))


async def test_a_page_without_a_websocket_talks_as_well(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    message = {"t": "message", "id": "the-first-one", "text": "Hello"}
    status, frames = await page.poll(message)
    assert status == 200
    assert [frame["t"] for frame in frames][:3] == ["welcome", "ack", "lines"]
    assert await site.texts(1) == ["Hello"]
    _status, frames = await page.poll(message)  # its answer was lost: sent again
    assert (frames[-1]["t"], frames[-1]["place"]) == ("status", 1)  # nobody has taken the chat
    waiting = asyncio.ensure_future(page.poll(wait=25))
    await _show(site, page, "Good day")
    _status, frames = await waiting
    assert [frame["t"] for frame in frames] == ["welcome", "lines", "status"]
    assert [line["text"] for line in page.lines] == ["Hello", "Good day"]
    assert await site.texts(1) == ["Hello"]


async def test_a_bad_frame_among_good_ones_is_told(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    good = {"t": "message", "id": "the-first-one", "text": "Hello"}
    _status, frames = await page.poll({"t": "nothing"}, good, {"t": "ping"})
    told = [frame["t"] for frame in frames if frame["t"] != "status"]  # it waits once it is at the desk
    assert told == ["welcome", "error", "ack", "pong", "lines"]


async def test_a_page_that_gives_up_waiting_leaves_nothing(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.poll()
    waiting = asyncio.ensure_future(page.poll(wait=25))
    await until(lambda: site.chat._doors._pages)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await _show(site, page, "Good day")
    await page.poll()
    assert [line["text"] for line in page.lines] == ["Good day"]
