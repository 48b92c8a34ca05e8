"""What a page says of lines that came and were seen: handed in together, in order, and not lost."""

from __future__ import annotations

import pytest
from tests.helpers.chat_page import ChatSite
from tests.helpers.until import until
from tests.server.chat.conftest import NewPage
from tests.server.chat.test_handover import give_answer

from agentdesk.base.tasks import Tasks
from agentdesk.server.chat import marks as module
from agentdesk.server.chat.lines import SessionGone
from agentdesk.server.chat.marks import Marks
from agentdesk.store.errors import DatabaseBusy
from agentdesk.store.tables import chat_session, message


class Box:
    """Takes marks; raises ``problem`` where there is one."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.taken: list[tuple[int, str]] = []
        self._problem = problem

    async def hand_in(self, upto: int, state: str) -> None:
        self.taken.append((upto, state))
        if self._problem is not None:
            raise self._problem


async def test_what_comes_and_is_seen_at_once_is_one_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.01)
    box, tasks = Box(), Tasks("marks")
    marks = Marks(box.hand_in, tasks)
    for upto, state in ((3, "delivered"), (3, "read"), (2, "read"), (4, "delivered"), (4, "read")):
        marks.note(upto, state)
    await until(lambda: box.taken == [(4, "read")], what="one mark")
    marks.note(5, "delivered")
    await until(lambda: box.taken[1:] == [(5, "delivered")], what="the next one")
    await marks.settle()
    assert len(box.taken) == 2


async def test_marks_are_handed_in_when_asked_for_and_in_order() -> None:
    box, tasks = Box(), Tasks("marks")
    marks = Marks(box.hand_in, tasks)
    marks.note(7, "delivered")
    marks.note(5, "read")
    assert box.taken == []
    await marks.settle()
    assert box.taken == [(5, "read"), (7, "delivered")]
    marks.note(8, "read")
    marks.begin()
    await tasks.drain()
    assert box.taken[2:] == [(8, "read")]


@pytest.mark.parametrize("problem", [SessionGone(), DatabaseBusy()])
async def test_who_cannot_take_them_stops_nothing(problem: Exception) -> None:
    box, tasks = Box(problem), Tasks("marks")
    marks = Marks(box.hand_in, tasks)
    marks.note(7, "read")
    await marks.settle()
    assert box.taken == [(7, "read")]


async def test_a_page_that_goes_at_once_has_seen_what_it_says(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    answer = await give_answer(site, "Good day")
    await page.shows("Hello", "Good day")
    for state in ("delivered", "read"):
        await page.send({"t": "seen", "upto": 2, "state": state})
    await page.close()

    async def is_read() -> bool:
        (row,) = await site.rows(message, message.c.id == answer.message_id)
        return str(row.delivery) == "read"

    await until(is_read, what="a message that was read")


async def test_a_server_that_ends_loses_no_mark(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    await page.connect()
    await page.write("Hello")
    await site.texts(1)
    await give_answer(site, "Good day")
    await page.shows("Hello", "Good day")
    await page.send({"t": "seen", "upto": 2, "state": "read"})
    await page.send({"t": "ping"})
    await page.came("pong")
    await site.chat.close()
    (row,) = await site.rows(chat_session)
    assert row.seen == 2
