"""The help page and the links in mails, in a real browser before the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.conftest import NewMailbox
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.company import body_of
from tests.helpers.dovecot import Mailbox
from tests.helpers.mailed_site import answer, leave, mails_of, name_mail
from tests.helpers.processes import need
from tests.helpers.smtp import SmtpServer
from tests.widget.browser import Site, Visit, in_browser
from tests.widget.test_page import AXE, axe


@asynccontextmanager
async def _company(url: str, folder: Path, mailbox: Mailbox, smtp: SmtpServer) -> AsyncIterator[ChatSite]:
    chat = await ChatSite.make(url, folder, colour="#22523f", name="Larkfield")
    await name_mail(chat, mailbox, smtp, server=chat.address)
    try:
        yield chat
    finally:
        await chat.stop()


@in_browser
async def test_the_link_in_a_mail_opens_the_conversation(
    site: Site,
    migrated_sqlite_url: str,
    tmp_path: Path,
    mailbox: Mailbox,
    new_mailbox: NewMailbox,
    smtp_server: SmtpServer,
) -> None:
    ana = new_mailbox()
    async with _company(migrated_sqlite_url, tmp_path, mailbox, smtp_server) as chat:
        first = Page(chat)
        try:
            await first.connect(language="en")
            await leave(first, "Where is my parcel?", ana.address)
            await chat.texts(1)
            await answer(chat, "It left this morning.")
        finally:
            await first.close()
        lines = body_of((await mails_of(ana, 1))[0]).splitlines()
        link = next(line for line in lines if "/help/c/" in line)
        visit = Visit(await (await site.visitor()).new_page())
        await visit.page.goto(link)
        await site.picture(visit, "help-link")
        assert "/c/" not in visit.page.url
        await visit.page.get_by_role("button", name="Open this conversation").click()
        await expect(visit.bubbles).to_have_text(["Where is my parcel?", "It left this morning."])
        await visit.page.goto(f"{chat.address}/help/shop.example?language=en&chat=open")
        await expect(visit.bubbles).to_have_text(["Where is my parcel?", "It left this morning."])
        await visit.write("Thank you")
        await chat.texts(2)
        assert visit.complaints == []


@pytest.mark.parametrize("look", ["light", "dark"])
def test_axe_finds_nothing_in_the_help_page(
    site: Site,
    look: str,
    migrated_sqlite_url: str,
    tmp_path: Path,
    mailbox: Mailbox,
    smtp_server: SmtpServer,
) -> None:
    need(AXE.exists(), "axe-core (by scripts/widget, with Node)")
    in_browser(_axe_in)(site, look, migrated_sqlite_url, tmp_path, mailbox, smtp_server)


async def _axe_in(site: Site, look: str, url: str, folder: Path, mailbox: Mailbox, smtp: SmtpServer) -> None:
    async with _company(url, folder, mailbox, smtp) as chat:
        visit = Visit(await (await site.visitor(color_scheme=look)).new_page())
        language = "ar" if look == "dark" else "en"
        await visit.page.goto(f"{chat.address}/help/shop.example?language={language}")
        await visit.launcher.wait_for()
        await visit.page.locator("summary").click()
        await site.picture(visit, f"help-{look}")
        assert await axe(visit, "html") == []
