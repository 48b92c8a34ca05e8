"""The widget and the real server: from a visitor's page to the desk and back, through a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import FilePayload, expect
from tests.helpers.chat_page import ChatSite
from tests.helpers.desk_keys import keys
from tests.helpers.pictures import PNG
from tests.helpers.until import until
from tests.widget.browser import Site, Visit, in_browser

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply
from agentdesk.queries.rows import View
from agentdesk.sync.local import LocalDesk


@asynccontextmanager
async def _company(site: Site, url: str, folder: Path, **settings: str) -> AsyncIterator[ChatSite]:
    """A company whose server lets the pages of the shop in."""
    chat = await ChatSite.make(url, folder, origins=f"http://localhost:{site.server.port}", **settings)
    try:
        yield chat
    finally:
        await chat.stop()


@asynccontextmanager
async def _desk(chat: ChatSite, folder: Path) -> AsyncIterator[LocalDesk]:
    """Maria's desk."""
    desk = LocalDesk(folder / "desk", chat.address, "maria", keys=keys())
    await desk.start()
    try:
        yield desk
    finally:
        await desk.close()


async def _visit(site: Site, chat: ChatSite, **tag: str) -> Visit:
    """The shop's page with the widget of the real server, opened."""
    site.server.real = (chat.address, str(chat.widget))
    return await site.chat(**tag)


async def _answer(desk: LocalDesk, text: str) -> None:
    """Maria answers in her only conversation."""
    (conversation_id,) = await until(lambda: desk.queue_ids(View(kind="all")))
    sender = (await desk.timeline(conversation_id)).messages[0].sender
    assert sender is not None
    await desk.do(SendReply(message_id=new_id(), conversation_id=conversation_id, to=(sender,), text=text))


@in_browser
async def test_from_the_page_to_the_desk_and_back(
    site: Site, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        _company(site, migrated_sqlite_url, tmp_path, **{"ask.email": "required"}) as chat,
        _desk(chat, tmp_path) as desk,
    ):
        visit = await _visit(site, chat)
        await visit.page.get_by_label("Email").fill("ana@shop.example")
        await visit.page.get_by_role("button", name="Start the conversation").click()
        await visit.write("Where is my <b>parcel</b>?")
        await expect(visit.page.locator(".mine .foot")).to_contain_text("Delivered")
        await _answer(desk, "It left <i>this</i> morning.")
        await expect(visit.bubbles).to_have_text(
            ["Where is my <b>parcel</b>?", "It left <i>this</i> morning."]
        )
        await expect(visit.page.locator(".agent .foot")).to_contain_text("Maria Sol")
        await visit.page.reload()
        await expect(visit.bubbles).to_have_text(
            ["Where is my <b>parcel</b>?", "It left <i>this</i> morning."]
        )
        await visit.write("Thank you 👍")
        assert await chat.texts(2) == ["Where is my <b>parcel</b>?", "Thank you 👍"]
        chosen: FilePayload = {"name": "chair.png", "mimeType": "image/png", "buffer": PNG}
        await visit.page.locator("input[type=file]").first.set_input_files([chosen])
        await visit.page.get_by_role("button", name="Send").click()
        await expect(visit.page.get_by_label("Picture: chair.png").locator("canvas")).to_be_visible()
        assert len(await chat.conversations()) == 1


@in_browser
async def test_nothing_is_lost_while_the_server_is_away(
    site: Site, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    async with _company(site, migrated_sqlite_url, tmp_path) as chat:
        visit = await _visit(site, chat, lang="ar", dir="rtl")
        await visit.write("أين طلبي؟")
        await chat.texts(1)
        await chat.stop()
        await expect(visit.page.get_by_text("لا يوجد اتصال")).to_be_visible()
        await visit.write("مرحبا؟")
        await visit.write("هل أنتم هنا؟")
        await chat.start()
        await visit.page.evaluate("window.dispatchEvent(new Event('online'))")
        assert await chat.texts(3) == ["أين طلبي؟", "مرحبا؟", "هل أنتم هنا؟"]
        await expect(visit.bubbles).to_have_text(["أين طلبي؟", "مرحبا؟", "هل أنتم هنا؟"])
        await expect(visit.page.get_by_text("لا يوجد اتصال")).to_be_hidden()


@in_browser
async def test_where_no_websocket_comes_through(site: Site, migrated_sqlite_url: str, tmp_path: Path) -> None:
    async with _company(site, migrated_sqlite_url, tmp_path) as chat, _desk(chat, tmp_path) as desk:
        visitor = await site.visitor()
        await visitor.route_web_socket("**/socket", lambda socket: socket.close())
        site.server.real = (chat.address, str(chat.widget))
        visit = await site.chat(visitor)
        await visit.write("Hello")
        await chat.texts(1)
        await _answer(desk, "Hello, too")
        await expect(visit.bubbles).to_have_text(["Hello", "Hello, too"])
        await visit.write("Bye")
        assert await chat.texts(2) == ["Hello", "Bye"]
