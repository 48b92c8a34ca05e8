"""Reading a real mailbox: everything once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.connectors.email.support import (
    MemorySecrets,
    MemorySink,
    account_of,
    imap_settings,
    new_account,
    receiving,
)
from tests.helpers.dovecot import Mailbox
from tests.helpers.proxy import Proxy, Trouble
from tests.helpers.until import until

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, Unreachable
from agentdesk_connectors.email import fetching, reading
from agentdesk_connectors.email.connector import EmailAccount

NewProxy = Callable[[int], Proxy]


def letter(number: int, size: int = 0) -> bytes:
    return b"Message-ID: <%d@example.org>\r\nSubject: No %d\r\n\r\n%s\r\n" % (number, number, b"x" * size)


def deliver(mailbox: Mailbox, *numbers: int) -> list[bytes]:
    letters = [letter(number) for number in numbers]
    for content in letters:
        mailbox.deliver(content)
    return letters


async def read_once(account: EmailAccount, sink: MemorySink) -> None:
    """Receive until everything there is has been handed over."""
    before = sink.times_caught_up
    async with receiving(account, sink) as task:
        await until(lambda: sink.times_caught_up > before or task.done(), what="catching up")
        if task.done():
            await task


async def read_stubbornly(account: EmailAccount, sink: MemorySink, tries: int = 30) -> int:
    """Receive as the core does, again after each Unreachable; returns how many tries it took."""
    for attempt in range(1, tries + 1):
        try:
            await read_once(account, sink)
        except Unreachable:
            continue
        return attempt
    raise AssertionError(f"not caught up after {tries} tries")


def has(sink: MemorySink, count: int) -> bool:
    return len(sink.items) == count


# --- the usual ---


async def test_everything_there_is_comes_in_order(mailbox: Mailbox) -> None:
    letters = deliver(mailbox, *range(250))
    sink = MemorySink()
    await read_once(account_of(mailbox), sink)
    assert sink.raws == letters
    assert sink.reports[0] == (0, 250)
    assert sink.reports[-1] == (250, 250)
    assert max(sink.accepted) <= fetching.BATCH_MESSAGES


async def test_an_item_tells_where_and_when_it_arrived(mailbox: Mailbox) -> None:
    deliver(mailbox, 1)
    sink = MemorySink()
    await read_once(account_of(mailbox), sink)
    (item,) = sink.items.values()
    assert sink.cursor is not None
    assert item.source_id == f"INBOX/{sink.cursor['uidvalidity']}/1"
    assert item.received_at is not None
    assert item.received_at.utcoffset() is not None
    assert abs(item.received_at.timestamp() - time.time()) < 60
    assert item.facts == {"folder": "INBOX", "received_at": item.received_at.isoformat()}


async def test_a_new_message_comes_by_itself(mailbox: Mailbox) -> None:
    sink = MemorySink()
    async with receiving(account_of(mailbox), sink):
        await until(lambda: sink.times_caught_up)
        for number in range(5):
            deliver(mailbox, number)
            await until(partial(has, sink, number + 1))
    assert sink.raws == [letter(number) for number in range(5)]
    assert sink.connections == 1


async def test_reading_changes_nothing_in_the_mailbox(mailbox: Mailbox) -> None:
    deliver(mailbox, 1, 2)
    await read_once(account_of(mailbox), MemorySink())
    names = [file.name for part in ("new", "cur") for file in (mailbox.path() / part).iterdir()]
    assert len(names) == 2
    assert not any(name.partition(":2,")[2] for name in names), "a flag was set"


async def test_a_second_reading_brings_only_what_is_new(mailbox: Mailbox) -> None:
    account, sink = account_of(mailbox), MemorySink()
    deliver(mailbox, 1, 2)
    await read_once(account, sink)
    again = MemorySink(cursor=sink.cursor)
    deliver(mailbox, 3)
    await read_once(account, again)
    assert again.raws == [letter(3)]


async def test_another_folder_than_the_inbox(mailbox: Mailbox) -> None:
    mailbox.deliver(letter(1), "Cases")
    sink = MemorySink()
    await read_once(account_of(mailbox, **{"imap.folder": "Cases"}), sink)
    assert sink.raws == [letter(1)]
    assert next(iter(sink.items)).startswith("Cases/")


async def test_a_server_without_idle_is_asked_again_and_again(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(reading, "knows_idle", lambda _connection: False)
    sink = MemorySink()
    async with receiving(account_of(mailbox), sink):
        await until(lambda: sink.times_caught_up)
        deliver(mailbox, 1)
        await until(lambda: sink.items)
        assert sink.times_caught_up > 1


async def test_idle_is_renewed_and_the_folder_looked_at(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "IDLE_SECONDS", 0.05)
    sink = MemorySink()
    async with receiving(account_of(mailbox), sink):
        await until(lambda: sink.times_caught_up >= 4)
    assert sink.connections == 1


# --- where reading starts ---


async def test_from_now_on_leaves_the_old_alone(mailbox: Mailbox) -> None:
    deliver(mailbox, 1, 2)
    account, sink = account_of(mailbox, history="now"), MemorySink()
    await read_once(account, sink)
    assert sink.items == {}
    assert sink.cursor is not None
    deliver(mailbox, 3)
    await read_once(account, sink)
    assert sink.raws == [letter(3)]


async def test_from_now_on_in_an_empty_mailbox(mailbox: Mailbox) -> None:
    account, sink = account_of(mailbox, history="now"), MemorySink()
    await read_once(account, sink)
    deliver(mailbox, 1)
    await read_once(account, sink)
    assert sink.raws == [letter(1)]


async def test_the_last_days(mailbox: Mailbox) -> None:
    deliver(mailbox, 1, 2, 3, 4)
    age_in_days(mailbox, 40, 20, 2, 0)
    sink = MemorySink()
    await read_once(account_of(mailbox, history="days:10"), sink)
    assert sink.raws == [letter(3), letter(4)]


def age_in_days(mailbox: Mailbox, *days: float) -> None:
    """Make the messages look as if they had arrived so many days ago (Dovecot takes the file's time)."""

    files = sorted((mailbox.path() / "new").iterdir(), key=lambda file: float(file.name.partition(".M")[0]))
    for file, age in zip(files, days, strict=True):
        moment = time.time() - age * 86400
        os.utime(file, (moment, moment))


async def test_an_old_message_that_is_moved_in_later_comes_too(mailbox: Mailbox) -> None:
    account, sink = account_of(mailbox, history="now"), MemorySink()
    await read_once(account, sink)
    deliver(mailbox, 1)
    age_in_days(mailbox, 400)
    await read_once(account, sink)
    assert sink.raws == [letter(1)]


# --- when the numbering changes ---


@pytest.mark.parametrize("history", ["now", "days:3", "all"])
async def test_new_numbering_loses_nothing_that_came_in_between(mailbox: Mailbox, history: str) -> None:
    account, sink = account_of(mailbox, history=history), MemorySink()
    await read_once(account, sink)
    deliver(mailbox, 1, 2)
    await read_once(account, sink)
    mailbox.change_uidvalidity()
    deliver(mailbox, 3)
    await read_once(account, sink)
    assert set(sink.raws) == {letter(1), letter(2), letter(3)}


async def test_new_numbering_does_not_bring_what_was_there_before_the_start(mailbox: Mailbox) -> None:
    deliver(mailbox, 1)
    age_in_days(mailbox, 30)
    account, sink = account_of(mailbox, history="now"), MemorySink()
    await read_once(account, sink)
    mailbox.change_uidvalidity()
    deliver(mailbox, 2)
    await read_once(account, sink)
    assert sink.raws == [letter(2)]


async def test_numbers_given_out_twice_under_one_uidvalidity(mailbox: Mailbox) -> None:
    account, sink = account_of(mailbox), MemorySink()
    deliver(mailbox, 1)
    await read_once(account, sink)
    assert sink.cursor is not None
    sink.cursor = {**sink.cursor, "uid": 4711}  # the mailbox was restored from before that
    deliver(mailbox, 2)
    await read_once(account, sink)
    assert set(sink.raws) == {letter(1), letter(2)}
    assert len(sink.items) == 3, "the restored ones have names of their own"


# --- size ---


async def test_batches_are_bounded_by_size(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "BATCH_BYTES", 10_000)
    for number in range(6):
        mailbox.deliver(letter(number, 4_000))
    sink = MemorySink()
    await read_once(account_of(mailbox), sink)
    assert len(sink.items) == 6
    assert max(sink.accepted) == 2


async def test_a_huge_message_is_cut_and_the_rest_comes_whole(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "LARGEST_MESSAGE", 50_000)
    monkeypatch.setattr(fetching, "KEPT_OF_LARGER", 1_000)
    for number, size in enumerate((10, 60_000, 20)):
        mailbox.deliver(letter(number, size))
    sink = MemorySink()
    await read_once(account_of(mailbox), sink)
    first, huge, last = sink.items.values()
    assert (first.raw, last.raw) == (letter(0, 10), letter(2, 20))
    assert huge.raw == letter(1, 60_000)[:1_000]
    assert huge.facts["truncated"] is True
    assert huge.facts["size"] == len(letter(1, 60_000))


# --- messages that cannot be had ---


def damage(mailbox: Mailbox, number: int) -> None:
    """Make a message unreadable for the server: it answers every attempt by closing the connection."""
    for part in ("new", "cur"):
        for file in (mailbox.path() / part).iterdir():
            if b"<%d@" % number in file.read_bytes():
                file.chmod(0)


@pytest.mark.parametrize("listed_before", [True, False])
async def test_a_message_that_breaks_the_connection_holds_nothing_up(
    mailbox: Mailbox, listed_before: bool
) -> None:
    deliver(mailbox, *range(8))
    if listed_before:
        await read_once(account_of(mailbox), MemorySink())  # the server remembers all sizes
    damage(mailbox, 3)
    account, sink = account_of(mailbox), MemorySink()
    tries = await read_stubbornly(account, sink)
    assert tries < 10
    assert [item.raw for item in sink.items.values() if "unfetched" not in item.facts] == [
        letter(number) for number in range(8) if number != 3
    ]
    (broken,) = (item for item in sink.items.values() if "unfetched" in item.facts)
    assert broken.source_id.endswith("/4")
    deliver(mailbox, 9)
    await read_once(account, sink)
    assert sink.raws[-1] == letter(9)


async def test_two_broken_messages_and_one_that_comes_later(mailbox: Mailbox) -> None:
    deliver(mailbox, *range(5))
    damage(mailbox, 1)
    damage(mailbox, 4)
    account, sink = account_of(mailbox), MemorySink()
    await read_stubbornly(account, sink)
    assert len(sink.items) == 5
    assert sum("unfetched" in item.facts for item in sink.items.values()) == 2


async def test_when_the_server_gives_out_nothing_no_message_is_given_up(mailbox: Mailbox) -> None:
    deliver(mailbox, 1, 2, 3)
    account, sink = account_of(mailbox), MemorySink()
    for number in (1, 2, 3):
        damage(mailbox, number)
    for _ in range(12):
        with pytest.raises(Unreachable):
            await read_once(account, sink)
    assert sink.items == {}
    for file in (mailbox.path() / "new").iterdir():
        file.chmod(0o600)
    for file in (mailbox.path() / "cur").iterdir():
        file.chmod(0o600)
    await read_stubbornly(account, sink)
    assert set(sink.raws) == {letter(1), letter(2), letter(3)}


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
