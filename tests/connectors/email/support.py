"""What the tests of the email account share: contexts, a sink that remembers, messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from tests.helpers.dovecot import Mailbox
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.errors import Unreachable
from agentdesk.sdk.inbound import Party
from agentdesk.sdk.outbound import Outbound
from agentdesk.sdk.testing import MemorySecrets, MemorySink
from agentdesk_connectors.email.connector import EmailAccount

TOKEN = "ad-0123456789abcdef0123456789abcdef-0123456789abcdef0123"
ADA = Party("email", "ada@example.org", "Ada Lovelace")


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
