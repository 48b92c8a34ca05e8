"""Sections of the list: their headers, what stays at the top, what is remembered, and a very long list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled, shown
from tests.helpers.windows import main_window

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.desktop.models.queue_sections import SectionHeading, Sections
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.queue_list import StickyHeader
from agentdesk.desktop.views.view_names import GROUPS, groups_of
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import QueueRow, SectionRow, View

HEADER = 28


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _choose_order(panes: Workspace, key: str) -> None:
    actions = panes.queue.head.sort_button.menu().actions()
    next(action for action in actions if action.data() == key).trigger()


def _choose_sections(panes: Workspace, key: str) -> None:
    menus = (action.menu() for action in panes.queue.head.sort_button.menu().actions())
    sections = next(menu for menu in menus if menu is not None)
    next(action for action in sections.actions() if action.data() == key and action.isVisible()).trigger()


async def _grouped(panes: Workspace, key: str) -> Sections:
    _choose_sections(panes, key)
    await until(lambda: bool(panes.queue.model.sections), 10)
    await settled()
    return panes.queue.model.sections


def _headings(panes: Workspace) -> list[tuple[str, int]]:
    model = panes.queue.model
    found = (model.sections.starting_at(row) for row in range(model.rowCount()))
    return [(one.text(), one.count) for one in found if one is not None]


def _sticky(panes: Workspace) -> StickyHeader:
    return panes.queue.findChild(StickyHeader)


async def test_a_list_falls_into_sections(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        plain = set(panes.queue.model.ids)
        sections = await _grouped(panes, "assignee")
        names = [desk.world.conversations[one].assignee_name for one in panes.queue.model.ids]
        assert names == sorted(names, key=str.lower)
        assert _headings(panes)[0] == ("Unassigned", names.count(""))
        assert sum(count for _name, count in _headings(panes)) == len(names)
        assert set(panes.queue.model.ids) == plain
        table = panes.queue.table
        first = panes.queue.model.index(0, 0)
        assert table.rowHeight(0) == table.rowHeight(1) + HEADER
        assert table.row_rect(first).top() == HEADER
        assert table.rowHeight(sections.starts[1]) == table.rowHeight(1) + HEADER
        _choose_sections(panes, "")
        await until(lambda: not panes.queue.model.sections)
        assert table.rowHeight(0) == table.rowHeight(1)


async def test_headers_follow_rows_that_come_and_go(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        await _grouped(panes, "priority")
        before = dict(_headings(panes))
        low = next(row for row in desk.world.conversations.values() if row.id == panes.queue.model.ids[-1])
        desk.world.conversations[low.id] = msgspec.structs.replace(low, priority="urgent", ver=low.ver + 1)
        desk.emit(conversation={low.id})
        await until(lambda: dict(_headings(panes)).get("Urgent", 0) == before.get("Urgent", 0) + 1)
        table, starts = panes.queue.table, panes.queue.model.sections.starts
        plain = min(table.rowHeight(row) for row in range(panes.queue.model.rowCount()))
        high = [row for row in range(panes.queue.model.rowCount()) if table.rowHeight(row) == plain + HEADER]
        assert high == starts


async def test_the_header_at_the_top_stays_until_the_next_pushes_it(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all", size=(1440, 520)) as panes:
        sections = await _grouped(panes, "priority")
        sticky, table = _sticky(panes), panes.queue.table
        assert len(sections.starts) > 1
        second = sections.starts[1]
        assert sticky.isVisible()
        assert sticky.heading() == sections.starting_at(0)
        top = sum(table.rowHeight(row) for row in range(second))
        table.verticalScrollBar().setValue(top - 10)
        assert sticky.heading() == sections.starting_at(0)
        assert sticky.y() == 10 - HEADER
        table.verticalScrollBar().setValue(top)
        assert sticky.heading() == sections.starting_at(second)
        table.verticalScrollBar().setValue(table.verticalScrollBar().maximum())
        table.scrollTo(panes.queue.model.index(second + 1, 0))
        place = table.row_rect(panes.queue.model.index(second + 1, 0))
        assert place.top() >= HEADER, "no row hides below the header"


async def test_a_click_on_a_header_opens_nothing(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        await _grouped(panes, "priority")
        viewport = panes.queue.table.viewport()
        QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(60, HEADER // 2))
        QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(60, HEADER // 2))
        await settled()
        assert panes.queue.current() is None
        assert panes.conversation.conversation_id is None
        QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(60, HEADER + 20))
        assert panes.queue.current() == panes.queue.model.ids[0]


async def test_order_and_sections_are_there_next_time(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        _choose_order(panes, "customer")
        await _grouped(panes, "channel")
    async with main_window(desk, tmp_path) as panes:
        assert (panes.queue.view.order, panes.queue.view.group) == ("due", "")
        panes.show_view(View(kind="all", order="due"))
        assert (panes.queue.view.order, panes.queue.view.group) == ("customer", "channel")


async def test_those_that_sleep_are_parted_by_when_they_wake(desk: FakeDesk, tmp_path: Path) -> None:
    ids = list(desk.world.conversations)[:3]
    today, later = clock.next_midnight(), clock.seconds_from_now(9 * 86400)
    moments = (clock.now(), later, today)
    for one, until_when in zip(ids, moments, strict=True):
        row = desk.world.conversations[one]
        desk.world.conversations[one] = msgspec.structs.replace(
            row, status="snoozed", snoozed_until=until_when
        )
    async with main_window(desk, tmp_path, kind="snoozed") as panes:
        await _grouped(panes, "due")
        assert [name for name, _count in _headings(panes)] == ["Wakes up today", "Wakes up later"]


@pytest.mark.parametrize("kind", ["mine", "unassigned", "all", "snoozed", "resolved", "search", "drafts"])
def test_only_sections_that_part_something_are_offered(kind: str) -> None:
    offered = groups_of(View(kind=kind))
    assert offered[0] == ""
    assert set(offered) <= set(GROUPS)
    assert ("assignee" in offered) == (kind in ("all", "snoozed", "resolved"))
    assert ("due" in offered) == (kind == "snoozed")


def test_the_section_of_each_row() -> None:
    sections = Sections([SectionHeading("Ada", 2), SectionHeading(msg("High"), 0), SectionHeading("Bo", 3)])
    assert sections.starts == [0, 2]
    assert [sections.of(row).text() for row in range(5)] == ["Ada", "Ada", "Bo", "Bo", "Bo"]
    assert [sections.next_start(row) for row in (0, 1, 2)] == [2, 2, None]
    assert not Sections()


class _LongDesk(FakeDesk):
    """A hundred thousand conversations in three sections; rows are asked for and counted."""

    asked = 0

    async def queue_sections(self, view: View) -> tuple[list[UUID], list[SectionRow]]:
        keys = ("chat", "email", "phone")
        counts = (1, 60_000, 39_999)
        rows = [SectionRow(key=key, count=count) for key, count in zip(keys, counts, strict=True)]
        return [UUID(int=number) for number in range(100_000)], rows

    async def queue_rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        self.asked += len(ids)
        row = (await super().queue_rows(list(self.world.conversations)[:1]))[0]
        return [msgspec.structs.replace(row, id=one) for one in ids]


async def test_a_very_long_list_in_sections_asks_only_for_what_is_seen() -> None:
    desk = _LongDesk.sample()
    assert isinstance(desk, _LongDesk)
    async with shown(QueuePane(desk), 344, 800) as pane:
        pane.show_view(View(kind="all", group="channel"))
        await until(lambda: len(pane.model.ids) == 100_000)
        await settled(20)
        row = pane.table.rowHeight(2)
        assert pane.table.verticalHeader().length() == 100_000 * row + 3 * HEADER
        pane.table.scrollTo(pane.model.index(60_001, 0))
        await until(lambda: pane.model.row(UUID(int=60_001)) is not None)
        assert pane.findChild(StickyHeader).heading() is not None
        assert desk.asked < 400
