"""Reading a mailbox over connections that break, are refused, or are not what they seem."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.connectors.email.support import (
    MemorySecrets,
    MemorySink,
    account_of,
    deliver,
    imap_settings,
    letter,
    new_account,
    read_once,
    receiving,
)
from tests.helpers.dovecot import Mailbox
from tests.helpers.proxy import Proxy, Trouble
from tests.helpers.until import until

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, Unreachable
from agentdesk_connectors.email import reading
from agentdesk_connectors.email.connector import EmailAccount

NewProxy = Callable[[int], Proxy]


# --- connections that break ---


async def broken_by(event: Callable[[], None], account: EmailAccount, sink: MemorySink) -> Unreachable:
    """Receive, let ``event`` happen while waiting for mail, and return what receiving ends with."""
    async with receiving(account, sink) as task:
        await until(lambda: sink.times_caught_up)
        await asyncio.to_thread(event)
        await asyncio.wait({task})
        error = task.exception()
    assert isinstance(error, Unreachable)
    return error


async def test_a_cut_anywhere_in_the_reading_loses_and_repeats_nothing(
    mailbox: Mailbox, new_proxy: NewProxy
) -> None:
    letters = [letter(number, 3_000) for number in range(120)]
    for content in letters:
        mailbox.deliver(content)
    proxy = new_proxy(mailbox.port)
    account, sink = account_of(mailbox, **{"imap.port": proxy.port}), MemorySink()
    for cut_after in (10, 60, 300, 900, 2_000, 8_000, 30_000, 100_000, 200_000):
        proxy.trouble = Trouble(cut_after=cut_after)
        with pytest.raises(Unreachable):
            await read_once(account, sink)
    proxy.heal()
    await read_once(account, sink)
    assert sink.raws == letters


async def test_a_connection_that_breaks_while_waiting(mailbox: Mailbox, new_proxy: NewProxy) -> None:
    proxy = new_proxy(mailbox.port)
    account, sink = account_of(mailbox, **{"imap.port": proxy.port}), MemorySink()
    error = await broken_by(proxy.cut, account, sink)
    assert str(error.message) == f"127.0.0.1 closed the connection on port {proxy.port}."
    deliver(mailbox, 1)
    await read_once(account, sink)
    assert sink.raws == [letter(1)]


async def test_a_connection_that_falls_silent_is_noticed(
    mailbox: Mailbox, new_proxy: NewProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr("agentdesk_connectors.email.imap.IDLE_ANSWER_SECONDS", 0.3)
    proxy = new_proxy(mailbox.port)
    account, sink = account_of(mailbox, **{"imap.port": proxy.port}), MemorySink()
    error = await broken_by(lambda: setattr(proxy, "trouble", Trouble(stall=True)), account, sink)
    assert "does not answer" in str(error.message)


async def test_the_server_shuts_down_and_comes_back(mailbox: Mailbox) -> None:
    account, sink = account_of(mailbox), MemorySink()
    error = await broken_by(mailbox.server.stop, account, sink)
    assert "closed the connection" in str(error.message)
    with pytest.raises(Unreachable) as refused:
        await read_once(account, sink)
    assert "takes no connections" in str(refused.value.message)
    deliver(mailbox, 1)
    await asyncio.to_thread(mailbox.server.start)
    await read_once(account, sink)
    assert sink.raws == [letter(1)]


async def test_the_folder_vanishes(mailbox: Mailbox) -> None:
    mailbox.deliver(letter(1), "Cases")
    account, sink = account_of(mailbox, **{"imap.folder": "Cases"}), MemorySink()
    await read_once(account, sink)
    mailbox.remove_folder("Cases")
    with pytest.raises(Unreachable) as caught:
        await read_once(account, sink)
    assert "The folder cannot be read" in str(caught.value.message)
    assert caught.value.hint is not None


async def test_when_the_core_cannot_store_the_cursor_stays(mailbox: Mailbox) -> None:
    deliver(mailbox, *range(150))
    account, sink = account_of(mailbox), MemorySink()
    sink.failure = AgentDeskError(msg("The disk is full."))
    with pytest.raises(AgentDeskError, match="disk is full"):
        await read_once(account, sink)
    assert sink.cursor is None
    sink.failure = None
    await read_once(account, sink)
    assert len(sink.items) == 150


async def test_closing_while_waiting_is_quick_and_leaves_no_thread(mailbox: Mailbox) -> None:
    account, sink = account_of(mailbox), MemorySink()
    task = asyncio.create_task(account.receive(None, sink))
    await until(lambda: sink.times_caught_up)
    await ended_quickly(account, task)


async def test_closing_in_the_middle_of_a_message_is_quick(mailbox: Mailbox, new_proxy: NewProxy) -> None:
    mailbox.deliver(letter(1, 2_000_000))
    proxy = new_proxy(mailbox.port)
    proxy.trouble = Trouble(piece=512, delay=0.002)
    account, sink = account_of(mailbox, **{"imap.port": proxy.port}), MemorySink()
    task = asyncio.create_task(account.receive(None, sink))
    await until(lambda: sink.reports, what="the start of fetching")
    await ended_quickly(account, task)
    assert sink.items == {}


async def ended_quickly(account: EmailAccount, task: asyncio.Task[None]) -> None:
    task.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait({task})
        await account.close()
    assert task.cancelled()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("imap")]


# --- signing in and reaching ---


async def refusal(settings: dict[str, object], password: str = "secret") -> AgentDeskError:
    account = new_account(settings, MemorySecrets(password=password))
    with pytest.raises(AgentDeskError) as caught:
        await read_once(account, MemorySink())
    await account.close()
    return caught.value


async def test_a_wrong_password(mailbox: Mailbox) -> None:
    error = await refusal(imap_settings(mailbox), "wrong")
    assert isinstance(error, AuthFailed)
    assert str(error.message) == (
        "The server did not accept this password. Some providers need an app password."
    )


async def test_a_password_of_any_letters(mailbox: Mailbox) -> None:
    mailbox.password = 'pa"ss\\word {5} %'
    mailbox.server.add_user(mailbox.user, mailbox.password)
    deliver(mailbox, 1)
    sink = MemorySink()
    await read_once(account_of(mailbox), sink)
    assert sink.raws == [letter(1)]


async def test_no_password_at_all(mailbox: Mailbox) -> None:
    error = await refusal(imap_settings(mailbox), "")
    assert isinstance(error, AuthFailed)
    assert "no password yet" in str(error.message)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_encrypted_with_a_known_authority(mailbox: Mailbox, security: str) -> None:
    deliver(mailbox, 1)
    settings = encrypted(mailbox, security) | {"tls.ca_file": str(mailbox.certificate_authority)}
    sink = MemorySink()
    await read_once(new_account(settings, MemorySecrets(password=mailbox.password)), sink)
    assert sink.raws == [letter(1)]


def encrypted(mailbox: Mailbox, security: str) -> dict[str, object]:
    port = mailbox.tls_port if security == "tls" else mailbox.port
    return imap_settings(mailbox) | {"imap.security": security, "imap.port": port}


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_certificate_nobody_vouches_for(mailbox: Mailbox, security: str) -> None:
    error = await refusal(encrypted(mailbox, security))
    assert isinstance(error, Unreachable)
    assert str(error.message).startswith("The certificate of 127.0.0.1 cannot be trusted: ")
    assert error.hint is not None


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_certificates_unchecked_on_demand(mailbox: Mailbox, security: str) -> None:
    settings = encrypted(mailbox, security) | {"tls.verify": False}
    sink = MemorySink()
    await read_once(new_account(settings, MemorySecrets(password=mailbox.password)), sink)
    assert sink.times_caught_up


@pytest.mark.parametrize("content", [None, "nonsense"])
async def test_authorities_that_cannot_be_read(mailbox: Mailbox, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    error = await refusal(encrypted(mailbox, "tls") | {"tls.ca_file": str(file)})
    assert str(error.message) == f"The authorities in {file} cannot be read."


async def test_an_unknown_host(mailbox: Mailbox) -> None:
    error = await refusal(imap_settings(mailbox) | {"imap.host": "mail.invalid"})
    assert str(error.message) == "There is no server named mail.invalid."
    assert error.hint is not None


async def test_tls_where_none_is_spoken(mailbox: Mailbox) -> None:
    error = await refusal(imap_settings(mailbox) | {"imap.security": "tls"})
    assert "does not speak TLS at once" in str(error.message)


async def test_a_server_of_another_kind(mailbox: Mailbox) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await refusal(imap_settings(mailbox) | {"imap.port": port})
    assert str(error.message) == f"127.0.0.1 does not speak IMAP on port {port}."
