"""Reading a real mailbox: everything once, whatever happens on the way."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial

import pytest
from tests.connectors.email.support import (
    MemorySink,
    account_of,
    deliver,
    letter,
    read_once,
    read_stubbornly,
    receiving,
)
from tests.helpers.dovecot import Mailbox
from tests.helpers.proxy import Proxy
from tests.helpers.until import until

from agentdesk.sdk.errors import Unreachable
from agentdesk_connectors.email import fetching, reading

NewProxy = Callable[[int], Proxy]


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
