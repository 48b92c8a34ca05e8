"""The account as the core uses it: sending with a copy, looking up, testing its settings."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
from tests.connectors.email.support import (
    MemorySecrets,
    imap_settings,
    new_account,
    outbound,
    smtp_settings,
)
from tests.helpers.dovecot import Mailbox
from tests.helpers.processes import free_port
from tests.helpers.smtp import Cut, SmtpServer
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.base.errors import Invalid
from agentdesk.sdk import discover
from agentdesk.sdk.context import AccountContext, CheckStep
from agentdesk.sdk.errors import Uncertain, Unreachable
from agentdesk.sdk.outbound import Found
from agentdesk.sdk.protocols import Account, Checks, Receives, Reconciles, Sends
from agentdesk_connectors.email import check, connector, manifest, sent
from agentdesk_connectors.email.connector import EmailAccount
from agentdesk_connectors.email.imap import Folder, ImapConnection
from agentdesk_connectors.email.settings import SCHEMA, read_settings


def whole_account(mailbox: Mailbox, server: SmtpServer, **more: object) -> EmailAccount:
    settings = imap_settings(mailbox) | smtp_settings(server) | more
    return new_account(settings, MemorySecrets(password=mailbox.password))


# --- what it is ---


def test_it_is_found_by_its_entry_point() -> None:
    found = discover.connector("email")
    assert found.manifest is manifest
    assert manifest.settings.field(manifest.address_setting).required


def test_it_has_every_ability(mailbox: Mailbox) -> None:
    account = new_account(imap_settings(mailbox), MemorySecrets())
    for ability in (Account, Receives, Sends, Reconciles, Checks):
        assert isinstance(account, ability)


def test_settings_fill_each_other_in() -> None:
    given = SCHEMA.clean({"address": "me@desk.test", "imap.host": "mail.desk.test"})
    settings = read_settings(given)
    assert (settings.imap.port, settings.imap.user) == (993, "me@desk.test")
    assert (settings.smtp.host, settings.smtp.port) == ("mail.desk.test", 465)
    assert (settings.history, settings.folder, settings.verify) == ("now", "INBOX", True)


@pytest.mark.parametrize(
    ("security", "imap_port", "smtp_port"), [("tls", 993, 465), ("starttls", 143, 587), ("none", 143, 25)]
)
def test_ports_follow_the_encryption(security: str, imap_port: int, smtp_port: int) -> None:
    texts = {
        "address": "me@desk.test",
        "imap.host": "h",
        "imap.security": security,
        "smtp.security": security,
    }
    settings = read_settings(SCHEMA.clean(texts))
    assert (settings.imap.port, settings.smtp.port) == (imap_port, smtp_port)


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"address": "me@desk.test"},
        {"address": "nonsense", "imap.host": "h"},
        {"address": "me@desk.test", "imap.host": "h", "imap.port": "70000"},
        {"address": "me@desk.test", "imap.host": "h", "imap.security": "ssl"},
        {"address": "me@desk.test", "imap.host": "h", "history": "yesterday"},
        {"address": "me@desk.test", "imap.host": "h", "password": "x"},
        {"address": "me@desk.test", "imap.host": "h", "imap.colour": "red"},
    ],
)
def test_settings_that_cannot_be(texts: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        SCHEMA.clean(texts)


# --- the copy of what was sent ---


async def test_a_copy_is_kept(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    account = whole_account(mailbox, smtp_server)
    message = outbound()
    await account.send(message)
    await until(lambda: mailbox.messages("Sent"))
    (copy,) = mailbox.messages("Sent")
    assert copy == smtp_server.received[0].content
    await account.close()


@pytest.mark.parametrize("wish", [{"save_sent": "no"}, {"save_sent": "auto", "smtp.host": "smtp.gmail.com"}])
def test_no_copy_where_none_is_wanted(mailbox: Mailbox, wish: dict[str, object]) -> None:
    settings = read_settings(imap_settings(mailbox) | wish)
    assert not sent.wants_copy(settings, frozenset())


@pytest.mark.parametrize(
    ("host", "saves"),
    [
        ("smtp.gmail.com", True),
        ("smtp.office365.com", True),
        ("smtp-mail.outlook.com", True),
        ("mail.example.org", False),
        ("notgmail.com", False),
    ],
)
def test_which_providers_keep_copies_themselves(mailbox: Mailbox, host: str, saves: bool) -> None:
    settings = read_settings(imap_settings(mailbox) | {"smtp.host": host})
    assert sent.provider_saves(settings, frozenset()) is saves
    assert sent.provider_saves(settings, frozenset({b"X-GM-EXT-1"}))


async def test_a_copy_that_fails_is_tried_again_and_never_doubled(
    mailbox: Mailbox, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "_COPY_BACKOFF", Backoff(first=0.05, longest=0.1))
    account = whole_account(mailbox, smtp_server)
    secrets_in_force = mailbox.password
    mailbox.change_password()
    smtp_server.user, smtp_server.password = mailbox.user, secrets_in_force
    message = outbound()
    receipt = await account.send(message)
    assert receipt.refused == (), "sending does not depend on the copy"
    mailbox.server.add_user(mailbox.user, secrets_in_force)
    await until(lambda: mailbox.messages("Sent"))
    await account._keep_copy(message.key, b"again")
    assert len(mailbox.messages("Sent")) == 1
    await account.close()


async def test_closing_does_not_wait_for_a_copy(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    account = whole_account(mailbox, smtp_server, **{"imap.port": free_port()})
    await account.send(outbound())
    async with asyncio.timeout(1):
        await account.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("imap")]


@pytest.mark.parametrize(
    ("folders", "chosen", "found"),
    [
        ([Folder("INBOX", frozenset()), Folder("Verschickt", frozenset({"\\sent"}))], "", "Verschickt"),
        ([Folder("INBOX.Sent Items", frozenset())], "", "INBOX.Sent Items"),
        ([Folder("Gesendete Objekte", frozenset())], "", "Gesendete Objekte"),
        ([Folder("[Gmail]/Sent Mail", frozenset())], "", "[Gmail]/Sent Mail"),
        ([Folder("A", frozenset({"\\sent", "\\noselect"})), Folder("Sent", frozenset())], "", "Sent"),
        ([Folder("Sent", frozenset())], "Mine", "Mine"),
        ([Folder("INBOX", frozenset())], "", None),
    ],
)  # fmt: skip
def test_the_folder_for_sent_mail(folders: list[Folder], chosen: str, found: str | None) -> None:
    assert sent.sent_folder(folders, chosen) == found


# --- looking up ---


async def test_found_among_the_sent(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    account = whole_account(mailbox, smtp_server)
    message = outbound()
    await account.send(message)
    await until(lambda: mailbox.messages("Sent"))
    result = await account.reconcile(message.key, message.created_at)
    assert (result.found, result.external_id) == (Found.SENT, message.key)
    assert "Sent" in str(result.evidence)
    await account.close()


async def test_where_copies_are_ours_absence_proves_nothing(
    mailbox: Mailbox, smtp_server: SmtpServer
) -> None:
    smtp_server.faults.cut = Cut.AFTER_DATA
    account = whole_account(mailbox, smtp_server)
    message = outbound()
    with pytest.raises(Uncertain):
        await account.send(message)
    since = clock.now() - timedelta(hours=1)
    result = await account.reconcile(message.key, since)
    assert result.found is Found.UNKNOWN
    mailbox.deliver(b"Subject: Re\r\nIn-Reply-To: <%s>\r\n\r\nThanks\r\n" % message.key.encode())
    answered = await account.reconcile(message.key, since)
    assert answered.found is Found.SENT


async def test_a_bounce_proves_that_it_went_out(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    account = whole_account(mailbox, smtp_server)
    message = outbound()
    mailbox.deliver(
        b"From: <>\r\nSubject: Undelivered\r\nContent-Type: multipart/report; boundary=x\r\n\r\n"
        b"--x\r\n\r\nSorry.\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Message-ID: <%s>\r\nSubject: Hello\r\n\r\n--x--\r\n" % message.key.encode()
    )
    assert (await account.reconcile(message.key, message.created_at)).found is Found.SENT


@pytest.mark.parametrize(("age", "found"), [(30, Found.UNKNOWN), (90, Found.ABSENT)])
async def test_where_the_provider_keeps_copies_absence_proves_it_after_a_while(
    mailbox: Mailbox, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch, age: int, found: Found
) -> None:
    monkeypatch.setattr(sent, "provider_saves", lambda _settings, _capabilities: True)
    account = whole_account(mailbox, smtp_server)
    result = await account.reconcile(outbound().key, clock.now() - timedelta(seconds=age))
    assert result.found is found


async def test_a_provider_that_keeps_copies_shows_a_message_whose_answer_was_lost(
    mailbox: Mailbox, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent, "provider_saves", lambda _settings, _capabilities: True)
    smtp_server.saves_sent = True
    smtp_server.faults.cut = Cut.AFTER_DATA
    account = whole_account(mailbox, smtp_server)
    message = outbound()
    with pytest.raises(Uncertain):
        await account.send(message)
    result = await account.reconcile(message.key, message.created_at)
    assert result.found is Found.SENT
    assert len(mailbox.messages("Sent")) == 1


async def test_an_index_that_comes_late_is_helped_out(
    mailbox: Mailbox, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = outbound()
    mailbox.deliver(b"Message-ID:\r\n <%s>\r\n\r\nHello\r\n" % message.key.encode(), "Sent", seen=True)
    search = ImapConnection.search

    def blind(self: ImapConnection, *criteria: bytes) -> list[int]:
        return [] if b"HEADER" in criteria else search(self, *criteria)

    monkeypatch.setattr(ImapConnection, "search", blind)
    account = whole_account(mailbox, smtp_server)
    assert (await account.reconcile(message.key, message.created_at)).found is Found.SENT


async def test_a_mailbox_without_a_folder_for_sent_mail(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    account = whole_account(mailbox, smtp_server, sent_folder="Nowhere")
    assert (await account.reconcile(outbound().key, clock.now())).found is Found.UNKNOWN


async def test_looking_up_while_the_server_is_away(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    account = whole_account(mailbox, smtp_server, **{"imap.port": free_port()})
    with pytest.raises(Unreachable):
        await account.reconcile(outbound().key, clock.now())


# --- testing the settings ---


async def steps_of(account: EmailAccount) -> list[CheckStep]:
    return [step async for step in account.check()]


async def test_all_is_well(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    mailbox.deliver(b"Subject: x\r\n\r\n")
    steps = await steps_of(whole_account(mailbox, smtp_server))
    assert [step.ok for step in steps] == [True] * 5
    assert [str(step.found) for step in steps[1:3]] == [
        f"Signed in as {mailbox.user}.",
        "INBOX holds 1 message.",
    ]
    assert smtp_server.received == []
    assert "not encrypted" in str(steps[0].remedy)


async def test_a_wrong_password_ends_the_test(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    settings = imap_settings(mailbox) | smtp_settings(smtp_server)
    steps = await steps_of(new_account(settings, MemorySecrets(password="wrong")))
    assert [step.ok for step in steps] == [True, False]
    assert "did not accept this password" in str(steps[-1].found)


async def test_a_missing_folder(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    steps = await steps_of(whole_account(mailbox, smtp_server, **{"imap.folder": "Nowhere"}))
    assert [step.ok for step in steps] == [True, True, False]
    assert steps[-1].remedy is not None


async def test_outgoing_mail_that_does_not_let_us_in(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    smtp_server.faults.auth_reply = "535 5.7.8 no"
    steps = await steps_of(whole_account(mailbox, smtp_server))
    assert [step.ok for step in steps] == [True] * 4 + [False]


async def test_another_port_that_answers_is_named(
    mailbox: Mailbox, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "_SMTP_PORTS", {free_port(): "TLS", smtp_server.tls_port: "TLS"})
    steps = await steps_of(whole_account(mailbox, smtp_server, **{"smtp.port": free_port()}))
    assert [step.ok for step in steps] == [True, True, True, False]
    assert str(steps[-1].remedy) == f"Port {smtp_server.tls_port} answered. Try it with TLS."


async def test_unchecked_certificates_are_warned_of(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    settings = {"imap.security": "tls", "imap.port": mailbox.tls_port, "tls.verify": False}
    steps = await steps_of(whole_account(mailbox, smtp_server, **settings))
    assert "not checked" in str(steps[0].remedy)


async def test_giving_up_the_test_in_the_middle(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    checking = whole_account(mailbox, smtp_server).check()
    async for _ in checking:
        break
    await checking.aclose()  # type: ignore[attr-defined]
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("imap")]


def test_nothing_is_reached_before_it_is_asked_for(mailbox: Mailbox) -> None:
    settings = imap_settings(mailbox) | {"imap.host": "mail.invalid"}
    context = AccountContext(outbound().message_id, "test", settings, MemorySecrets())
    assert isinstance(EmailAccount(context), Account)
