"""The server's database is lost and an older copy put in its place: no reply goes out twice, none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from uuid import UUID

from tests.conftest import NewCompany, NewMailbox
from tests.helpers.company import Company, customer_address, first_lines, write
from tests.helpers.until import until, until_sync

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply
from agentdesk.domain.party import Party
from agentdesk.sync.desk import Draft, Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in

REPLIES = (
    "before the copy",
    "leaving as the copy is made",
    "after the copy",
    "to somebody new",
    "written while it was away",
)


class Agent:
    """Ana at a desk that keeps its folder when it is opened again."""

    desk: LocalDesk

    def __init__(self, company: Company, folder: Path, token: str) -> None:
        self._company, self._folder, self._token = company, folder, token

    async def open(self) -> None:
        """Connect to where the server is now."""
        self.desk = LocalDesk(self._folder, self._company.address, self._token)
        await self.desk.start()
        await until(lambda: self.desk.status.link is Link.SYNCED, what="the desk is in step")

    async def reply(self, conversation_id: str, text: str, to: str) -> str:
        """Answer once the conversation has come to the desk; returns the message's id."""
        here = UUID(conversation_id)

        async def has_come() -> bool:
            return await self.desk.conversation(here) is not None

        await until(has_come, what="the conversation has come to the desk")
        message_id = new_id()
        party = (Party("email", to, ""),)
        command = SendReply(message_id=message_id, conversation_id=here, to=party, text=text)
        await self.desk.do(command)
        return str(message_id)


async def _conversations(company: Company, count: int) -> dict[str, str]:
    """Ids by subject, once there are ``count``."""
    rows = await asyncio.to_thread(company.wait_for_conversations, count)
    return {row["subject"]: row["id"] for row in rows}


async def _has(company: Company, conversation_id: str, message_id: str, state: str) -> None:
    """Wait until a message has come to the server, and there to ``state``."""
    await asyncio.to_thread(company.wait_for_delivery, conversation_id, message_id, state)


def _put_copy_in_place(company: Company, copy: Path, database: Path) -> None:
    """What the operator does, and what the program says until the copy is adopted."""
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    database.write_bytes(copy.read_bytes())
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
    new_company: NewCompany, sqlite_url: str, tmp_path: Path, new_mailbox: NewMailbox
) -> None:
    customer = new_mailbox()
    company = new_company(sqlite_url)
    company.start()
    senders = [customer_address(customer, number) for number in range(3)]
    for number in (0, 1):
        write(company.mailbox, senders[number], f"Letter {number}")
    known = await _conversations(company, 2)
    first, second = known["Letter 0"], known["Letter 1"]
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    ana = Agent(company, tmp_path / "desk", token)
    await ana.open()
    try:
        await _play(company, ana, senders, (first, second), tmp_path)
    finally:
        await ana.desk.close()
    assert await asyncio.to_thread(company.stop) == 0
    assert first_lines(customer) == Counter(dict.fromkeys(REPLIES, 1))


async def _play(
    company: Company, ana: Agent, senders: list[str], known: tuple[str, str], folder: Path
) -> None:
    """Copy, go on, lose the database, take the copy up, and see what the desk makes of it."""
    first, second = known
    await _has(company, first, await ana.reply(first, "before the copy", senders[0]), "sent")
    company.smtp.faults.byte_delay = 0.05
    leaving = await ana.reply(second, "leaving as the copy is made", senders[1])
    await _has(company, second, leaving, "sending")
    copy = folder / "copy.db"
    backup = ("admin", "--database", company.database, "backup", str(copy))
    said = await asyncio.to_thread(company.programs.run, *backup)
    assert str(copy) in said
    assert "agentdesk.db.key" in said
    company.smtp.faults.byte_delay = 0.0
    await _has(company, second, leaving, "sent")

    later = await ana.reply(first, "after the copy", senders[0])
    await _has(company, first, later, "sent")
    write(company.mailbox, senders[2], "Letter 2")
    third = (await _conversations(company, 3))["Letter 2"]
    await _has(company, third, await ana.reply(third, "to somebody new", senders[2]), "sent")
    await asyncio.to_thread(company.stop)
    offline = await ana.reply(second, "written while it was away", senders[1])
    draft = Draft(conversation_id=UUID(first), mode="reply", text="half a sent")
    await ana.desk.save_draft(draft)
    await ana.desk.close()

    await asyncio.to_thread(_put_copy_in_place, company, copy, folder / "agentdesk.db")
    await asyncio.to_thread(company.start)
    await ana.open()
    await _has(company, second, offline, "sent")
    await _has(company, second, leaving, "sent")
    await _has(company, first, later, "sent")
    await until(lambda: ana.desk.status.waiting == 0, what="the outbox is through")
    kept = await ana.desk.draft(UUID(first), "reply")
    assert kept is not None
    assert kept.text == "half a sent"
    texts = {row.text for row in (await ana.desk.timeline(UUID(first))).messages}
    assert {"Hi", "before the copy", "after the copy"} <= {text.strip() for text in texts}
    again = (await _conversations(company, 3))["Letter 2"]  # read from the mailbox once more
    assert (await ana.desk.conversation(UUID(again))) is not None
