"""Troubles of every day, with real servers: each is told in a sentence and heals by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, func, select
from tests.conftest import NewMailbox
from tests.helpers.company import write
from tests.helpers.dovecot import DovecotServer, Mailbox
from tests.helpers.fake_connector import FakeService
from tests.helpers.fake_world import FakeWorld
from tests.helpers.postgres import PostgresServer
from tests.helpers.processes import resident_megabytes
from tests.helpers.smtp import Cut, Faults, SmtpServer
from tests.helpers.until import until

from agentdesk.base.secrets import Vault
from agentdesk.commands.values import RetryDelivery
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_channel, add_inbox, add_user, change_channel, set_paused
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import account_state, conversation, message
from agentdesk_connectors.email.connector import EmailAccount

GRACE = "grace@customer.test"

MakeDesk = Callable[..., Awaitable["Desk"]]


class Desk(FakeWorld):
    """A server's core over one real mailbox."""

    async def state(self) -> Row[Any]:
        """How the account is doing."""
        return (await self.rows(account_state))[0]

    async def comes_to(self, state: str) -> Row[Any]:
        """Wait until the account is in ``state``, and return how it is doing."""

        async def there() -> Row[Any] | None:
            now = await self.state()
            return now if now.state == state else None

        return await until(there, what=f"state {state}")

    async def subjects(self, count: int, timeout: float = 30) -> list[str]:
        """Wait until ``count`` customers' messages are there, and return their subjects, sorted."""

        async def there() -> list[str] | None:
            try:
                found = await self.rows(message, message.c.direction == "in")
            except DatabaseError:
                return None
            return sorted(row.subject for row in found) if len(found) >= count else None

        return await until(there, timeout, what=f"{count} messages")

    async def set_settings(self, **changed: object) -> None:
        """Change settings as a person does who mends them; ``__`` stands for a dot."""
        given = {key.replace("__", "."): str(value) for key, value in changed.items()}
        await change_channel(self.db, self.vault, "Mail", given, {})


@pytest.fixture
async def make_desk(
    tmp_path: Path, mailbox: Mailbox, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MakeDesk]:
    monkeypatch.setattr(EmailAccount, "settle_seconds", 0.5)
    made: list[Desk] = []

    async def make(url: str = "", password: str | None = None, **changed: object) -> Desk:
        db = Database(url or f"sqlite:///{tmp_path / 'desk.db'}")
        await db.migrate()
        vault = Vault.at(tmp_path / "key")
        settings = {
            "address": mailbox.address,
            "imap.host": mailbox.host,
            "imap.port": mailbox.port,
            "imap.security": "none",
            "smtp.host": "127.0.0.1",
            "smtp.port": smtp_server.port,
            "smtp.security": "none",
            "history": "all",
            **{key.replace("__", "."): value for key, value in changed.items()},
        }
        given = {key: str(value) for key, value in settings.items()}
        secrets = {"password": mailbox.password if password is None else password}
        inbox_id = await add_inbox(db, "Support")
        account_id = await add_channel(db, vault, "email", "Support", "Mail", given, secrets)
        user_id = await add_user(db, "maria@desk.example", "Maria", Role.AGENT, "long enough")
        made.append(Desk(db, vault, tmp_path, inbox_id, account_id, FakeService(), user_id))
        await made[-1].started()
        return made[-1]

    yield make
    for desk in made:
        await desk.close()


async def answered(desk: Desk, mailbox: Mailbox, customer: Mailbox) -> Any:
    """A customer writes and Maria answers; returns the id of the answer."""
    write(mailbox, customer.address, "A question")
    await desk.subjects(1)
    (row,) = await desk.conversations()
    return await desk.reply(desk.cores[0], row.id, to=(Party("email", customer.address),))


# --- receiving ---


async def test_a_wrong_password_is_told_and_the_right_one_works(
    make_desk: MakeDesk, mailbox: Mailbox, migrated_url: str
) -> None:
    write(mailbox, GRACE, "Waiting")
    desk = await make_desk(migrated_url, password="wrong")
    state = await desk.comes_to("auth_failed")
    assert "password" in state.problem["text"]
    assert state.remedy
    await change_channel(desk.db, desk.vault, "Mail", {}, {"password": mailbox.password})
    assert await desk.subjects(1) == ["Waiting"]
    state = await desk.comes_to("ok")
    assert state.problem is None
    await set_paused(desk.db, "Mail", True)
    await desk.comes_to("paused")
    write(mailbox, GRACE, "While paused")
    await set_paused(desk.db, "Mail", False)
    assert await desk.subjects(2) == ["Waiting", "While paused"]


async def test_a_certificate_nobody_vouches_for_is_refused(make_desk: MakeDesk, mailbox: Mailbox) -> None:
    write(mailbox, GRACE, "Waiting")
    desk = await make_desk(imap__security="tls", imap__port=mailbox.tls_port)
    state = await desk.comes_to("unreachable")
    assert "certificate" in state.problem["text"]
    assert "authority" in state.remedy["text"]
    assert await desk.messages() == []
    await desk.set_settings(tls__ca_file=str(mailbox.certificate_authority))
    assert await desk.subjects(1) == ["Waiting"]


