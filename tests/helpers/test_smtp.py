from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
import pytest

from tests.conftest import NewMailbox
from tests.helpers.smtp import Cut, Faults, SmtpServer

LETTER = b"From: agent@desk.test\r\nTo: ada@example.org\r\nSubject: Hello\r\n\r\nGood morning.\r\n"
SOMEBODY = ["ada@example.org"]


@asynccontextmanager
async def client_of(server: SmtpServer, timeout: float = 10) -> AsyncIterator[aiosmtplib.SMTP]:
    client = aiosmtplib.SMTP(hostname=server.host, port=server.port, start_tls=False, timeout=timeout)
    await client.connect()
    try:
        yield client
    finally:
        client.close()


async def send(
    server: SmtpServer, recipients: list[str] = SOMEBODY, timeout: float = 10
) -> dict[str, object]:
    async with client_of(server, timeout) as client:
        await client.login(server.user, server.password)
        refused, _answer = await client.sendmail("agent@desk.test", recipients, LETTER)
        return dict(refused)


async def test_it_records_what_it_takes(smtp_server: SmtpServer) -> None:
    assert await send(smtp_server) == {}
    (taken,) = smtp_server.received
    assert (taken.sender, taken.recipients) == ("agent@desk.test", ("ada@example.org",))
    assert taken.content == LETTER
    assert taken.user == smtp_server.user
    assert not taken.encrypted


async def test_local_mail_arrives_in_the_mailbox(smtp_server: SmtpServer, new_mailbox: NewMailbox) -> None:
    support = new_mailbox("support")
    refused = await send(smtp_server, ["support+t-123@desk.test", "nobody@desk.test"])
    assert list(refused) == ["nobody@desk.test"]
    (message,) = support.messages()
    assert message.startswith(b"Return-Path: <agent@desk.test>\r\n")
    assert message.endswith(LETTER)


async def test_a_provider_that_files_sent_mail_itself(
    smtp_server: SmtpServer, new_mailbox: NewMailbox
) -> None:
    support = new_mailbox("support")
    smtp_server.saves_sent = True
    async with client_of(smtp_server) as client:
        await client.login(support.user, support.password)
        await client.sendmail(support.address, SOMEBODY, LETTER)
    assert support.messages("Sent") == [LETTER]


async def test_nothing_without_authentication(smtp_server: SmtpServer) -> None:
    async with client_of(smtp_server) as client:
        with pytest.raises(aiosmtplib.SMTPResponseException, match="530"):
            await client.sendmail("agent@desk.test", SOMEBODY, LETTER)
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await client.login(smtp_server.user, "wrong")
    assert smtp_server.received == []


async def test_starttls_and_tls(smtp_server: SmtpServer) -> None:
    trusting = ssl.create_default_context(cafile=str(smtp_server.certificate_authority))
    host = smtp_server.host
    for client in (
        aiosmtplib.SMTP(hostname=host, port=smtp_server.port, start_tls=True, tls_context=trusting),
        aiosmtplib.SMTP(hostname=host, port=smtp_server.tls_port, use_tls=True, tls_context=trusting),
    ):
        async with client:
            await client.login(smtp_server.user, smtp_server.password)
            await client.sendmail("agent@desk.test", SOMEBODY, LETTER)
    assert [taken.encrypted for taken in smtp_server.received] == [True, True]


async def test_access_token(smtp_server: SmtpServer) -> None:
    smtp_server.access_tokens["t0ken"] = smtp_server.user
    async with client_of(smtp_server) as client:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await client.auth_xoauth2(smtp_server.user, "other")
        await client.auth_xoauth2(smtp_server.user, "t0ken")
        await client.sendmail("agent@desk.test", SOMEBODY, LETTER)
    assert smtp_server.received[0].user == smtp_server.user


async def test_replies_that_refuse(smtp_server: SmtpServer) -> None:
    smtp_server.faults = Faults(recipient_replies={"ada@example.org": "452 4.2.2 mailbox full"})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused, match="452"):
        await send(smtp_server)
    assert list(await send(smtp_server, ["ada@example.org", "bob@example.org"])) == ["ada@example.org"]
    smtp_server.faults = Faults(data_reply="451 4.3.0 come back later", times=1)
    with pytest.raises(aiosmtplib.SMTPDataError, match="451"):
        await send(smtp_server)
    await send(smtp_server)
    smtp_server.faults = Faults(auth_reply="454 4.7.0 temporary failure")
    with pytest.raises(aiosmtplib.SMTPAuthenticationError, match="454"):
        await send(smtp_server)
    smtp_server.faults = Faults(sender_reply="553 5.7.1 not your address")
    with pytest.raises(aiosmtplib.SMTPSenderRefused, match="553"):
        await send(smtp_server)
    assert [taken.recipients for taken in smtp_server.received] == [
        ("bob@example.org",),
        ("ada@example.org",),
    ]


async def test_taken_but_never_answered(smtp_server: SmtpServer) -> None:
    smtp_server.faults = Faults(silent_after_data=True)
    with pytest.raises(aiosmtplib.SMTPReadTimeoutError):
        await send(smtp_server, timeout=0.3)
    assert len(smtp_server.received) == 1


@pytest.mark.parametrize(("cut", "taken"), [(Cut.AT_CONNECT, 0), (Cut.BEFORE_DATA, 0), (Cut.AFTER_DATA, 1)])
async def test_cut_connections(smtp_server: SmtpServer, cut: Cut, taken: int) -> None:
    smtp_server.faults = Faults(cut=cut)
    with pytest.raises((aiosmtplib.SMTPException, ConnectionError)):
        await send(smtp_server)
    assert len(smtp_server.received) == taken


async def test_slow_replies_arrive_complete(smtp_server: SmtpServer) -> None:
    smtp_server.faults = Faults(byte_delay=0.0005)
    assert await send(smtp_server) == {}


async def test_stopping_cuts_and_starting_again_keeps_the_port(smtp_server: SmtpServer) -> None:
    async with client_of(smtp_server) as client:
        smtp_server.stop()
        with pytest.raises((aiosmtplib.SMTPException, ConnectionError)):
            await client.noop()
    with pytest.raises((aiosmtplib.SMTPConnectError, ConnectionError)):
        await send(smtp_server)
    smtp_server.start()
    await send(smtp_server)
