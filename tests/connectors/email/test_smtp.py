"""Sending through a real server: what the customer's side gets, and what each failure means."""

from __future__ import annotations

import asyncio
import email.policy
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage

import pytest
from tests.connectors.email.support import ADA, MemorySecrets, new_account, outbound, smtp_settings
from tests.helpers.smtp import Cut, SmtpServer

from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Uncertain, Unreachable
from agentdesk.sdk.inbound import Party
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk_connectors.email import smtp
from agentdesk_connectors.email.connector import EmailAccount

NO_COPY = {"save_sent": "no", "address": "sender@desk.test", "imap.host": "127.0.0.1"}
BOB = Party("email", "bob@example.org", "Bob")
EVE = Party("email", "eve@example.org")


def account_for(server: SmtpServer, **more: object) -> EmailAccount:
    return new_account(smtp_settings(server, **(NO_COPY | more)), MemorySecrets(password=server.password))


async def failure(account: EmailAccount, message: Outbound | None = None) -> AgentDeskError:
    with pytest.raises(AgentDeskError) as caught:
        await account.send(message or outbound())
    return caught.value


# --- what arrives ---


async def test_a_message_arrives_as_it_was_meant(smtp_server: SmtpServer) -> None:
    message = outbound(cc=(BOB,), bcc=(EVE,), sender_name="Grace", subject="Grüße")
    receipt = await account_for(smtp_server).send(message)
    (taken,) = smtp_server.received
    assert taken.sender == "sender@desk.test"
    assert taken.recipients == ("ada@example.org", "bob@example.org", "eve@example.org")
    mail = email.message_from_bytes(taken.content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["Message-ID"] == f"<{message.key}>"
    assert mail["From"] == "Grace <sender@desk.test>"
    assert (mail["To"], mail["Cc"], mail["Subject"]) == (str(mail["To"]), "Bob <bob@example.org>", "Grüße")
    assert b"eve@" not in taken.content
    assert (receipt.external_id, receipt.refused) == (message.key, ())
    assert receipt.answer.startswith("250")


async def test_dots_and_commands_in_the_text_stay_text(smtp_server: SmtpServer) -> None:
    text = ".\n..\n\n.\nMAIL FROM:<eve@example.org>\nRCPT TO:<eve@example.org>\nDATA\n.leading"
    await account_for(smtp_server).send(outbound(text=text))
    (taken,) = smtp_server.received
    mail = email.message_from_bytes(taken.content, policy=email.policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text + "\n"
    assert taken.recipients == ("ada@example.org",)


async def test_a_large_file_arrives_whole(smtp_server: SmtpServer) -> None:
    content = bytes(range(256)) * 20_000
    attachment = OutboundAttachment("a.bin", "application/octet-stream", content)
    await account_for(smtp_server).send(outbound(attachments=(attachment,)))
    mail = email.message_from_bytes(smtp_server.received[0].content, policy=email.policy.default)
    assert [part.get_content() for part in mail.iter_attachments()] == [content]


def test_a_connection_is_closed_when_the_message_is_gone(smtp_server: SmtpServer) -> None:
    """Also where the server takes its time to say goodbye: the loop ends with nothing open, or it would warn."""
    authority = str(smtp_server.certificate_authority)
    settings = {"smtp.security": "tls", "smtp.port": smtp_server.tls_port, "tls.ca_file": authority}
    smtp_server.faults.on_data = lambda: setattr(smtp_server.faults, "byte_delay", 0.05)
    asyncio.run(_send(account_for(smtp_server, **settings)))
    gc.collect()
    assert len(smtp_server.received) == 1


async def _send(account: EmailAccount) -> None:
    await account.send(outbound())
    await account.close()


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_encrypted(smtp_server: SmtpServer, security: str) -> None:
    port = smtp_server.tls_port if security == "tls" else smtp_server.port
    authority = str(smtp_server.certificate_authority)
    settings = {"smtp.security": security, "smtp.port": port, "tls.ca_file": authority}
    await account_for(smtp_server, **settings).send(outbound())
    assert smtp_server.received[0].encrypted


TLS_REFUSED = pytest.mark.logs_error("TLSSetupException")  # the server's side of it


@pytest.mark.parametrize("security", ["tls", pytest.param("starttls", marks=TLS_REFUSED)])
async def test_a_certificate_nobody_vouches_for(smtp_server: SmtpServer, security: str) -> None:
    port = smtp_server.tls_port if security == "tls" else smtp_server.port
    error = await failure(account_for(smtp_server, **{"smtp.security": security, "smtp.port": port}))
    assert isinstance(error, Unreachable)
    assert "cannot be trusted" in str(error.message)


async def test_an_address_with_letters_of_all_scripts(smtp_server: SmtpServer) -> None:
    person = Party("email", "χρήστης@παράδειγμα.ελ", "Χρήστης")
    await account_for(smtp_server).send(outbound(to=(person,)))
    (taken,) = smtp_server.received
    assert taken.recipients == ("χρήστης@xn--hxajbheg2az3al.xn--qxam",)
    assert "SMTPUTF8" in taken.options
    assert "χρήστης@".encode() in taken.content


async def test_such_an_address_where_the_server_cannot(smtp_server: SmtpServer) -> None:
    async with scripted(extensions=("AUTH PLAIN",)) as port:
        account = account_for(smtp_server, **{"smtp.port": port})
        error = await failure(account, outbound(to=(Party("email", "χρήστης@example.org"),)))
    assert isinstance(error, Rejected)
    assert "such letters" in str(error.message)


# --- what failures mean ---


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("451 4.3.0 come back later", Unreachable),
        ("450 4.2.1 mailbox busy", Unreachable),
        ("421 4.7.0 too many messages", RateLimited),
        ("452 4.5.3 too many recipients", RateLimited),
        ("550 5.4.5 Daily sending quota exceeded", RateLimited),
        ("554 5.7.1 we do not like it", Rejected),
        ("552 5.3.4 too big", Rejected),
    ],
)
async def test_the_verdict_on_the_message(
    smtp_server: SmtpServer, reply: str, kind: type[AgentDeskError]
) -> None:
    smtp_server.faults.data_reply = reply
    error = await failure(account_for(smtp_server))
    assert type(error) is kind
    assert reply in str(error.message)
    assert smtp_server.received == []
    if isinstance(error, Rejected):
        assert error.answer == reply


