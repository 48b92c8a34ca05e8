"""The server's database is lost and an older copy put in its place: no reply goes out twice, none is lost."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from tests.conftest import NewCompany, NewMailbox
from tests.faults.agent import Agent, conversations, has
from tests.helpers.company import Company, customer_address, first_lines, write
from tests.helpers.postgres import PostgresServer
from tests.helpers.until import until, until_sync

from agentdesk.sync.desk import Draft
from agentdesk.sync.sign_in import sign_in

REPLIES = (
    "before the copy",
    "leaving as the copy is made",
    "after the copy",
    "to somebody new",
    "written while it was away",
)


def _put_back(company: Company, copy: Path, postgres: PostgresServer | None) -> None:
    """Have the database as it was when it was copied."""
    name = company.database.rpartition("/")[2]
    if postgres is None:
        database = copy.with_name(name)
        for end in ("-wal", "-shm"):
            database.with_name(name + end).unlink(missing_ok=True)
        database.write_bytes(copy.read_bytes())
        return
    postgres.drop_database(name)
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    subprocess.run(["pg_restore", "--no-owner", "--dbname", company.database, str(copy)], check=True)


def _take_up(company: Company) -> None:
    """What the operator does, and what the program says until the copy is adopted."""
    arguments = ("--database", company.database, "--data", str(company.data), "--listen", "127.0.0.1:0")
    refused = company.programs.start("server", *arguments)
    until_sync(lambda: not refused.running, what="the server refuses the copy")
    assert refused.status == 1
    assert "agentdesk admin adopt-restore" in refused.output()
    said = company.programs.run(
        "admin", "--database", company.database, "--data", str(company.data), "adopt-restore"
    )
    assert "1 message was not known to be sent" in said, said


async def test_an_older_copy_is_taken_up_without_sending_anything_twice(
    new_company: NewCompany,
    database_url: str,
    tmp_path: Path,
    new_mailbox: NewMailbox,
    request: pytest.FixtureRequest,
) -> None:
    customer = new_mailbox()
    company = new_company(database_url)
    company.start()
    senders = [customer_address(customer, number) for number in range(3)]
    for number in (0, 1):
        write(company.mailbox, senders[number], f"Letter {number}")
    known = await conversations(company, 2)
    first, second = known["Letter 0"], known["Letter 1"]
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    ana = Agent(company, tmp_path / "desk", token)
    await ana.open()
    in_postgres = database_url.startswith("postgresql:")
    postgres = request.getfixturevalue("postgres") if in_postgres else None
    put_back = partial(_put_back, company, tmp_path / "copy.db", postgres)
    try:
        await _play(company, ana, senders, (first, second), tmp_path / "copy.db", put_back)
    finally:
        await ana.desk.close()
    assert await asyncio.to_thread(company.stop) == 0
    assert first_lines(customer) == Counter(dict.fromkeys(REPLIES, 1))


async def _play(
    company: Company,
    ana: Agent,
    senders: list[str],
    known: tuple[str, str],
    copy: Path,
    put_back: Callable[[], None],
) -> None:
    """Copy, go on, lose the database, take the copy up, and see what the desk makes of it."""
    first, second = known
    await has(company, first, await ana.reply(first, "before the copy", senders[0]), "sent")
    copied = threading.Event()
    company.smtp.faults.on_data = partial(copied.wait, 120)
    leaving = await ana.reply(second, "leaving as the copy is made", senders[1])
    await has(company, second, leaving, "sending")
    backup = ("admin", "--database", company.database, "backup", str(copy))
    said = await asyncio.to_thread(company.programs.run, *backup)
    assert str(copy) in said
    assert ".key" in said
    company.smtp.faults.on_data = None
    copied.set()
    await has(company, second, leaving, "sent")

    later = await ana.reply(first, "after the copy", senders[0])
    await has(company, first, later, "sent")
    write(company.mailbox, senders[2], "Letter 2")
    third = (await conversations(company, 3))["Letter 2"]
    await has(company, third, await ana.reply(third, "to somebody new", senders[2]), "sent")
    await asyncio.to_thread(company.stop)
    offline = await ana.reply(second, "written while it was away", senders[1])
    draft = Draft(conversation_id=UUID(first), mode="reply", text="half a sent")
    await ana.desk.save_draft(draft)
    await ana.desk.close()

    await asyncio.to_thread(put_back)
    await asyncio.to_thread(_take_up, company)
    await asyncio.to_thread(company.start)
    await ana.open()
    await has(company, second, offline, "sent")
    await has(company, second, leaving, "sent")
    await has(company, first, later, "sent")
    await until(lambda: ana.desk.status.waiting == 0, what="the outbox is through")
    kept = await ana.desk.draft(UUID(first), "reply")
    assert kept is not None
    assert kept.text == "half a sent"
    texts = {row.text for row in (await ana.desk.timeline(UUID(first))).messages}
    assert {"Hi", "before the copy", "after the copy"} <= {text.strip() for text in texts}
    again = (await conversations(company, 3))["Letter 2"]  # read from the mailbox once more
    assert (await ana.desk.conversation(UUID(again))) is not None