async def test_an_unknown_host_is_told(make_desk: MakeDesk, mailbox: Mailbox) -> None:
    write(mailbox, GRACE, "Waiting")
    desk = await make_desk(imap__host="no.such.host.invalid")
    state = await desk.comes_to("unreachable")
    assert state.problem["args"]["host"] == "no.such.host.invalid"
    assert state.remedy
    await desk.set_settings(imap__host=mailbox.host)
    assert await desk.subjects(1) == ["Waiting"]


async def test_mail_that_came_while_the_mail_server_was_away_arrives(
    make_desk: MakeDesk, mailbox: Mailbox, dovecot: DovecotServer
) -> None:
    desk = await make_desk()
    write(mailbox, GRACE, "Before")
    await desk.subjects(1)
    dovecot.stop()
    try:
        await desk.comes_to("unreachable")
        write(mailbox, GRACE, "Meanwhile")
    finally:
        dovecot.start()
    assert await desk.subjects(2) == ["Before", "Meanwhile"]
    await desk.comes_to("ok")
    write(mailbox, GRACE, "Later")
    assert await desk.subjects(3) == ["Before", "Later", "Meanwhile"]


async def test_a_mailbox_that_vanished_is_read_again_when_it_is_back(
    make_desk: MakeDesk, mailbox: Mailbox, dovecot: DovecotServer
) -> None:
    desk = await make_desk()
    write(mailbox, GRACE, "Before")
    await desk.subjects(1)
    mailbox.remove()
    dovecot.stop()
    dovecot.start()
    await desk.comes_to("auth_failed")
    write(mailbox, GRACE, "Meanwhile")
    dovecot.add_user(mailbox.user, mailbox.password)
    assert await desk.subjects(2) == ["Before", "Meanwhile"]
    await desk.comes_to("ok")


# --- sending ---


async def test_a_reply_waits_for_the_mail_server_and_goes_out_once(
    make_desk: MakeDesk, mailbox: Mailbox, new_mailbox: NewMailbox, smtp_server: SmtpServer
) -> None:
    customer = new_mailbox()
    desk = await make_desk()
    smtp_server.stop()
    message_id = await answered(desk, mailbox, customer)

    async def tried() -> bool:
        return bool((await desk.outbox_of(message_id)).attempts >= 2)

    await until(tried, what="two attempts")
    smtp_server.start()
    await desk.delivered(message_id, "sent")
    assert len(customer.messages()) == len(smtp_server.received) == 1


async def test_a_refused_reply_shows_the_servers_words_and_can_be_sent_again(
    make_desk: MakeDesk, mailbox: Mailbox, new_mailbox: NewMailbox, smtp_server: SmtpServer
) -> None:
    customer = new_mailbox()
    desk = await make_desk()
    smtp_server.faults = Faults(recipient_replies={"*": "550 5.7.1 your purple domain is listed"})
    message_id = await answered(desk, mailbox, customer)
    failed = await desk.delivered(message_id, "failed")
    assert "purple" in str(failed.delivery_detail)
    smtp_server.heal()
    await desk.do(desk.cores[0], RetryDelivery(message_id=message_id))
    await desk.delivered(message_id, "sent")
    assert len(customer.messages()) == 1


@pytest.mark.parametrize(
    ("fault", "keeps_copies"),
    [
        (Faults(times=1, cut=Cut.AFTER_DATA), True),
        (Faults(times=1, cut=Cut.AFTER_DATA), False),
        (Faults(times=1, silent_after_data=True), True),
    ],
    ids=["cut and copied", "cut", "silent and copied"],
)
async def test_a_reply_whose_confirmation_is_lost_never_goes_out_twice(
    fault: Faults,
    keeps_copies: bool,
    make_desk: MakeDesk,
    mailbox: Mailbox,
    new_mailbox: NewMailbox,
    smtp_server: SmtpServer,
) -> None:
    customer = new_mailbox()
    smtp_server.saves_sent = keeps_copies
    smtp_server.faults = replace(fault)
    desk = await make_desk()
    message_id = await answered(desk, mailbox, customer)
    await desk.delivered(message_id, "sent" if keeps_copies else "uncertain")
    assert len(customer.messages()) == smtp_server.transfers == 1


# --- the database, and very much at once ---


async def test_nothing_is_lost_while_the_database_is_away(
    postgres: PostgresServer, postgres_url: str, make_desk: MakeDesk, mailbox: Mailbox
) -> None:
    desk = await make_desk(postgres_url)
    await desk.comes_to("ok")
    subjects = [f"Letter {number:02}" for number in range(30)]
    for number, subject in enumerate(subjects):
        write(mailbox, f"customer{number}@shop.test", subject)
        if number == 10:
            await desk.subjects(1)
            await asyncio.to_thread(postgres.stop)
        if number == 20:
            await asyncio.to_thread(postgres.start)
        await asyncio.sleep(0)
    assert await desk.subjects(30, 60) == subjects
    await desk.comes_to("ok")


async def test_a_thousand_at_once_are_all_there_once(make_desk: MakeDesk, mailbox: Mailbox) -> None:
    text = "Where is my parcel? " * 1_000
    for number in range(1_000):
        write(mailbox, f"customer{number}@shop.test", f"Letter {number:04}", text)
    before = resident_megabytes()
    desk = await make_desk()
    found = await desk.subjects(1_000, 120)
    assert found == [f"Letter {number:04}" for number in range(1_000)]
    async with desk.db.read() as conn:
        assert await conn.scalar(select(func.count()).select_from(conversation)) == 1_000
    assert resident_megabytes() - before < 200
