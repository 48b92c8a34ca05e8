"""Opening a conversation with a sensitive customer is written down at the server, or comes there later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, select

from agentdesk.commands.values import MarkContact
from agentdesk.domain.team import Role
from agentdesk.server import privacy
from agentdesk.store.engine import Database
from agentdesk.store.tables import audit_entry, contact, conversation
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from tests.helpers.until import until
from tests.sync.world import Site, World


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    made = Site(world)
    await made.start()
    yield made
    await made.stop()


async def readings(db: Database) -> list[Row[Any]]:
    wanted = select(audit_entry).where(audit_entry.c.kind == "read").order_by(audit_entry.c.seq)
    async with db.read() as conn:
        return list((await conn.execute(wanted)).all())


async def mark(world: World, conversation_id: UUID) -> None:
    async with world.db.read() as conn:
        whose = select(conversation.c.contact_id).where(conversation.c.id == conversation_id)
        contact_id = (await conn.execute(whose)).scalar_one()
    await privacy.do(world.db, MarkContact(contact_id=contact_id, sensitive=True))
    world.bell.ring()


async def test_only_marked_customers_are_noted_and_one_reading_once(
    world: World, site: Site, tmp_path: Path
) -> None:
    me = await world.add_user("ada", Role.AGENT)
    marked, plain = await world.mail("marked"), await world.mail("plain")
    await mark(world, marked)
    desk = LocalDesk(tmp_path / "ada", site.url, "ada")
    await desk.start()
    try:
        await until(lambda: desk.status.link is Link.SYNCED)
        for place in (plain, marked, None, plain, marked):
            desk.be_at(place)

        async def noted() -> bool:
            return bool(await readings(world.db)) and not await desk.waiting()

        await until(noted)
    finally:
        await desk.close()
    (entry,) = await readings(world.db)
    assert (entry.what, entry.user_id, entry.conversation_id) == ("note_read", me, marked)
    assert "read_at" in entry.data


async def test_a_reading_without_a_connection_comes_later(world: World, site: Site, tmp_path: Path) -> None:
    await world.add_user("ada")
    marked = await world.mail("marked")
    await mark(world, marked)
    desk = LocalDesk(tmp_path / "ada", site.url, "ada")
    await desk.start()
    await until(lambda: desk.status.link is Link.SYNCED)
    await desk.close()

    offline = LocalDesk(tmp_path / "ada", "http://127.0.0.1:9", "ada")
    await offline.start()
    offline.be_at(marked)

    async def kept() -> bool:
        return len(await offline.waiting()) == 1

    await until(kept)
    await offline.close()
    assert await readings(world.db) == []
    desk = LocalDesk(tmp_path / "ada", site.url, "ada")
    await desk.start()

    async def noted() -> bool:
        return len(await readings(world.db)) == 1

    await until(noted)
    await desk.close()
    async with world.db.read() as conn:
        assert (await conn.execute(select(contact.c.sensitive))).scalar_one() is True
