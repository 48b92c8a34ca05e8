"""Back-ups made while the server works, and taking one up again without sending anything twice."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, func, literal, select, update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.postgres import PostgresServer
from tests.helpers.until import until
from tests.server.test_delivery import conversation_of

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.ids import new_id
from agentdesk.commands.values import Envelope, RetryDelivery, SendReply
from agentdesk.domain.party import Party
from agentdesk.server import backup, leases, restore, timeline
from agentdesk.server.leases import Lease, LeaseLost
from agentdesk.store.engine import Database
from agentdesk.store.tables import (
    delivery_attempt,
    inbox,
    lease,
    message,
    outbox,
    search_entry,
    server_info,
)
from agentdesk.sync.changelog import COPIED_NAME, NotAdopted, ensure_epoch


def quiet(_seconds: float) -> None:
    """Nobody is to be told."""


async def _put_in_state(world: FakeWorld, message_id: UUID, outbox_state: str, delivery: str) -> None:
    async with world.db.write() as conn:
        await conn.execute(update(outbox).where(outbox.c.message_id == message_id).values(state=outbox_state))
        await conn.execute(update(message).where(message.c.id == message_id).values(delivery=delivery))


async def _forget(world: FakeWorld, message_id: UUID) -> None:
    """Have the database know nothing of an answer."""
    async with world.db.write() as conn:
        for table in (delivery_attempt, outbox, search_entry):
            await conn.execute(delete(table).where(table.c.message_id == message_id))
        await conn.execute(delete(message).where(message.c.id == message_id))


async def _names(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as copy:
        return [name for (name,) in copy.execute("SELECT name FROM inbox ORDER BY name")]


async def test_a_copy_is_consistent_while_rows_are_written(migrated_sqlite_url: str, tmp_path: Path) -> None:
    db = Database(migrated_sqlite_url)
    writing = asyncio.Event()
    stop = asyncio.Event()

    async def write() -> int:
        written = 0
        while not stop.is_set():
            async with db.write() as conn:  # always two that belong together
                rows = [
                    {"id": new_id(), "name": f"{written:06} {side}", "everyone": True, "ver": 1}
                    for side in "ab"
                ]
                moment = {"created_at": clock.now(), "updated_at": clock.now()}
                known = [{k: v for k, v in {**row, **moment}.items() if k in inbox.c} for row in rows]
                await conn.execute(inbox.insert(), known)
            written += 1
            if written == 5:
                writing.set()
        return written

    task = asyncio.ensure_future(write())
    try:
        await writing.wait()
        target = tmp_path / "copy.db"
        assert await backup.back_up(db, target) == target.stat().st_size
    finally:
        stop.set()
        written = await task
    await db.close()
    names = await _names(target)
    assert 10 <= len(names) <= 2 * written
    assert len(names) % 2 == 0
    assert target.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.glob("copy.db*")] == ["copy.db"]


async def test_it_overwrites_nothing_and_leaves_nothing_half(migrated_url: str, tmp_path: Path) -> None:
    db = Database(migrated_url)
    there = tmp_path / "there"
    there.write_text("mine")
    with pytest.raises(Invalid):
        await backup.back_up(db, there)
    with pytest.raises(Invalid):
        await backup.back_up(db, tmp_path / "nowhere" / "copy")
    with pytest.raises(AgentDeskError):
        await backup.back_up(Database(f"sqlite:///{tmp_path / 'none.db'}"), tmp_path / "copy")
    assert there.read_text() == "mine"
    assert not (tmp_path / "none.db").exists()
    assert not list(tmp_path.glob("*.part"))
    assert not (tmp_path / "copy").exists()
    await db.close()


async def test_postgresql_is_copied_by_its_own_program_and_comes_back(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    name, other = postgres.create_database(), postgres.create_database()
    db = Database(postgres.url(name))
    await db.migrate()
    async with db.write() as conn:
        before = await ensure_epoch(conn)
    target = tmp_path / "copy.dump"
    assert await backup.back_up(db, target) > 0
    subprocess.run(["pg_restore", "--dbname", postgres.url(other), "--no-owner", str(target)], check=True)
    restored = Database(postgres.url(other))
    with pytest.raises(NotAdopted):
        async with restored.write() as conn:
            await ensure_epoch(conn)
    done = await restore.adopt_restore(restored, quiet)
    assert done.epoch != before
    async with restored.write() as conn:
        assert await ensure_epoch(conn) == done.epoch
    await db.close()
    await restored.close()
    postgres.drop_database(name)
    postgres.drop_database(other)


async def test_without_pg_dump_the_exact_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    db = Database("postgresql://ada:secret@db.test/desk")
    with pytest.raises(AgentDeskError) as told:
        await backup.back_up(db, tmp_path / "desk.dump")
    hint = str(told.value.hint)
    assert f"pg_dump --format=custom --no-owner --file={tmp_path / 'desk.dump'}" in hint
    assert "postgresql://ada@db.test/desk" in hint
    assert "secret" not in hint
    assert not list(tmp_path.iterdir())


async def test_a_server_does_not_start_on_a_copy_that_nobody_adopted(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    db = Database(migrated_sqlite_url)
    target = tmp_path / "copy.db"
    await backup.back_up(db, target)
    async with db.write() as conn:
        await ensure_epoch(conn)  # the original is none
    await db.close()
    copy = Database(f"sqlite:///{target}")
    with pytest.raises(NotAdopted):
        async with copy.write() as conn:
            await ensure_epoch(conn)
    first = await restore.adopt_restore(copy, quiet)
    async with copy.write() as conn:
        assert await ensure_epoch(conn) == first.epoch
    await copy.close()


@pytest.mark.parametrize(
    ("outbox_state", "delivery"),
    [("queued", "queued"), ("sending", "sending"), ("verify", "verify"), ("done", "uncertain")],
)
async def test_whatever_may_have_gone_out_is_looked_up_and_not_sent_again(
    world: FakeWorld, outbox_state: str, delivery: str
) -> None:
    core = await world.started()
    conversation_id = await conversation_of(world, core)
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    await core.stop()
    await _put_in_state(world, message_id, outbox_state, delivery)
    done = await restore.adopt_restore(world.db, quiet)
    assert done.looked_up == 1
    assert (await world.delivered(message_id, "verify")).delivery_detail["text"].startswith("The database")
    await world.started()
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1


async def test_what_is_proven_absent_goes_out(world: FakeWorld) -> None:
    core = await world.started()
    conversation_id = await conversation_of(world, core)
    await core.stop()
    message_id = await world.reply(core, conversation_id)
    assert (await restore.adopt_restore(world.db, quiet)).looked_up == 1
    assert world.service.sent == []
    await world.started()
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
async def test_what_a_standby_calls_unsent_is_looked_up_though_nobody_has_said_so(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = await world.started()
    conversation_id = await conversation_of(world, core)
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    await core.stop()
    await _put_in_state(world, message_id, "queued", "queued")  # as a standby knows it that lags behind
    another = literal("00000009")
    monkeypatch.setattr(timeline, "_NOW_AND_TIMELINE", select(func.clock_timestamp(), another))
    monkeypatch.setattr(leases, "_MINE_AND_TIMELINE", leases._mine(leases._NOW, another.label("timeline")))
    await world.started("two")
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1


async def test_a_retry_that_is_offered_again_is_looked_up(world: FakeWorld) -> None:
    core = await world.started()
    conversation_id = await conversation_of(world, core)
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    await _put_in_state(world, message_id, "done", "failed")  # as an older copy knows it
    retry = Envelope(id=new_id(), command=RetryDelivery(message_id), issued_at=clock.now(), again=True)
    assert (await core.executor.execute(retry, world.maria)).outcome == "done"
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1


async def test_an_answer_that_is_offered_again_is_looked_up_whatever_is_newer(world: FakeWorld) -> None:
    core = await world.started()
    conversation_id = await conversation_of(world, core)
    issued_at = clock.now()
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    await _forget(world, message_id)  # the copy is from before it
    world.service.put(raw_mail(id="m2@x.example", refs=["m1@x.example"], text="One more thing"))
    await world.settled(2)
    reply = SendReply(
        message_id=message_id,
        conversation_id=conversation_id,
        to=(Party("email", "alice@customer.example"),),
        text="We look into it.",
        seen_message_id=new_id(),  # what it answers was lost too, and has come again as another one
    )
    again = Envelope(id=new_id(), command=reply, issued_at=issued_at, again=True)
    answer = await core.executor.execute(again, world.maria)
    assert answer.outcome == "done", answer
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1


async def test_a_server_that_works_is_not_robbed(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "_LOOK_SECONDS", 0.02)
    held = Lease(world.db, "account:x", "other:1", seconds=20)
    assert await held.acquire()
    waiting: list[float] = []
    adopting = asyncio.ensure_future(restore.adopt_restore(world.db, waiting.append))
    await until(lambda: waiting, what="it waits for the lease")
    await held.renew()
    with pytest.raises(restore.ServerWorks):
        await adopting
    await held.still_ours()
    async with world.db.write() as conn:  # it dies
        await conn.execute(update(lease).values(expires_at=clock.now() - timedelta(seconds=60)))
    assert (await restore.adopt_restore(world.db, waiting.append)).leases == 1
    with pytest.raises(LeaseLost):
        await held.still_ours()
    token = held.token
    later = Lease(world.db, "account:x", "other:2")
    assert await later.acquire()
    assert later.token > token + 1


async def test_adopting_twice_is_harmless(world: FakeWorld) -> None:
    one = await restore.adopt_restore(world.db, quiet)
    two = await restore.adopt_restore(world.db, quiet)
    assert one.epoch != two.epoch
    async with world.db.read() as conn:
        assert await conn.scalar(select(server_info.c.value).where(server_info.c.name == COPIED_NAME)) is None
