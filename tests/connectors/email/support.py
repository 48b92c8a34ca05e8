"""What the tests of the email account share: contexts, a sink that remembers, messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from tests.helpers.dovecot import Mailbox
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.errors import Unreachable
from agentdesk.sdk.inbound import Cursor, Party, RawItem
from agentdesk.sdk.outbound import Outbound
from agentdesk_connectors.email.connector import EmailAccount

TOKEN = "ad-0123456789abcdef0123456789abcdef-0123456789abcdef0123"
ADA = Party("email", "ada@example.org", "Ada Lovelace")


class MemorySecrets:
    """Secrets in a dictionary; ``written`` are the names that were set, in order."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.written: list[str] = []

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    async def set(self, name: str, value: str) -> None:
        self.written.append(name)
        self.values[name] = value


@dataclass
class MemorySink:
    """Stores in memory as the core does: items once by source id, together with the cursor."""

    cursor: Cursor | None = None
    items: dict[str, RawItem] = field(default_factory=dict)
    accepted: list[int] = field(default_factory=list)
    reports: list[tuple[int, int | None]] = field(default_factory=list)
    connections: int = 0
    times_caught_up: int = 0
    failure: Exception | None = None

    async def accept(self, items: Sequence[RawItem], cursor: Cursor) -> None:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        for item in items:
            self.items.setdefault(item.source_id, item)
        self.accepted.append(len(items))
        self.cursor = dict(cursor)

    async def known(self, source_ids: Sequence[str]) -> set[str]:
        return {source_id for source_id in source_ids if source_id in self.items}

    async def progress(self, done: int, total: int | None) -> None:
        self.reports.append((done, total))

    async def caught_up(self) -> None:
        self.times_caught_up += 1

    async def connected(self) -> None:
        self.connections += 1

    @property
    def raws(self) -> list[bytes]:
        """What was stored, in the order in which it came."""
        return [item.raw for item in self.items.values()]


def imap_settings(mailbox: Mailbox, **more: object) -> dict[str, object]:
    """Return the settings of an account that reads ``mailbox`` in the clear."""
    settings: dict[str, object] = {
        "address": mailbox.address,
        "imap.host": mailbox.host,
        "imap.port": mailbox.port,
        "imap.security": "none",
        "history": "all",
    }
    return settings | more


def smtp_settings(server: SmtpServer, **more: object) -> dict[str, object]:
    """Return the settings for sending through ``server`` in the clear."""
    settings: dict[str, object] = {
        "smtp.host": server.host,
        "smtp.port": server.port,
        "smtp.security": "none",
    }
    return settings | more


def new_account(settings: dict[str, object], secrets: MemorySecrets) -> EmailAccount:
    """Return an account object for ``settings``."""
    return EmailAccount(AccountContext(new_id(), "test", settings, secrets))


def account_of(mailbox: Mailbox, **more: object) -> EmailAccount:
    """Return an account that reads ``mailbox``."""
    return new_account(imap_settings(mailbox, **more), MemorySecrets(password=mailbox.password))


@asynccontextmanager
async def receiving(account: EmailAccount, sink: MemorySink) -> AsyncIterator[asyncio.Task[None]]:
    """Let ``account`` receive into ``sink`` from its newest cursor; cancelled in the end if it still runs."""
    task = asyncio.get_running_loop().create_task(account.receive(sink.cursor, sink))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # who wants to know has asked before


def outbound(**changes: object) -> Outbound:
    """Return a message to Ada, with ``changes``."""
    message_id: UUID = new_id()
    values: dict[str, object] = {
        "message_id": message_id,
        "key": f"{message_id.hex}.{TOKEN}@desk.test",
        "to": (ADA,),
        "text": "Good morning.",
        "created_at": clock.now(),
        "subject": "Hello",
    }
    return Outbound(**(values | changes))  # type: ignore[arg-type]


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
