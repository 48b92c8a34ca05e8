"""PostgreSQL dies, and its standby takes over without the last moments: nothing is lost or goes out twice."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.conftest import NewCompany, NewMailbox
from tests.faults.agent import Agent, conversations, has
from tests.helpers.company import Company, customer_address, first_lines, write
from tests.helpers.postgres import PostgresServer, Standby, find_binaries
from tests.helpers.processes import need
from tests.helpers.proxy import Proxy, Trouble
from tests.helpers.until import until

from agentdesk.commands.values import SetTags
from agentdesk.sync.sign_in import sign_in

REPLIES = (
    "before the line is cut",
    "leaving as the line is cut",
    "after the line was cut",
    "to somebody new",
    "written while there was none",
)

pytestmark = pytest.mark.postgres


class Pair:
    """A primary, and a standby at the other end of a line."""

    def __init__(self, primary: PostgresServer, standby: Standby, line: Proxy) -> None:
        self.primary, self.standby, self._line = primary, standby, line

    def cut(self) -> None:
        """Let the standby have all there is, and then nothing more."""
        self.standby.wait_until_level()
        self._line.trouble = Trouble(refuse=True)
        self._line.cut()

    def change_over_behind(self, front: Proxy) -> None:
        """Promote the standby in the place of the primary: whoever comes through ``front`` is with it now."""
        self.standby.promote()
        front.target_port = self.standby.port
        front.cut()

    def change_over(self, company: Company) -> str:
        """Promote the standby and take it up, as the operator does; returns what the program says."""
        self.standby.promote()
        company.database = self.standby.url(company.database.rpartition("/")[2])
        folder = ("--data", str(company.data))
        return company.programs.run("admin", "--database", company.database, *folder, "adopt-restore")


@pytest.fixture
def pair(new_proxy: Callable[[int], Proxy]) -> Iterator[Pair]:
    binaries = find_binaries()
    need(binaries, "PostgreSQL (Debian's package postgresql)")
    assert binaries is not None
    primary = PostgresServer(binaries)
    line = new_proxy(primary.port)
    standby = None
    try:
        standby = Standby(primary, line.port)
        yield Pair(primary, standby, line)
    finally:
        if standby is not None:
            standby.close()
        primary.close()


async def test_a_standby_without_the_last_moments_is_taken_up(
    new_company: NewCompany,
    pair: Pair,
    tmp_path: Path,
    new_mailbox: NewMailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENTDESK_LEASE_SECONDS", "1.5")
    customer = new_mailbox()
    company = new_company(pair.primary.url(pair.primary.create_database()))
    company.start()
    senders = [customer_address(customer, number) for number in range(3)]
    for number in (0, 1):
        write(company.mailbox, senders[number], f"Letter {number}")
    known = await conversations(company, 2)
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    ana = Agent(company, tmp_path / "desk", token)
    await ana.open()
    try:
        await _play(company, ana, senders, (known["Letter 0"], known["Letter 1"]), pair)
    finally:
        await ana.desk.close()
    assert await asyncio.to_thread(company.stop) == 0
    assert first_lines(customer) == Counter(dict.fromkeys(REPLIES, 1))


async def test_servers_and_desks_that_stay_up_find_out_by_themselves(
    new_company: NewCompany,
    pair: Pair,
    new_proxy: Callable[[int], Proxy],
    tmp_path: Path,
    new_mailbox: NewMailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where a service looks after PostgreSQL: nobody stops a server, and nobody adopts anything."""
    monkeypatch.setenv("AGENTDESK_LEASE_SECONDS", "1.5")
    customer, front = new_mailbox(), new_proxy(pair.primary.port)
    url = pair.primary.url(pair.primary.create_database())
    company = new_company(url.replace(f":{pair.primary.port}/", f":{front.port}/"))
    company.start()
    sender = customer_address(customer, 0)
    write(company.mailbox, sender, "Letter 0")
    first = (await conversations(company, 1))["Letter 0"]
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    ana = Agent(company, tmp_path / "desk", token)
    await ana.open()
    try:
        await _lose_the_end(company, ana, (first, sender), pair, front)
    finally:
        await ana.desk.close()
    assert await asyncio.to_thread(company.stop) == 0
    assert first_lines(customer) == Counter(dict.fromkeys(REPLIES[:3], 1))


