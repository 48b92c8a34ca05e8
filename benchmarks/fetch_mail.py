"""How fast the email account hands over a mailbox, beside bare imaplib on the same Dovecot in the same run.

    python benchmarks/fetch_mail.py [--messages 5000] [--rounds 3]

Prints messages per second: the account with a sink that throws everything away, and imaplib asking for 50
whole messages per command. Medians of the rounds, which take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import imaplib
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.helpers.dovecot import DovecotServer, Mailbox, find_dovecot

from agentdesk.base.ids import new_id
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.inbound import Cursor, RawItem
from agentdesk_connectors.email.connector import EmailAccount


class NullSink:
    """Counts and forgets; ends the reading when everything is there."""

    def __init__(self) -> None:
        self.count = 0
        self.done = asyncio.Event()

    async def accept(self, items: Sequence[RawItem], cursor: Cursor) -> None:
        self.count += len(items)

    async def known(self, source_ids: Sequence[str]) -> set[str]:
        return set()

    async def progress(self, done: int, total: int | None) -> None:
        pass

    async def caught_up(self) -> None:
        self.done.set()

    async def connected(self) -> None:
        pass


class OnePassword:
    """The account's only secret."""

    def __init__(self, password: str) -> None:
        self._password = password

    def get(self, name: str) -> str | None:
        return self._password if name == "password" else None

    async def set(self, name: str, value: str) -> None:
        raise NotImplementedError


def fill(mailbox: Mailbox, count: int) -> None:
    """Deliver ``count`` messages: mostly small, a tenth with a file of up to 600 kB; 40 kB in the mean."""
    chance = random.Random(1)
    for number in range(count):
        size = chance.randrange(20_000, 600_000) if number % 10 == 0 else chance.randrange(500, 18_000)
        line = b"%d " % number * 9 + b"\r\n"
        body = (line * (size // len(line) + 1))[:size]
        mailbox.deliver(b"Message-ID: <%d@bench.test>\r\nSubject: %d\r\n\r\n%s\r\n" % (number, number, body))


async def account_round(mailbox: Mailbox) -> int:
    """Read everything with the account; returns the number of messages."""
    settings = {
        "address": mailbox.address,
        "imap.host": mailbox.host,
        "imap.port": mailbox.port,
        "imap.security": "none",
        "history": "all",
    }
    account = EmailAccount(AccountContext(new_id(), "bench", settings, OnePassword(mailbox.password)))
    sink = NullSink()
    reading = asyncio.create_task(account.receive(None, sink))
    await sink.done.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await account.close()
    return sink.count


def imaplib_round(mailbox: Mailbox) -> int:
    """Read everything with imaplib, 50 messages per command; returns the number of messages."""
    with imaplib.IMAP4(mailbox.host, mailbox.port) as client:
        client.login(mailbox.user, mailbox.password)
        count = int(client.select("INBOX", readonly=True)[1][0] or 0)
        found = 0
        for start in range(1, count + 1, 50):
            data = client.fetch(f"{start}:{min(start + 49, count)}", "(UID BODY.PEEK[])")[1]
            found += sum(isinstance(part, tuple) for part in data)
        return found


def rate(work: Callable[[], int], expected: int) -> float:
    """Return messages per second, making sure that none is missing."""
    started = time.perf_counter()
    count = work()
    seconds = time.perf_counter() - started
    if count != expected:
        raise SystemExit(f"{count} messages instead of {expected}")
    return count / seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    program = find_dovecot()
    if program is None:
        raise SystemExit("Dovecot is not installed (Debian's package dovecot-imapd)")
    server = DovecotServer(program)
    try:
        mailbox = server.new_mailbox("bench")
        fill(mailbox, options.messages)
        imaplib_round(mailbox)  # Dovecot's index and the disk cache are warm for everybody
        ways: dict[str, Callable[[], int]] = {
            "email account": lambda: asyncio.run(account_round(mailbox)),
            "bare imaplib": lambda: imaplib_round(mailbox),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, work in ways.items():
                rates[name].append(rate(work, options.messages))
        for name, values in rates.items():
            print(f"{name:15} {statistics.median(values):9,.0f} messages/s")
    finally:
        server.close()


if __name__ == "__main__":
    main()
