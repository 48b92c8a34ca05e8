"""What is left while nobody is there becomes a conversation by email, and stays in the chat too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.conftest import NewMailbox
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.company import answer_to, body_of, customer_address
from tests.helpers.dovecot import Mailbox
from tests.helpers.mailed_site import answer, do, leave, mails_of, name_mail
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until

from agentdesk.base.errors import Invalid
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.commands.values import SendReply
from agentdesk.domain.party import Party
from agentdesk.server.admin import change_channel
from agentdesk.store.engine import Database
from agentdesk.store.tables import message

NewPage = Callable[..., Page]


@pytest.fixture
async def site(
    migrated_sqlite_url: str, tmp_path: Path, mailbox: Mailbox, smtp_server: SmtpServer
) -> AsyncIterator[ChatSite]:
    """Nobody is there; the widget answers from ``mailbox``."""
    made = await ChatSite.make(migrated_sqlite_url, tmp_path)
    await name_mail(made, mailbox, smtp_server)
    yield made
    await made.stop()


async def test_what_was_left_is_answered_by_email_and_goes_on_there(
    site: ChatSite, new_page: NewPage, mailbox: Mailbox, new_mailbox: NewMailbox, smtp_server: SmtpServer
) -> None:
    ana, page = new_mailbox(), new_page()
    welcome = await page.connect()
    assert welcome["online"] is False
    await leave(page, "Where is my <b>parcel</b>?", ana.address.upper())
    await site.texts(1)
    await answer(site, "It left this morning.")

    (mail,) = await mails_of(ana, 1)
    assert mail["From"] == f"Maria Sol <{mailbox.address}>"
    assert mail["To"] == f"Ana <{ana.address}>"
    assert "shop.example" in mail["Subject"]
    assert body_of(mail).splitlines()[0] == "It left this morning."
    assert "> Where is my <b>parcel</b>?" in body_of(mail)
    await page.shows("Where is my <b>parcel</b>?", "It left this morning.")

    theirs = answer_to(ana.messages()[0], f"Ana <{ana.address}>", "Thank you!")
    mailbox.deliver(theirs.as_bytes())
    await site.texts(2)
    (conversation,) = await site.conversations()
    assert conversation.channel == "chat"

    await answer(site, "You are welcome.")
    second = (await mails_of(ana, 2))[1]
    assert second["In-Reply-To"] == theirs["Message-ID"]
    assert mail["Message-ID"] in second["References"]
    assert second["Subject"] == f"Re: {mail['Subject']}"
    assert "parcel" not in body_of(second)
    assert len([one for one in smtp_server.received if ana.address in one.recipients]) == 2


async def test_the_subject_is_the_topic(site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox) -> None:
    ana, page = new_mailbox(), new_page()
    await page.connect()
    await leave(page, "Where is it?", ana.address, topic="Order 4417")
    await site.texts(1)
    await answer(site, "Here.")
    assert (await mails_of(ana, 1))[0]["Subject"] == "Order 4417"


async def test_who_is_back_in_the_chat_is_answered_there(
    site: ChatSite,
    new_page: NewPage,
    new_mailbox: NewMailbox,
    smtp_server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ana, page = new_mailbox(), new_page()
    await page.connect()
    await leave(page, "Where is it?", ana.address)
    await site.texts(1)
    monkeypatch.setattr(site.desks.board, "serves", lambda _inbox: True)
    await page.write("I am back")
    await site.texts(2)
    first = await answer(site, "Good, here is the answer.")
    await page.shows("Where is it?", "I am back", "Good, here is the answer.")

    async def sent() -> bool:
        return [row.delivery for row in await site.rows(message, message.c.id == first)] == ["sent"]

    await until(sent, what="the answer in the chat")
    assert smtp_server.received == []


async def test_only_what_was_left_with_an_address_is_answered_by_email(
    site: ChatSite, new_page: NewPage, mailbox: Mailbox
) -> None:
    for given in ("", "no address", mailbox.address):
        page = new_page()
        await page.connect()
        await leave(page, "Hello", given)
    await site.texts(3)
    assert [row.reply_to for row in await site.rows(message)] == [[], [], []]
    first = (await site.conversations())[0]
    stranger = SendReply(
        message_id=new_id(), conversation_id=first.id, to=(Party("email", "a@b.test"),), text="x"
    )
    assert (await do(site, stranger)).code == "invalid"


async def test_one_address_is_not_made_to_wait_without_end(
    site: ChatSite, new_page: NewPage, new_mailbox: NewMailbox
) -> None:
    ana = new_mailbox()
    for visitor in range(3):
        page = new_page()
        await page.connect()
        await leave(page, f"0 of {visitor}", customer_address(ana, visitor))
        for number in range(1, 8):
            await page.write(f"{number} of {visitor}")
    await site.texts(24)
    rows = await site.rows(message, order=message.c.created_at)
    assert sum(bool(row.reply_to) for row in rows) == 20


async def test_the_settings_ask_for_an_address_while_nobody_is_there(
    site: ChatSite, new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = new_page()
    async with page.http.get(page.path("settings"), headers=page.headers) as found:
        away = await found.json()
    assert away["pre_chat"] == [{"key": "email", "type": "email", "required": True}]
    monkeypatch.setattr(site.desks.board, "serves", lambda _inbox: True)
    async with page.http.get(page.path("settings"), headers=page.headers) as found:
        assert (await found.json())["pre_chat"] == []


async def test_the_account_has_to_be_one_of_the_inbox(site: ChatSite, tmp_path: Path) -> None:
    db = Database(site.url)
    try:
        with pytest.raises(Invalid) as refused:
            await change_channel(db, Vault.at(tmp_path / "key"), "Shop", {"mail": "who@else.test"}, {})
    finally:
        await db.close()
    assert refused.value.field == "mail"
