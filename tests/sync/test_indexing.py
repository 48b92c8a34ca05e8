"""What comes in large numbers is there first and findable soon after, whatever happens between."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, select

from agentdesk.store.tables import conversation, message, search_entry
from agentdesk.store.unit import ServerUnit
from agentdesk.sync import replica_index
from agentdesk.sync.desk import Link
from agentdesk.sync.indexing import Indexer
from agentdesk.sync.local import LocalDesk
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, Site, World

MANY = 160


async def _many_messages(world: World) -> UUID:
    conversation_id = await world.mail("The first one")

    async def work(unit: ServerUnit) -> None:
        for number in range(MANY):
            await world.new_message(unit, conversation_id, f"letter{number}")

    await world.write(work)
    return conversation_id


async def _filled(world: World, new_desk: NewDesk) -> SimDesk:
    await world.add_user("ada")
    await _many_messages(world)
    desk = await new_desk("ada")
    await desk.connect()
    await desk.synced.wait()
    return desk


async def _indexed(desk: SimDesk) -> int:
    async with desk.replica.read() as conn:
        return len((await conn.scalars(select(search_entry.c.id))).all())


async def test_a_filled_desk_finds_everything_soon(world: World, tmp_path: Path) -> None:
    await world.add_user("ada")
    conversation_id = await _many_messages(world)
    site = Site(world)
    await site.start()
    desk = LocalDesk(tmp_path / "desk", site.url, "ada")
    try:
        await desk.start()
        await until(lambda: desk.status.link is Link.SYNCED)
        for word in ("letter0", "letter77", f"letter{MANY - 1}", "first"):

            async def found(word: str = word) -> bool:
                return await desk.search(word) == [conversation_id]

            await until(found, what=f"{word} to be findable")
    finally:
        await desk.close()
        await site.stop()


async def test_many_are_only_noted_and_a_restart_goes_on(world: World, new_desk: NewDesk) -> None:
    desk = await _filled(world, new_desk)
    assert await _indexed(desk) == 0
    async with desk.replica.write() as conn:
        assert await replica_index.add_waiting(conn, 60) == 60
    await desk.reopen()
    assert await _indexed(desk) == 60
    indexer = asyncio.create_task(Indexer(desk.replica).run())

    async def all_there() -> bool:
        return await _indexed(desk) == MANY + 1

    await until(all_there)
    indexer.cancel()
    await asyncio.gather(indexer, return_exceptions=True)


async def test_what_has_gone_meanwhile_is_not_indexed(world: World, new_desk: NewDesk) -> None:
    desk = await _filled(world, new_desk)
    async with desk.replica.write() as conn:
        await conn.execute(delete(message).where(message.c.text != "letter5"))
        while await replica_index.add_waiting(conn, 50):
            pass
    assert await _indexed(desk) == 1


async def test_a_desk_that_is_emptied_forgets_what_it_noted(world: World, new_desk: NewDesk) -> None:
    desk = await _filled(world, new_desk)
    async with desk.replica.write() as conn:
        await replica_index.empty(conn)
        assert await replica_index.add_waiting(conn, 50) == 0
        assert (await conn.scalars(select(conversation.c.id))).all()
