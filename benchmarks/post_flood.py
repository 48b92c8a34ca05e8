"""A flood of mentions on one account, and mail of the same inbox in the middle of it.

    python -m benchmarks.post_flood [--posts 50000] [--database postgresql|sqlite]

A simulated Mastodon server streams the posts as fast as they are taken; a letter arrives by Dovecot now
and then; a desk (without a window) works meanwhile: it reads its whole list and a conversation over and over.
The clock of a letter runs from the mailbox until the desk's list of mail has it; Dovecot waits half a second
of that.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measuring import database, load, show
from benchmarks.network import Account, connected, desk_at, mastodon_account, networks
from tests.helpers.certificates import make_certificates
from tests.helpers.company import letter, mail_settings
from tests.helpers.dovecot import DovecotServer, Mailbox, find_dovecot
from tests.helpers.smtp import SmtpServer

from agentdesk.queries.rows import View
from agentdesk.sync.local import LocalDesk
from agentdesk_connectors.mastodon.simulator import MastodonSimulator

_ALL = View(kind="all", order="newest")
_MAIL = View(kind="all", order="newest", channel="email")
_AT_ONCE = 200
_LETTER_EVERY = 2.0
_QUIET_LETTERS = 10
_PATIENCE = 600.0


class Bystander:
    """A person at the desk: waits for letters, and reads."""

    def __init__(self, desk: LocalDesk, mailbox: Mailbox) -> None:
        self._desk, self._mailbox = desk, mailbox
        self._sent = 0
        self.letters: list[float] = []
        self.lists: list[float] = []
        self.openings: list[float] = []

    async def wait_for_letters(self) -> None:
        """Let a letter come now and then, for ever."""
        while True:
            await self.letter()
            await asyncio.sleep(_LETTER_EVERY)

    async def letter(self) -> None:
        """Let one come, and see how long it takes to be found at the desk."""
        self._sent += 1
        subject = f"Urgent {self._sent}"
        mail = letter(f"c{self._sent}@x.test", subject, "It burns.", to=self._mailbox.address)
        begun = time.perf_counter()
        await asyncio.to_thread(self._mailbox.deliver, mail.as_bytes())
        while not await self._is_there(subject):
            await asyncio.sleep(0.02)
        self.letters.append(1000 * (time.perf_counter() - begun))

    async def _is_there(self, subject: str) -> bool:
        rows = await self._desk.queue_rows((await self._desk.queue_ids(_MAIL))[:10])
        return any(row.subject == subject for row in rows)

    async def read(self) -> None:
        """Read the list and its first conversation, for ever."""
        while True:
            begun = time.perf_counter()
            ids = await self._desk.queue_ids(_ALL)
            rows = await self._desk.queue_rows(ids[:40])
            self.lists.append(1000 * (time.perf_counter() - begun))
            if rows:
                begun = time.perf_counter()
                await self._desk.conversation(rows[0].id)
                await self._desk.timeline(rows[0].id)
                self.openings.append(1000 * (time.perf_counter() - begun))
            await asyncio.sleep(0.5)


async def flood(network: MastodonSimulator, desk: LocalDesk, count: int) -> float:
    """Post, and return the seconds until the desk has all of it."""
    begun = time.perf_counter()
    for number in range(count):
        person = network.world.person(f"ana{number}@pixel.example", f"Ana {number}")
        network.world.post(person, f"@support This is outrageous {number}")
        if number % _AT_ONCE == 0:
            while network.unsaid > _AT_ONCE:
                await asyncio.sleep(0.01)
    async with asyncio.timeout(_PATIENCE):
        while len(await desk.queue_ids(_ALL)) < count:
            await asyncio.sleep(0.5)
    return time.perf_counter() - begun


async def measure(url: str, folder: Path, mail: Account, mailbox: Mailbox, count: int) -> None:
    """Measure and print."""
    async with networks() as (network,):
        accounts = [mastodon_account(network), mail]
        async with connected(url, folder, accounts) as address, desk_at(address, folder) as desk:
            by = Bystander(desk, mailbox)
            while not any(len(heard) == 3 for heard in network.sockets.values()):
                await asyncio.sleep(0.05)
            for _ in range(_QUIET_LETTERS):
                await by.letter()
            show("a letter before the flood", by.letters)
            by.letters = []
            others: list[asyncio.Task[Any]] = [
                asyncio.create_task(by.wait_for_letters()),
                asyncio.create_task(by.read()),
            ]
            took = await flood(network, desk, count)
            for one in others:
                one.cancel()
            await asyncio.gather(*others, return_exceptions=True)
    print(f"{count:,} mentions at the desk after {took:.1f} s ({count / took:,.0f}/s); {load()}")
    show("a letter during the flood", by.letters)
    show("the list, meanwhile", by.lists)
    show("a conversation, meanwhile", by.openings)


def main() -> None:
    """Serve mail, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=50_000)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    program = find_dovecot()
    if program is None:
        sys.exit("Dovecot is not installed (Debian's package dovecot-imapd).")
    with tempfile.TemporaryDirectory() as name, database(given.database) as url:
        folder = Path(name)
        dovecot, smtp = DovecotServer(program), SmtpServer(make_certificates(folder))
        try:
            mailbox = dovecot.new_mailbox("support")
            mail = "email", "Mail", mail_settings(mailbox, smtp), {"password": mailbox.password}
            asyncio.run(measure(url, folder, mail, mailbox, given.posts))
        finally:
            smtp.close()
            dovecot.close()


if __name__ == "__main__":
    main()
