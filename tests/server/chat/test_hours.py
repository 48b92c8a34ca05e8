"""Pages are told when nobody answers because of the hour, and when somebody does again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from sqlalchemy import update
from tests.helpers.chat_page import ORIGIN, ChatSite
from tests.server.chat.conftest import NewPage

from agentdesk.base import clock
from agentdesk.domain.hours import hours_from, next_opening
from agentdesk.server.chat import visit
from agentdesk.store.tables import inbox
from agentdesk.sync.presence_board import Member
from agentdesk.sync.scope import Scope

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
WEEK = [[[9 * 60, 17 * 60]]] * 5 + [[], []]


async def _staffed(site: ChatSite) -> None:
    """Maria is there, in an inbox with hours."""
    async with site.db.write() as conn:
        hours = {"zone": "UTC", "week": WEEK, "special": {"2026-11-24": []}}
        await conn.execute(update(inbox).where(inbox.c.id == site.inbox).values(hours=hours))
    site.desks.board.join(Member(site.maria, Scope(frozenset({site.inbox}))))


async def test_who_is_told_when_somebody_answers_again(
    site: ChatSite, new_page: NewPage, monkeypatch: Any
) -> None:
    monkeypatch.setattr(visit, "_LOOK_SECONDS", 0.02)
    await _staffed(site)
    now = NOON
    monkeypatch.setattr(clock, "now", lambda: now)
    page = new_page()
    welcome = await page.connect()
    assert (welcome["online"], welcome["back"]) == (True, None)
    now = NOON + timedelta(hours=6)  # the day is over, tomorrow is a holiday
    status = await page.came("status", online=False)
    assert datetime.fromisoformat(status["back"]) == datetime(2026, 11, 25, 9, tzinfo=UTC)
    now = NOON + timedelta(days=2)
    status = await page.came("status", online=True)
    assert status["back"] is None


async def test_settings_say_it_to_pages_that_are_not_connected(site: ChatSite, monkeypatch: Any) -> None:
    await _staffed(site)
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: sunday)
    async with aiohttp.ClientSession() as browser:
        address = f"{site.address}/chat/v1/{site.widget}/settings"
        async with browser.get(address, headers={"Origin": ORIGIN}) as answer:
            known = await answer.json()
    assert known["online"] is False
    (row,) = await site.rows(inbox, inbox.c.id == site.inbox)
    assert datetime.fromisoformat(known["back"]) == next_opening(hours_from(row.hours), sunday)
