"""The help pages: what they show, what they let in, and the links in mails that lead there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.conftest import NewMailbox
from tests.helpers.chat_page import ORIGIN, SECRET, ChatSite, Page
from tests.helpers.company import body_of
from tests.helpers.dovecot import Mailbox
from tests.helpers.mailed_site import answer, do, leave, mails_of, name_mail
from tests.helpers.smtp import SmtpServer

from agentdesk.base import clock
from agentdesk.base.secrets import Vault
from agentdesk.commands.values import BlockContact
from agentdesk.domain.team import Role
from agentdesk.server.admin import change_channel
from agentdesk.server.chat.identity import signature
from agentdesk.server.chat.protocol import Identity
from agentdesk.store.engine import Database
from agentdesk.store.tables import chat_link, chat_session, chat_token

NewPage = Callable[..., Page]
Got = tuple[int, str, Any]


@pytest.fixture
async def site(
    migrated_sqlite_url: str, tmp_path: Path, mailbox: Mailbox, smtp_server: SmtpServer
) -> AsyncIterator[ChatSite]:
    """Nobody is there; mails have links to the server."""
    made = await ChatSite.make(migrated_sqlite_url, tmp_path, name="Lark & Field <b>")
    await name_mail(made, mailbox, smtp_server, server=made.address)
    yield made
    await made.stop()


async def _get(page: Page, path: str, **headers: str) -> Got:
    async with page.http.get(page.site.address + path, headers=headers) as found:
        return found.status, await found.text(), found.headers


async def _exchange(page: Page, token: str, **headers: str) -> tuple[int, Any]:
    given = {"Origin": page.site.address, **headers}
    address = f"{page.site.address}/help/c"
    async with page.http.post(address, json={"token": token}, headers=given) as found:
        return found.status, await found.json() if found.status == 200 else await found.text()


async def _linked(site: ChatSite, page: Page, ana: Mailbox, **hello: Any) -> str:
    """Leave a message, have it answered, and return the token of the link in the mail."""
    await page.connect(**hello)
    await leave(page, "Where is my parcel?", ana.address)
    await site.texts(1)
    await answer(site, "It left this morning.")
    (mail,) = await mails_of(ana, 1)
    return body_of(mail).partition(f"{site.address}/help/c/")[2].split()[0]


async def test_the_page_shows_how_the_company_can_be_reached(
    site: ChatSite, new_page: NewPage, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    for name in (str(site.widget), "shop.example"):
        status, text, headers = await _get(page, f"/help/{name}")
        assert status == 200
        assert "How can we help?" in text
        assert "Lark &amp; Field &lt;b&gt;" in text
        assert f'href="mailto:{mailbox.address}"' in text
        assert "Nobody is here right now" in text
        assert f'src="/chat/v1/{site.widget}/widget.js?language=' in text
        assert len(text) < 20_000
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["Referrer-Policy"] == "no-referrer"
        nonce = re.search("style-src 'nonce-([^']+)'", policy)
        assert nonce is not None
        assert f'<style nonce="{nonce[1]}">' in text
    monkeypatch.setattr(site.desks.board, "serves", lambda _inbox: True)
    assert "We are here for you" in (await _get(page, "/help/shop.example"))[1]
    for wrong in ("nobody.example", "c", "x" * 3_000, "%00", str(site.inbox)):
        assert (await _get(page, f"/help/{wrong}"))[0] == 404


async def test_names_that_no_database_takes(migrated_postgres_url: str, tmp_path: Path) -> None:
    site = await ChatSite.make(migrated_postgres_url, tmp_path)
    page = Page(site)
    try:
        for wrong in ("%00", "%ED%A0%80", "%FF", "c/%00"):
            assert (await _get(page, f"/help/{wrong}"))[0] == 404
        assert (await _get(page, "/help/shop.example?language=%00"))[0] == 200
    finally:
        await page.close()
        await site.stop()


async def test_it_speaks_the_language_of_its_reader(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    _, arabic, _ = await _get(page, "/help/shop.example?language=ar")
    assert '<html lang="ar" dir="rtl">' in arabic
    assert "كيف يمكننا مساعدتك؟" in arabic
    _, german, _ = await _get(page, "/help/shop.example", **{"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de" dir="ltr">' in german
    assert "Schreiben Sie uns" in german
    assert german.count("hreflang=") == 10
    db = Database(site.url)
    vault = Vault.at(site.folder / "key")
    await change_channel(db, vault, "Shop", {"languages": "fr de"}, {})
    await db.close()
    _, french, _ = await _get(page, "/help/shop.example?language=ar")
    assert '<html lang="fr" dir="ltr">' in french
    assert french.count("hreflang=") == 2


async def test_the_chat_of_the_page_is_let_in(site: ChatSite, new_page: NewPage) -> None:
    page = new_page(origin=site.address)
    assert "session" in await page.connect()


async def test_a_link_opens_its_chat_elsewhere(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    token = await _linked(site, new_page(), new_mailbox())
    assert re.fullmatch(r"[\w-]{43}", token)
    (row,) = await site.rows(chat_link)
    assert token not in repr(row)
    other = new_page(origin=site.address)
    before = len(await site.rows(chat_token))
    for _ in range(2):
        status, text, headers = await _get(other, f"/help/c/{token}")
        assert status == 200
        assert f'data-token="{token}"' in text
        assert "widget.js" not in text
        assert headers["Referrer-Policy"] == "no-referrer"
    assert len(await site.rows(chat_token)) == before  # programs that follow links change nothing
    status, given = await _exchange(other, token)
    assert (status, given["widget"]) == (200, str(site.widget))
    other.token = given["token"]
    await other.connect()
    await other.shows("Where is my parcel?", "It left this morning.")


async def test_only_our_own_page_opens_a_link(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    page = new_page()
    token = await _linked(site, page, new_mailbox())
    assert (await _exchange(page, token, Origin=ORIGIN))[0] == 403
    assert (await _exchange(page, token, Origin="null"))[0] == 403
    for wrong in ("", "x" * 43, token[:-1] + ("A" if token[-1] != "A" else "B"), token * 2):
        assert (await _exchange(page, wrong))[0] == 404
    for body, kind, status in ((b"{}", "application/json", 400), (b"x", "text/plain", 415)):
        headers = {"Origin": site.address, "Content-Type": kind}
        async with page.http.post(f"{site.address}/help/c", data=body, headers=headers) as found:
            assert found.status == status
    status, text, _ = await _get(page, f"/help/c/{'x' * 43}")
    assert (status, "does not work any more" in text) == (404, True)


async def test_a_link_runs_out(site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox) -> None:
    page = new_page()
    token = await _linked(site, page, new_mailbox(), language="en")
    (row,) = await site.rows(chat_link)
    assert timedelta(days=29) < row.expires_at - clock.now() <= timedelta(days=30)
    async with site.db.write() as conn:
        await conn.execute(update(chat_link).values(expires_at=clock.now()))
    status, text, _ = await _get(page, f"/help/c/{token}")
    assert status == 404
    assert "You can answer the email, or start here." in text
    assert f'href="/help/{site.widget}?language=en&amp;chat=open"' in text
    assert (await _exchange(page, token))[0] == 404


async def test_who_was_blocked_has_no_link(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    page = new_page()
    token = await _linked(site, page, new_mailbox())
    (conversation,) = await site.conversations()
    blocked = await do(site, BlockContact(contact_id=conversation.contact_id), Role.ADMIN)
    assert blocked.outcome == "done"
    assert (await _get(page, f"/help/c/{token}"))[0] == 404
    assert (await _exchange(page, token))[0] == 404


async def test_a_link_goes_with_its_session(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    page = new_page()
    token = await _linked(site, page, new_mailbox())
    async with site.db.write() as conn:
        await conn.execute(chat_session.delete())
    assert await site.rows(chat_link) == []
    assert (await _exchange(page, token))[0] == 404


async def test_guesses_are_counted(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    found = [(await _exchange(page, f"{number:043}"))[0] for number in range(22)]
    assert found[:20] == [404] * 20
    assert found[-1] == 429


async def test_who_is_verified_gets_no_link(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    ana, page = new_mailbox(), new_page()
    until = int((clock.now() + timedelta(hours=1)).timestamp())
    claim: dict[str, Any] = {"user_id": "ana", "expires": until, "name": "Ana", "email": ana.address}
    proof = signature(SECRET, site.widget, Identity(**claim, hmac=""))
    await page.connect(identity={**claim, "hmac": proof})
    await page.write("Where is it?")
    await site.texts(1)
    await answer(site, "Here.")
    assert "/help/c/" not in body_of((await mails_of(ana, 1))[0])
    assert await site.rows(chat_link) == []
