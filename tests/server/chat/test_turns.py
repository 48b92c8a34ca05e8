"""Visitors see their place among those who wait, computed once however many they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from tests.helpers.chat_page import ChatSite, Page
from tests.helpers.until import until
from tests.server.chat.conftest import NewPage

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import SYSTEM
from agentdesk.commands.values import Assign, Envelope
from agentdesk.server.chat import turns, visit
from agentdesk.server.chat.turns import Turn, Turns
from agentdesk.store.tables import conversation


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.05)
    monkeypatch.setattr(visit, "TURN_SECONDS", 0.05)


async def _waits(site: ChatSite, page: Page, count: int) -> None:
    await page.connect()
    await page.write("Is anybody there?")

    async def there() -> bool:
        async with site.db.read() as conn:
            return await conn.scalar(select(func.count()).select_from(conversation)) == count

    await until(there, what="at the desk")


async def test_the_next_one_moves_up_when_somebody_is_taken(site: ChatSite, new_page: NewPage) -> None:
    first, second = new_page(), new_page()
    await _waits(site, first, 1)
    await _waits(site, second, 2)
    assert (await first.came("status", place=1))["minutes"] is None  # nothing was measured
    await second.came("status", place=2)
    rows = await site.rows(conversation, order=conversation.c.waiting_since)
    take = Assign(conversation_id=rows[0].id, assignee_id=site.maria)
    await site.core.executor.execute(Envelope(id=new_id(), command=take, issued_at=clock.now()), SYSTEM)
    await second.came("status", place=1)
    await first.came("status", place=None)


async def test_minutes_are_said_when_enough_was_measured(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await _waits(site, page, 1)
    (row,) = await site.rows(conversation)
    now = row.waiting_since + timedelta(seconds=30)
    answered = dict(row._mapping) | {"first_reply_at": now, "created_at": now - timedelta(minutes=6)}
    answered |= {"status": "resolved", "waiting_since": None, "updated_at": now}
    measured = [{**answered, "id": new_id(), "number": 100 + number} for number in range(5)]
    async with site.db.write() as conn:
        await conn.execute(conversation.insert(), measured[:4])
    assert (await Turns(site.db).compute(row.inbox_id, now))[row.id].minutes is None
    async with site.db.write() as conn:
        await conn.execute(conversation.insert(), measured[4:])
    assert (await Turns(site.db).compute(row.inbox_id, now))[row.id].minutes == 6
    async with site.db.write() as conn:  # long ago
        old = update(conversation).where(conversation.c.id == measured[0]["id"])
        await conn.execute(old.values(first_reply_at=now - timedelta(hours=3)))
    assert (await Turns(site.db).compute(row.inbox_id, now))[row.id].minutes is None


async def test_many_who_ask_share_one_answer(site: ChatSite, new_page: NewPage, monkeypatch: Any) -> None:
    computed: list[Any] = []
    compute = Turns.compute

    async def counted(self: Turns, *args: Any) -> Any:
        computed.append(args)
        return await compute(self, *args)

    monkeypatch.setattr(turns, "TURN_SECONDS", 3600.0)
    monkeypatch.setattr(Turns, "compute", counted)
    pages = [new_page() for _ in range(3)]
    for count, page in enumerate(pages, 1):
        await _waits(site, page, count)
    await pages[0].came("status", place=1)
    await until(lambda: site.chat._watching._at and len(site.chat._watching._at) == 3)
    assert len(computed) == 1


@pytest.mark.parametrize(
    ("told", "now", "worth_telling"),
    [
        (Turn(2, None), Turn(1, None), True),
        (Turn(20, 5), Turn(19, 5), True),
        (Turn(101, 5), Turn(100, 5), False),
        (Turn(106, 5), Turn(100, 5), True),
        (Turn(101, 5), Turn(100, 4), True),
        (None, Turn(100, 5), True),
    ],
)
async def test_who_is_far_behind_is_not_told_of_each_step(
    told: Turn | None, now: Turn, worth_telling: bool
) -> None:
    assert now.is_about(told) is not worth_telling
