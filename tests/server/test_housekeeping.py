"""What is dropped in time, and above all what is not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, Envelope, File
from agentdesk.server import housekeeping
from agentdesk.server.auth import Authenticator
from agentdesk.server.housekeeping import ANSWERS_KEPT, UPLOADS_KEPT, keep_house, keep_longer
from agentdesk.store import blobs
from agentdesk.store.base import metadata
from agentdesk.store.engine import Database
from agentdesk.store.tables import (
    applied_command,
    attachment,
    blob,
    change_log,
    chat_file,
    raw_item,
    server_info,
)
from agentdesk.sync.feed import KEPT_DAYS

DAY = timedelta(days=1)


@pytest.fixture
async def desk(world: FakeWorld) -> FakeWorld:
    """A world with one conversation."""
    await world.started()
    world.service.put(raw_mail("ann@customer.test", subject="A question", text="Which?"))
    await world.settled(1)
    return world


async def upload(desk: FakeWorld, content: bytes, age: timedelta) -> str:
    name = blobs.hash_of(content)
    async with desk.db.write() as conn:
        await blobs.put_many(conn, {name: content}, clock.now() - age)
    return name


async def note(desk: FakeWorld, *files: str) -> Envelope:
    (row,) = await desk.conversations()
    attached = tuple(File(id=new_id(), name="a.txt", media_type="text/plain", size=1, blob=f) for f in files)
    command = AddNote(message_id=new_id(), conversation_id=row.id, text="Look.", files=attached)
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    assert (await desk.cores[0].executor.execute(envelope, desk.maria)).outcome == "done"
    return envelope


async def test_uploads_go_that_no_message_uses(desk: FakeWorld) -> None:
    used = await upload(desk, b"used", 30 * DAY)
    await note(desk, used)
    fresh = await upload(desk, b"fresh", UPLOADS_KEPT - DAY)
    renewed = await upload(desk, b"renewed", 30 * DAY)
    unused = await upload(desk, b"unused", UPLOADS_KEPT + DAY)
    async with desk.db.write() as conn:
        mails = set(await conn.scalars(select(raw_item.c.blob)))
        in_use = blob.c.hash.in_({used, *mails})
        await conn.execute(update(blob).where(in_use).values(created_at=clock.now() - 30 * DAY))
        assert await keep_longer(conn, [renewed, "0" * 64]) == 1
    await keep_house(desk.db)
    kept = {row.hash for row in await desk.rows(blob, order=blob.c.hash)}
    assert kept == {used, fresh, renewed} | mails
    assert unused not in kept


async def test_many_unused_uploads_go_in_portions(desk: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "_UPLOADS_AT_ONCE", 3)
    before = len(await desk.rows(blob, order=blob.c.hash))
    for number in range(10):
        await upload(desk, b"%d" % number, 30 * DAY if number % 2 else DAY)
    await keep_house(desk.db)
    assert len(await desk.rows(blob, order=blob.c.hash)) == before + 5


@pytest.mark.parametrize(
    "migrated_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
async def test_an_upload_that_is_used_at_this_moment_stays(desk: FakeWorld) -> None:
    """On PostgreSQL; the writers of a SQLite file take turns."""
    content = b"the very same picture"
    name = await upload(desk, content, 30 * DAY)
    async with desk.db.write() as conn:
        await blobs.put_many(conn, {name: content}, clock.now())
        cleaning = asyncio.ensure_future(keep_house(desk.db))
        while not await _waits_for_lock(desk.db):
            await asyncio.sleep(0.01)
        (mail,) = await desk.rows(raw_item)
        await conn.execute(update(raw_item).where(raw_item.c.id == mail.id).values(blob=name))
    await cleaning
    assert name in {row.hash for row in await desk.rows(blob, order=blob.c.hash)}


async def _waits_for_lock(db: Database) -> bool:
    async with db.read() as conn:
        waiting = "SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND NOT granted"
        return bool((await conn.exec_driver_sql(waiting)).scalar_one())


async def test_every_table_with_files_is_asked(desk: FakeWorld) -> None:
    """Whoever adds a column with hashes must tell the one who drops files without a user."""
    named = {table.name for table in metadata.tables.values() if "blob" in table.c}
    assert named == {attachment.name, chat_file.name, raw_item.name}


async def test_old_answers_go_and_their_repeats_do_no_harm(desk: FakeWorld) -> None:
    old, young = await note(desk), await note(desk)
    async with desk.db.write() as conn:
        values = {"applied_at": clock.now() - ANSWERS_KEPT - DAY}
        await conn.execute(update(applied_command).where(applied_command.c.id == old.id).values(values))
    await keep_house(desk.db)
    assert [row.id for row in await desk.rows(applied_command)] == [young.id]
    before = len(await desk.messages())
    for envelope in (old, young):
        assert (await desk.cores[0].executor.execute(envelope, desk.maria)).outcome == "done"
    assert len(await desk.messages()) == before


async def test_ended_sessions_go_and_tokens_of_programs_stay(desk: FakeWorld) -> None:
    authenticator = Authenticator(desk.db)
    program = await authenticator.issue("api", "shop", None)
    session = await authenticator.issue("session", "maria", desk.user_id, clock.now() + DAY)
    await authenticator.issue("session", "maria", desk.user_id, clock.now() - DAY)
    await keep_house(desk.db)
    async with desk.db.read() as conn:
        tokens = (await conn.exec_driver_sql("SELECT count(*) FROM api_token")).scalar_one()
    assert tokens == 2
    assert await authenticator.user_for(program)
    assert await authenticator.user_for(session)


async def test_the_log_of_changes_is_cut(desk: FakeWorld) -> None:
    await keep_house(desk.db)
    noted = await desk.rows(
        server_info, server_info.c.name.like("change_log_day:%"), order=server_info.c.name
    )
    assert len(noted) == 1
    logged = len(await desk.rows(change_log, order=change_log.c.seq))
    assert logged > 1
    long_ago = (clock.now().date() - timedelta(days=KEPT_DAYS + 1)).isoformat()
    async with desk.db.write() as conn:
        await conn.execute(
            update(server_info)
            .where(server_info.c.name == noted[0].name)
            .values(name=f"change_log_day:{long_ago}")
        )
    await note(desk)
    await keep_house(desk.db)
    left = len(await desk.rows(change_log, order=change_log.c.seq))
    assert 0 < left < logged
