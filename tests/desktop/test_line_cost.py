"""What a customer's line costs the window does not grow with the number of conversations in the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from uuid import UUID

from msgspec import structs
from pytestqt.qtbot import QtBot
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import shown

from agentdesk.base.ids import new_id
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.queries.rows import FilterCounts, Place, QueueRow, View

_LINES = 3
_VIEW = View(kind="all", order="newest")


class _Desk(FakeDesk):
    """Counts what it is asked for."""

    asked: Counter[str]

    def grow(self, count: int) -> None:
        """Have so many conversations, all open."""
        self.asked = Counter()
        row = next(iter(self.world.conversations.values()))
        ids = [new_id() for _ in range(count)]
        self.world.conversations = {one: structs.replace(row, id=one, status="open") for one in ids}

    async def queue_ids(self, view: View) -> list[UUID]:
        self.asked["whole lists"] += 1
        return await super().queue_ids(view)

    async def queue_places(self, view: View, among: Collection[UUID] | None = None) -> list[Place]:
        self.asked["places"] += len(self.world.conversations) if among is None else len(among)
        return await super().queue_places(view, among)

    async def queue_rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        self.asked["rows"] += len(ids)
        return await super().queue_rows(ids)

    async def filter_counts(self, view: View) -> FilterCounts:
        return FilterCounts(all=0, unread=0, waiting=0)


async def _cost_of_lines(count: int) -> Counter[str]:
    """What is asked of the desk, and told to the list, for a few lines in the last conversations."""
    desk = _Desk.sample()
    assert isinstance(desk, _Desk)
    desk.grow(count)
    pane = QueuePane(desk)
    desk.subscribe(pane.on_changes)
    model = pane.model

    async def write(text: str) -> None:
        last = model.ids[-1]
        desk.receive(last, text)
        await until(lambda: model.ids[0] == last)
        await until(lambda: (row := model.row(last)) is not None and row.preview == text)

    async with shown(pane):
        pane.show_view(_VIEW)
        await until(lambda: len(model.ids) == count and model.row(model.ids[0]) is not None)
        await write("the places are read with the first change")
        desk.asked.clear()
        told = desk.asked
        model.modelReset.connect(lambda: told.update(["resets"]))
        model.layoutChanged.connect(lambda: told.update(["layouts"]))
        model.rowsMoved.connect(lambda: told.update(["moves"]))
        model.rowsInserted.connect(lambda: told.update(["inserts"]))
        model.rowsRemoved.connect(lambda: told.update(["removes"]))
        for number in range(_LINES):
            await write(f"line {number}")
        return Counter(desk.asked)


async def test_a_line_costs_the_list_as_much_with_ten_conversations_as_with_hundreds(qtbot: QtBot) -> None:
    few, many = await _cost_of_lines(10), await _cost_of_lines(300)
    assert few == many == Counter({"places": _LINES, "rows": _LINES, "moves": _LINES})
