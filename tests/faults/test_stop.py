"""SIGTERM while everything is under way: the server ends within seconds, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import Company, customer_address, write
from tests.helpers.dovecot import Mailbox
from tests.helpers.postgres import PostgresServer
from tests.helpers.proxy import Proxy
from tests.helpers.smtp import Faults, SmtpServer
from tests.helpers.until import until

from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in

LETTERS = 800
LONGEST_SECONDS = 10.0
"""Five on an idle machine; the test's own machine may be busy."""


async def test_the_server_ends_in_time_with_everything_under_way(
    new_company: NewCompany,
    database_url: str,
    tmp_path: Path,
    mailbox: Mailbox,
    new_mailbox: NewMailbox,
    smtp_server: SmtpServer,
) -> None:
    customer = new_mailbox()
    smtp_server.saves_sent = True
    company = await asyncio.to_thread(new_company, database_url)
    await asyncio.to_thread(company.start)
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    desk = LocalDesk(tmp_path / "desk", company.address, token)
    await desk.start()
    try:
        await until(lambda: desk.status.link is Link.SYNCED, 60, what="a desk in step")
        conversation_id, message_id = await _reply_under_way(company, mailbox, customer, smtp_server)
        for number in range(LETTERS):
            write(mailbox, f"customer{number}@shop.test", f"Letter {number}", "Hi " * 200)
        await asyncio.to_thread(company.wait_for_conversations, 20, 60)
        with _stuck_clients(company.address, token):
            begun = time.monotonic()
            assert await asyncio.to_thread(company.stop) == 0
            took = time.monotonic() - begun
    finally:
        await desk.close()
    print(f"ended after {took:.1f} s")
    assert took < LONGEST_SECONDS
    assert "Traceback" not in company.output()
    await _nothing_is_lost(company, customer, smtp_server, conversation_id, message_id)


def test_a_database_that_says_nothing_any_more_does_not_keep_the_server(
    new_company: NewCompany,
    postgres: PostgresServer,
    postgres_url: str,
    new_proxy: Callable[[int], Proxy],
    mailbox: Mailbox,
) -> None:
    line = new_proxy(postgres.port)
    url = postgres_url.replace(f":{postgres.port}/", f":{line.port}/")
    company = new_company(url)
    company.start()
    write(mailbox, "ann@shop.test", "Before")
    company.wait_for_conversations(1)
    line.trouble.stall = True
    write(mailbox, "bob@shop.test", "Meanwhile")
    begun = time.monotonic()
    assert company.stop() == 0
    assert time.monotonic() - begun < LONGEST_SECONDS
    assert "Traceback" not in company.output()
    line.heal()
    company.start()
    assert {row["subject"] for row in company.wait_for_conversations(2)} == {"Before", "Meanwhile"}
    assert company.stop() == 0


async def _reply_under_way(
    company: Company, mailbox: Mailbox, customer: Mailbox, smtp: SmtpServer
) -> tuple[str, str]:
    """A reply that the mail server has taken, and whose confirmation it does not give."""
    write(mailbox, customer_address(customer, 1), "A question")
    (row,) = await asyncio.to_thread(company.wait_for_conversations, 1)
    smtp.faults = Faults(times=1, silent_after_data=True)
    reply = await asyncio.to_thread(company.reply, row["id"], "An answer.")
    await until(lambda: smtp.transfers == 1, what="the mail server has the reply")
    return row["id"], reply["id"]


@contextmanager
def _stuck_clients(address: str, token: str) -> Iterator[None]:
    """Clients that begin something and never go on, nor listen."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    common = f"Host: desk\r\nAuthorization: Bearer {token}\r\n"
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    beginnings = (
        "",
        "GET /healthz HTTP/1.1\r\nHo",
        f"PUT /desk/blobs/{'0' * 64} HTTP/1.1\r\n{common}Content-Length: 1000000\r\n\r\nhalf",
        f"POST /api/v1/conversations/x/messages HTTP/1.1\r\n{common}Content-Length: 100\r\n\r\n{{",
        f"GET /desk/sync HTTP/1.1\r\n{common}{upgrade}Sec-WebSocket-Key: {'A' * 22}==\r\n\r\n",
    )
    with ExitStack() as stack:
        for beginning in beginnings:
            client = stack.enter_context(socket.create_connection((host, int(port))))
            client.sendall(beginning.encode())
        yield


async def _nothing_is_lost(
    company: Company, customer: Mailbox, smtp: SmtpServer, conversation_id: str, message_id: str
) -> None:
    smtp.heal()
    await asyncio.to_thread(company.start)
    rows: list[dict[str, Any]] = await asyncio.to_thread(company.wait_for_conversations, LETTERS + 1, 120)
    assert len({row["subject"] for row in rows}) == len(rows) == LETTERS + 1
    await asyncio.to_thread(company.wait_for_delivery, conversation_id, message_id, "sent", 60)
    assert smtp.transfers == len(customer.messages()) == 1
    assert await asyncio.to_thread(company.stop) == 0