async def test_a_refused_sender(smtp_server: SmtpServer) -> None:
    smtp_server.faults.sender_reply = "553 5.7.1 not your address"
    error = await failure(account_for(smtp_server))
    assert isinstance(error, Rejected)
    assert error.answer == "553 5.7.1 not your address"


async def test_one_refused_recipient_of_several(smtp_server: SmtpServer) -> None:
    smtp_server.faults.recipient_replies = {"bob@example.org": "550 5.1.1 no Bob here"}
    receipt = await account_for(smtp_server).send(outbound(to=(ADA, BOB)))
    assert smtp_server.received[0].recipients == ("ada@example.org",)
    (refused,) = receipt.refused
    assert (refused.recipient, refused.answer) == ("bob@example.org", "550 5.1.1 no Bob here")


async def test_every_recipient_refused(smtp_server: SmtpServer) -> None:
    smtp_server.faults.recipient_replies = {"*": "550 5.1.1 nobody here"}
    assert isinstance(await failure(account_for(smtp_server)), Rejected)
    smtp_server.faults.recipient_replies["bob@example.org"] = "450 4.2.0 greylisted"
    assert isinstance(await failure(account_for(smtp_server), outbound(to=(ADA, BOB))), Unreachable)
    assert smtp_server.received == []


async def test_a_wrong_password(smtp_server: SmtpServer) -> None:
    account = new_account(smtp_settings(smtp_server, **NO_COPY), MemorySecrets(password="wrong"))
    error = await failure(account)
    assert isinstance(error, AuthFailed)
    assert "did not accept this password" in str(error.message)


async def test_a_sign_in_that_fails_for_now(smtp_server: SmtpServer) -> None:
    smtp_server.faults.auth_reply = "454 4.7.0 Temporary authentication failure"
    assert isinstance(await failure(account_for(smtp_server)), Unreachable)


@pytest.mark.parametrize("cut", [Cut.AT_CONNECT, Cut.BEFORE_DATA])
async def test_a_connection_lost_before_the_message_left(smtp_server: SmtpServer, cut: Cut) -> None:
    smtp_server.faults.cut = cut
    assert isinstance(await failure(account_for(smtp_server)), Unreachable)
    assert smtp_server.transfers == 0


async def test_a_connection_lost_after_the_message_left(smtp_server: SmtpServer) -> None:
    smtp_server.faults.cut = Cut.AFTER_DATA
    error = await failure(account_for(smtp_server))
    assert isinstance(error, Uncertain)
    assert len(smtp_server.received) == 1


async def test_silence_after_the_message_left(
    smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "VERDICT_SECONDS", 0.2)
    smtp_server.faults.silent_after_data = True
    assert isinstance(await failure(account_for(smtp_server)), Uncertain)


async def test_slow_replies_are_waited_for(smtp_server: SmtpServer) -> None:
    smtp_server.faults.byte_delay = 0.002
    await account_for(smtp_server).send(outbound())
    assert len(smtp_server.received) == 1