async def _lose_the_end(
    company: Company, ana: Agent, where: tuple[str, str], pair: Pair, front: Proxy
) -> None:
    """Cut the line while one answer leaves and another waits, send them and a third, and lose the primary."""
    first, sender = where
    is_cut = threading.Event()
    company.smtp.faults.on_data = partial(is_cut.wait, 120)
    await has(company, first, await ana.reply(first, REPLIES[0], sender), "sending")
    waiting = await ana.reply(first, REPLIES[1], sender)
    await has(company, first, waiting, "queued")
    await asyncio.to_thread(pair.cut)
    company.smtp.faults.on_data = None
    is_cut.set()
    await has(company, first, waiting, "sent")
    later = await ana.reply(first, REPLIES[2], sender)
    await has(company, first, later, "sent")
    await until(lambda: ana.desk.status.waiting == 0, what="all is confirmed")
    await asyncio.to_thread(pair.primary.kill)
    await asyncio.to_thread(pair.change_over_behind, front)
    await until(partial(_answers, company), what="a server that works again")
    await has(company, first, later, "sent")
    await has(company, first, waiting, "sent")
    await until(lambda: ana.desk.status.waiting == 0, what="the outbox is through")
    await _agree(company, ana, first)


async def _play(company: Company, ana: Agent, senders: list[str], known: tuple[str, str], pair: Pair) -> None:
    """Work, cut the line, go on, lose the primary, take the standby up, and see what the desk makes of it."""
    first, second = known
    await has(company, first, await ana.reply(first, REPLIES[0], senders[0]), "sent")
    is_cut = threading.Event()
    company.smtp.faults.on_data = partial(is_cut.wait, 120)
    leaving = await ana.reply(second, REPLIES[1], senders[1])
    await has(company, second, leaving, "sending")
    await asyncio.to_thread(pair.cut)
    company.smtp.faults.on_data = None
    is_cut.set()
    await has(company, second, leaving, "sent")

    later = await ana.reply(first, REPLIES[2], senders[0])
    await has(company, first, later, "sent")
    await ana.desk.do(SetTags(conversation_id=UUID(first), tags=("late",)))
    write(company.mailbox, senders[2], "Letter 2")
    third = (await conversations(company, 3))["Letter 2"]
    await has(company, third, await ana.reply(third, REPLIES[3], senders[2]), "sent")
    await until(lambda: ana.desk.status.waiting == 0, what="all is confirmed")
    await asyncio.to_thread(pair.primary.kill)
    offline = await ana.reply(second, REPLIES[4], senders[1])
    await ana.desk.close()
    await asyncio.to_thread(company.kill)

    said = await asyncio.to_thread(pair.change_over, company)
    assert "1 message was not known to be sent" in said, said
    await asyncio.to_thread(company.start)
    await ana.open()
    await has(company, second, offline, "sent")
    await has(company, second, leaving, "sent")
    await has(company, first, later, "sent")
    again = (await conversations(company, 3))["Letter 2"]  # read from the mailbox once more
    await until(lambda: ana.desk.status.waiting == 0, what="the outbox is through")
    for one in (first, second, again):
        await _agree(company, ana, one)
    assert (await asyncio.to_thread(company.conversation, first))["conversation"]["tags"] == ["late"]


async def _answers(company: Company) -> bool:
    try:
        await asyncio.to_thread(company.conversations)
    except OSError:  # 503: it has no database at the moment
        return False
    return True


async def _agree(company: Company, ana: Agent, conversation_id: str) -> None:
    """Wait until the desk has of a conversation what the server has of it."""

    async def agrees() -> bool:
        theirs = await asyncio.to_thread(company.conversation, conversation_id)
        head = await ana.desk.conversation(UUID(conversation_id))
        ours = (await ana.desk.timeline(UUID(conversation_id))).messages
        return head is not None and _of_server(theirs) == (
            head.status,
            list(head.tags),
            {str(row.id): (row.text.strip(), row.delivery) for row in ours},
        )

    await until(agrees, what="desk and server agree")


def _of_server(conversation: dict[str, Any]) -> tuple[Any, ...]:
    messages = {row["id"]: (row["text"].strip(), row["delivery"]) for row in conversation["messages"]}
    head = conversation["conversation"]
    return head["status"], head["tags"], messages
