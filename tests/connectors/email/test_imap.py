"""Reading a real mailbox: everything once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import time

from tests.connectors.email.support import MemorySink, account_of, receiving
from tests.helpers.dovecot import Mailbox
from tests.helpers.until import until


def letter(number: int, size: int = 0) -> bytes:
    return b"Message-ID: <%d@example.org>\r\nSubject: No %d\r\n\r\n%s\r\n" % (number, number, b"x" * size)


async def test_everything_there_is_comes_in_order(mailbox: Mailbox) -> None:
    letters = [letter(number) for number in range(250)]
    for content in letters:
        mailbox.deliver(content)
    sink = MemorySink()
    async with receiving(account_of(mailbox), sink):
        await until(lambda: sink.times_caught_up)
    assert sink.raws == letters


async def test_a_new_message_comes_at_once(mailbox: Mailbox) -> None:
    sink = MemorySink()
    async with receiving(account_of(mailbox), sink):
        await until(lambda: sink.times_caught_up)
        mailbox.deliver(letter(1))
        started = time.monotonic()
        await until(lambda: sink.items)
        print("arrived after", time.monotonic() - started)
