"""How often a line, and its answer, go to PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.chat_page import ChatSite, Page
from tests.server.chat.test_handover import give_answer

from agentdesk.store.postgresql import WatchedConnection
from agentdesk.store.tables import chat_line, message

pytestmark = pytest.mark.postgres

MOST = 11
"""Statements, BEGIN and COMMIT among them."""


class Lines:
    """What goes over each connection that is made from now on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[tuple[int, str]] = []
        make = WatchedConnection.__init__

        def watched(line: WatchedConnection, *given: Any, **options: Any) -> None:
            make(line, *given, **options)
            line.add_query_logger(lambda query: self.said.append((id(line), query.query)))

        monkeypatch.setattr(WatchedConnection, "__init__", watched)

    async def transaction(self, about: str) -> list[str]:
        """The last transaction with a statement about something, from its BEGIN to its COMMIT."""
        await asyncio.sleep(0)  # the driver tells of them a moment later
        line = next(line for line, sql in reversed(self.said) if about in sql)
        mine = [sql for one, sql in self.said if one == line]
        at = max(number for number, sql in enumerate(mine) if about in sql)
        begin = max(number for number, sql in enumerate(mine[:at]) if sql.startswith("BEGIN"))
        end = next(number for number, sql in enumerate(mine) if number > at and sql.startswith("COMMIT"))
        learning = "typeinfo", "current_setting"
        return [sql for sql in mine[begin : end + 1] if not any(one in sql for one in learning)]


async def test_a_line_and_an_answer_go_there_a_few_times(
    migrated_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = Lines(monkeypatch)
    site = await ChatSite.make(migrated_postgres_url, tmp_path)
    page = Page(site)
    try:
        await page.connect()
        await page.write("Hello")
        await site.texts(1)
        await page.write("Is anybody there?")
        assert await site.texts(2) == ["Hello", "Is anybody there?"]
        line = await lines.transaction("INSERT INTO raw_item")
        await give_answer(site, "Good day")
        await page.shows("Hello", "Is anybody there?", "Good day")
        answer = await lines.transaction("INSERT INTO outbox")
        assert len(line) <= MOST, line
        assert len(answer) <= MOST, answer
        assert [row.n for row in await site.rows(chat_line, order=chat_line.c.n)] == [1, 2, 3]
        assert [row.delivery for row in await site.rows(message, message.c.direction == "out")] == ["sent"]
    finally:
        await page.close()
        await site.stop()
