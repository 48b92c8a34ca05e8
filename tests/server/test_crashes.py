"""Crashes: wherever the server dies, the next start loses nothing and repeats nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply
from agentdesk.domain.party import Party
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseGone, gone
from agentdesk.store.tables import delivery_attempt, ingest_ledger, raw_item


class DyingDatabase(Database):
    """Dies at its ``dies_at``-th writing transaction, right before or right after the commit; from then on
    nothing can be read or written, as if the process had been killed."""

    def __init__(self, url: str, dies_at: int, after_commit: bool) -> None:
        super().__init__(url)
        self._left = dies_at
        self._after_commit = after_commit
        self.dead = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        if self.dead:
            raise gone()
        self._left -= 1
        last = self._left == 0
        async with super().write() as conn:
            yield conn
            if last and not self._after_commit:
                self.dead = True
                raise gone()
        if last:
            self.dead = True
            raise gone()

    @asynccontextmanager
    async def read(self, *, snapshot: bool = False) -> AsyncIterator[AsyncConnection]:
        if self.dead:
            raise gone()
        async with super().read(snapshot=snapshot) as conn:
            yield conn


MAILS = [
    raw_mail(id="m1@x.example", text="one"),
    raw_mail(id="m2@x.example", refs=["m1@x.example"], text="two", files=[["a.txt", "content"]]),
    raw_mail("bob@x.example", id="m3@x.example", text="three"),
    raw_mail(id="m4@x.example", trouble="unreadable"),
    raw_mail(id="m1@x.example", text="one"),
]


async def live_until_dead(world: FakeWorld, dying: DyingDatabase, message_id: object) -> None:
    """Take mails in and answer one, on a database that dies in between."""
    real, world.db = world.db, dying
    core = world.core("one")
    world.db = real
    await core.start()
    asked = False

    async def over() -> bool:
        nonlocal asked
        if dying.dead:
            return True
        messages = await world.messages()
        if messages and not asked:
            asked = True
            answer = await world.do(core, _answer(messages[0].conversation_id, message_id))
            asked = answer.outcome == "done"
        items = await world.rows(raw_item)
        done = len(items) == len(MAILS) and all(item.state != "new" for item in items)
        return done and any(m.delivery == "sent" for m in messages)

    await until(over, timeout=30, what="the end of the scenario")
    await core.stop()
    await dying.close()


def _answer(conversation_id: object, message_id: object) -> SendReply:
    return SendReply(
        message_id=message_id,  # type: ignore[arg-type]
        conversation_id=conversation_id,  # type: ignore[arg-type]
        to=(Party("email", "alice@customer.example"),),
        text="We look into it.",
    )


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("dies_at", [*range(1, 12), 13, 16, 19])
async def test_wherever_the_database_dies_nothing_is_lost_or_doubled(
    world: FakeWorld, dies_at: int, after_commit: bool
) -> None:
    world.service.portion = 2
    for raw in MAILS:
        world.service.put(raw)
    message_id = new_id()
    await live_until_dead(
        world, DyingDatabase(world.db.url.render_as_string(False), dies_at, after_commit), message_id
    )

    core = await world.started("one")  # the same data folder: its leases are taken back at once
    await world.settled(len(MAILS))
    recorded = [m for m in await world.messages() if m.direction == "in"]
    assert sorted(m.text for m in recorded) == ["", "one", "three", "two"]
    assert len(await world.conversations()) == 3
    assert sorted(item.state for item in await world.rows(raw_item)) == [
        "done",
        "done",
        "done",
        "duplicate",
        "quarantined",
    ]
    assert len(await world.rows(ingest_ledger, order=ingest_ledger.c.key_hash)) == 3

    first = next(m for m in recorded if m.text == "one")
    answer = await world.do(core, _answer(first.conversation_id, message_id))
    assert answer.outcome == "done"
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1
    assert all(row.ended_at for row in await world.rows(delivery_attempt))


async def test_a_full_or_missing_database_is_waited_for(world: FakeWorld) -> None:
    """The database goes away for a while and comes back: everything goes on by itself."""
    dying = DyingDatabase(world.db.url.render_as_string(False), 6, False)
    real, world.db = world.db, dying
    core = world.core("one")
    world.db = real
    for raw in MAILS:
        world.service.put(raw)
    await core.start()
    await until(lambda: dying.dead, what="the database to be gone")
    await asyncio.sleep(0.05)
    dying.dead = False
    await world.settled(len(MAILS))
    assert len(await world.conversations()) == 3
    await core.stop()
    await dying.close()


def test_the_error_is_the_one_that_real_databases_raise() -> None:
    assert isinstance(gone(), DatabaseGone)
