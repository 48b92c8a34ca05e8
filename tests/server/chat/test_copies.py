"""A copy of the chat by email: what is in it, for whom, and how often."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import NewMailbox
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.company import body_of, customer_address
from tests.helpers.dovecot import Mailbox
from tests.helpers.mailed_site import answer, do, leave, mails_of, name_mail
from tests.helpers.pictures import PNG
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until

from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, SendTranscript
from agentdesk.domain.party import Party
from agentdesk.store.tables import message

NewPage = Callable[..., Page]


@pytest.fixture
async def site(
    migrated_sqlite_url: str,
    tmp_path: Path,
    mailbox: Mailbox,
    smtp_server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[ChatSite]:
    """Somebody is there; copies go out from ``mailbox``."""
    made = await ChatSite.make(migrated_sqlite_url, tmp_path)
    await name_mail(made, mailbox, smtp_server, server="https://desk.example")
    monkeypatch.setattr(made.desks.board, "serves", lambda _inbox: True)
    yield made
    await made.stop()


async def _chat(site: ChatSite, page: Page, **hello: str) -> None:
    """A question of Ana's with a picture, a note of the team, an answer."""
    await page.connect(**hello)
    _, sent = await page.upload(PNG, "chair <1>.png", media_type="image/png", key="the-chair")
    await leave(page, "Where is my <b>parcel</b>? See https://evil.test", "")
    await page.send({"t": "message", "id": "message-file", "text": "", "files": [sent["file"]]})
    await page.came("ack", id="message-file")
    await site.texts(2)
    (conversation,) = await site.conversations()
    await do(site, AddNote(message_id=new_id(), conversation_id=conversation.id, text="A difficult one"))
    await answer(site, "It left this morning.")
    await until(lambda: [line["from"] for line in page.lines] == ["visitor", "visitor", "agent"])


async def _ask(page: Page, email: str, key: str = "copy-0001") -> None:
    await page.send({"t": "transcript", "id": key, "email": email})


def _parts(mail: EmailMessage) -> tuple[str, str]:
    return body_of(mail), body_of(mail, "html")


async def test_the_copy_has_what_the_page_shows_once(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox, mailbox: Mailbox, smtp_server: SmtpServer
) -> None:
    ana, page = new_mailbox(), new_page()
    await _chat(site, page)
    assert "transcript" in page.welcome["can"]
    for _ in range(3):
        await _ask(page, ana.address)
    await page.send({"t": "ping"})
    await page.came("pong")
    (mail,) = await mails_of(ana, 1)
    assert mail["From"] == f'"shop.example" <{mailbox.address}>'
    assert "shop.example" in mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-replied"
    text, html = _parts(mail)
    here = datetime.fromisoformat(page.lines[0]["at"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert "Europe/Berlin" in text
    assert f"Ana, {here:%Y-%m-%d %H:%M}" in text
    assert "Where is my <b>parcel</b>?" in text
    assert "Where is my &lt;b&gt;parcel&lt;/b&gt;?" in html
    assert "evil.test</a>" not in html
    assert "Maria Sol, 20" in text
    assert "It left this morning." in text
    for written in (text, html):
        assert "difficult" not in written
        assert f"https://desk.example/chat/v1/{site.widget}/files/" in written
    assert "chair &lt;1&gt;.png</a>" in html
    url = html.partition('href="https://desk.example')[2].partition('"')[0]
    assert (await page.download(url))[0] == 200
    assert len([one for one in smtp_server.received if ana.address in one.recipients]) == 1
    (copy,) = await site.rows(message, message.c.automatic != "no")
    assert "parcel" not in copy.text
    (conversation,) = await site.conversations()
    assert conversation.preview == "It left this morning."


async def test_only_the_last_chat_is_in_it(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    ana, page = new_mailbox(), new_page()
    await _chat(site, page)
    await page.send({"t": "end", "id": "the-end-1"})
    await page.came("ack", id="the-end-1")
    await page.write("Another thing")
    await site.texts(3)
    await answer(site, "Tell me.")
    await until(lambda: page.lines[-1]["text"] == "Tell me.")
    await page.send({"t": "end", "id": "the-end-2"})
    await page.came("ack", id="the-end-2")
    await _ask(page, ana.address)
    text, _ = _parts((await mails_of(ana, 1))[0])
    assert "Another thing" in text
    assert "Tell me." in text
    assert "parcel" not in text


async def test_what_was_changed_is_in_it_as_it_is_now(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    ana, page = new_mailbox(), new_page()
    await _chat(site, page)
    first, second = page.lines[0]["id"], page.lines[1]["id"]
    await page.send({"t": "edit", "id": "change-1", "of": first, "text": "Where is my letter?"})
    await page.came("ack", id="change-1")
    await page.send({"t": "delete", "id": "change-2", "of": second})
    await page.came("ack", id="change-2")
    await _ask(page, ana.address)
    text, html = _parts((await mails_of(ana, 1))[0])
    for written in (text, html):
        assert "Where is my letter?" in written
        assert "parcel" not in written
        assert "chair" not in written


async def test_a_copy_in_arabic_runs_from_the_right(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    ana, page = new_mailbox(), new_page()
    await _chat(site, page, language="ar", time_zone="../../etc/passwd")
    await _ask(page, ana.address)
    text, html = _parts((await mails_of(ana, 1))[0])
    assert '<div lang="ar" dir="rtl">' in html
    assert "UTC" in text


async def test_an_agent_sends_a_copy(site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox) -> None:
    ana, page = new_mailbox(), new_page()
    await _chat(site, page)
    (conversation,) = await site.conversations()
    to, message_id = Party("email", ana.address), new_id()
    wish = SendTranscript(message_id=message_id, conversation_id=conversation.id, to=to)
    assert (await do(site, wish)).outcome == "done"
    assert (await do(site, wish)).outcome == "done"
    (mail,) = await mails_of(ana, 1)
    assert "It left this morning." in _parts(mail)[0]
    (sent,) = await site.rows(message, message.c.id == message_id)
    assert sent.user_id == site.maria
    for wrong in ("nobody", "a b@c.test"):
        one = SendTranscript(message_id=new_id(), conversation_id=conversation.id, to=Party("email", wrong))
        assert (await do(site, one)).code == "invalid"


async def test_nobody_is_sent_what_only_a_stranger_wrote(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    victim, page = new_mailbox(), new_page()
    await page.connect()
    await page.write("Buy at https://evil.test")
    await site.texts(1)
    await _ask(page, victim.address)
    assert (await page.came("error", id="copy-0001"))["code"] == "invalid"
    assert await site.rows(message, message.c.direction == "out") == []


async def test_copies_are_counted(site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox) -> None:
    ana, page = new_mailbox(), new_page()
    await _chat(site, page)
    for number in range(5):
        await _ask(page, customer_address(ana, number), f"copy-000{number}")
        await page.came("ack", id=f"copy-000{number}")
    await _ask(page, "another@customer.test", "copy-0009")
    assert (await page.came("error", id="copy-0009"))["code"] == "slow_down"
    await _ask(page, customer_address(ana, 0), "copy-0000")  # the one that has gone is no new one
    await mails_of(ana, 5)


async def test_where_no_account_is_named_there_are_none(migrated_sqlite_url: str, tmp_path: Path) -> None:
    site = await ChatSite.make(migrated_sqlite_url, tmp_path)
    page = Page(site)
    try:
        assert "transcript" not in (await page.connect())["can"]
        await _ask(page, "ana@customer.test")
        assert (await page.came("error", id="copy-0001"))["code"] == "not_here"
    finally:
        await page.close()
        await site.stop()
