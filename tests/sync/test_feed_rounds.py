"""What the common reader reads from round to round: everything once, whoever has a transaction open."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select, text, update

from agentdesk.base.ids import new_id
from agentdesk.store.engine import Database
from agentdesk.store.tables import change_log, server_info
from agentdesk.store.unit import ServerUnit
from agentdesk.sync import changelog, feed
from agentdesk.sync.changelog import Entry, Reached
from agentdesk.sync.scope import Scope
from agentdesk.sync.subscription import Subscription
from tests.helpers.until import until
from tests.sync.world import World

ON_POSTGRES = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)


class Reader:
    """A desk that only listens, and what is read for it."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read: list[int] = []
        self._world = world
        self.desk = Subscription(new_id(), Scope(None))

        async def counted(conn: object, reached: Reached) -> tuple[list[Entry], Reached]:
            entries, now = await changelog.read_on(conn, reached)  # type: ignore[arg-type]
            self.read += [entry.seq for entry in entries]
            return entries, now

        monkeypatch.setattr(feed, "read_on", counted)

    async def join(self) -> int:
        """Listen from now on; returns the newest entry there is."""
        async with self._world.db.read(snapshot=True) as conn:
            now = await changelog.where_now(conn)
        await self._world.feed.join(self.desk, now, _nothing)
        return now.seq

    async def has_read(self, since: int) -> None:
        """Wait until everything after ``since`` has been read."""

        async def all_of_it() -> bool:
            return set(await _logged(self._world.db, since)) <= set(self.read)

        await until(all_of_it, 5)


async def _nothing(_frames: list[bytes]) -> None:
    raise AssertionError("there was nothing to catch up with")


async def _logged(db: Database, since: int) -> list[int]:
    async with db.read() as conn:
        return list(await conn.scalars(select(change_log.c.seq).where(change_log.c.seq > since)))


@ON_POSTGRES
async def test_beside_an_open_transaction_each_entry_is_read_once(
    world: World, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, other = Reader(world, monkeypatch), Database(migrated_url)
    async with other.write() as conn:
        await conn.execute(text("SELECT pg_current_xact_id()"))
        since = await reader.join()
        for number in range(8):
            await world.mail(f"Letter {number}")
            await reader.has_read(since)
        late = ServerUnit(conn)
        await world.new_conversation(late, "Written all the time")
        await late.flush()
        async with world.db.read() as looking:
            before = await looking.scalar(select(func.max(change_log.c.seq)))
    await world.mail("Written afterwards")
    await reader.has_read(since)
    assert sorted(reader.read) == sorted(await _logged(world.db, since))
    assert max(reader.read) > (before or 0)
    world.feed.leave(reader.desk)
    await other.close()


async def test_the_witness_is_the_newest_entry_that_was_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(world, monkeypatch)
    since = await reader.join()
    await world.mail()
    await reader.has_read(since)
    await until(lambda: reader.desk.position.seq == max(reader.read))
    async with world.db.read(snapshot=True) as conn:
        assert await changelog.still_good(conn, reader.desk.position)
        quiet, after = await changelog.read_on(conn, world.feed._reached)
        assert not quiet
        assert after.position.seq == reader.desk.position.seq
    world.feed.leave(reader.desk)


@ON_POSTGRES
@pytest.mark.parametrize("what_is_done_since", ["little", "more than was lost"])
async def test_a_database_that_goes_back_in_time_sends_all_desks_away(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what_is_done_since: str
) -> None:
    """Also where its transactions have come past the numbers of those that were lost."""
    await world.mail()
    reader = Reader(world, monkeypatch)
    await reader.join()
    if what_is_done_since == "little":
        ahead = world.feed._reached
        world.feed._reached = Reached(ahead.position, ahead.next + 1_000_000)
    else:
        newest = select(func.max(change_log.c.seq)).scalar_subquery()
        async with world.db.write() as conn:
            await conn.execute(delete(change_log).where(change_log.c.seq == newest))
            await conn.execute(update(server_info).where(server_info.c.name == "epoch").values(value="new"))
    world.feed.wake()
    await until(lambda: reader.desk.ended == "closing")
    assert (world.feed.epoch == "new") is (what_is_done_since != "little")
    assert "gone back in time" in caplog.text