@pytest.mark.parametrize("read_bytes", [0, 1, 5_000, 200_000])
async def test_a_connection_lost_while_the_message_is_on_its_way(
    smtp_server: SmtpServer, read_bytes: int
) -> None:
    """The final dot is held back until the rest has left, so a loss in between is no uncertainty."""
    async with scripted(body_bytes=read_bytes) as port:
        large = OutboundAttachment("a.bin", "application/octet-stream", b"\0" * 12_000_000)
        account = account_for(smtp_server, **{"smtp.port": port})
        error = await failure(account, outbound(attachments=(large,)))
    assert isinstance(error, Unreachable)


@pytest.mark.parametrize("reply", [b"", b"?\r\n", b"250-half an ans"])
async def test_nonsense_instead_of_a_verdict(smtp_server: SmtpServer, reply: bytes) -> None:
    async with scripted(verdict=reply) as port:
        error = await failure(account_for(smtp_server, **{"smtp.port": port}))
    assert isinstance(error, Uncertain)


async def test_a_server_that_says_nothing(smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "CONNECT_SECONDS", 0.2)
    async with scripted(greeting=b"") as port:
        error = await failure(account_for(smtp_server, **{"smtp.port": port}))
    assert isinstance(error, Unreachable)
    assert "does not answer" in str(error.message)


async def test_a_server_of_another_kind(smtp_server: SmtpServer) -> None:
    async with scripted(greeting=b"* OK IMAP4rev1 ready\r\n") as port:
        error = await failure(account_for(smtp_server, **{"smtp.port": port}))
    assert str(error.message) == f"127.0.0.1 does not speak SMTP on port {port}."


async def test_a_server_that_turns_everybody_away(smtp_server: SmtpServer) -> None:
    async with scripted(greeting=b"554 5.7.1 no service for you\r\n") as port:
        error = await failure(account_for(smtp_server, **{"smtp.port": port}))
    assert isinstance(error, Unreachable)
    assert "no service for you" in str(error.message)


async def test_starttls_where_there_is_none(smtp_server: SmtpServer) -> None:
    async with scripted() as port:
        error = await failure(account_for(smtp_server, **{"smtp.port": port, "smtp.security": "starttls"}))
    assert isinstance(error, Unreachable)
    assert "does not offer STARTTLS" in str(error.message)
    assert error.hint is not None


async def test_too_large_for_the_server(smtp_server: SmtpServer) -> None:
    async with scripted(extensions=("AUTH PLAIN", "SIZE 5000")) as port:
        account = account_for(smtp_server, **{"smtp.port": port})
        large = OutboundAttachment("a.bin", "application/octet-stream", b"\0" * 6_000)
        message = outbound(attachments=(large,))
        error = await failure(account, message)
    assert isinstance(error, Rejected)
    assert "too large" in str(error.message)
    with pytest.raises(Rejected, match="too large"):  # known from now on, without a connection
        account.check_outbound(message)


async def test_the_check_before_sending(smtp_server: SmtpServer) -> None:
    account = account_for(smtp_server)
    account.check_outbound(outbound())
    with pytest.raises(Rejected, match="no recipient"):
        account.check_outbound(replace(outbound(), to=()))
    with pytest.raises(Rejected, match="not an email address"):
        account.check_outbound(outbound(to=(Party("email", "ada@example.org>\r\nRCPT TO:<eve@example.org"),)))


async def test_cancelling_is_quick(smtp_server: SmtpServer) -> None:
    smtp_server.faults.silent_after_data = True
    task = asyncio.create_task(account_for(smtp_server).send(outbound()))
    while not smtp_server.received:
        await asyncio.sleep(0.01)
    task.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait({task})
    assert task.cancelled()


@asynccontextmanager
async def scripted(
    *,
    greeting: bytes = b"220 scripted\r\n",
    extensions: tuple[str, ...] = ("AUTH PLAIN",),
    body_bytes: int | None = None,
    verdict: bytes = b"250 2.0.0 taken\r\n",
) -> AsyncIterator[int]:
    """Serve SMTP without thinking; ``body_bytes``: hang up after so many of a message were read."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        try:
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"EHLO":
                    writer.write("".join(f"250-{name}\r\n" for name in ("scripted", *extensions)).encode())
                    writer.write(b"250 HELP\r\n")
                elif word == b"AUTH":
                    writer.write(b"235 2.7.0 welcome\r\n")
                elif word == b"DATA":
                    writer.write(b"354 go on\r\n")
                    if body_bytes is not None:
                        await writer.drain()
                        await reader.readexactly(body_bytes)
                        return
                    await reader.readuntil(b"\r\n.\r\n")
                    writer.write(verdict)
                    return
                else:
                    writer.write(b"250 ok\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 16)
    async with server:
        yield server.sockets[0].getsockname()[1]
