"""The list: it stands still under the pointer, keeps what is marked, and says why it is empty."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import list_loaded, main_window, opened, press

from agentdesk.base import clock
from agentdesk.commands.values import SetStatus
from agentdesk.desktop.views import queue_stillness
from agentdesk.desktop.views.queue_list import HeldBar, count_moved
from agentdesk.desktop.widgets.pill import PillButton
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import View


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


class _Pointer:
    """Where the pointer of these tests is; the platform without a screen has none to move."""

    def __init__(self) -> None:
        self.at = QPoint(-1, -1)

    def pos(self) -> QPoint:
        return self.at

    def over(self, panes: Workspace) -> None:
        """Move over the rows."""
        rows = panes.queue.table.viewport()
        spot = QPoint(40, 30)
        self.at = rows.mapToGlobal(spot)
        button, none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        moved = QMouseEvent(QEvent.Type.MouseMove, QPointF(spot), QPointF(self.at), button, button, none)
        QApplication.sendEvent(rows, moved)

    def away(self, panes: Workspace) -> None:
        """Leave the rows."""
        self.at = QPoint(-1, -1)
        QApplication.sendEvent(panes.queue.table.viewport(), QEvent(QEvent.Type.Leave))


@pytest.fixture
def pointer(monkeypatch: pytest.MonkeyPatch) -> _Pointer:
    made = _Pointer()
    monkeypatch.setattr(queue_stillness, "QCursor", made)
    return made


def _bar(panes: Workspace) -> HeldBar:
    return panes.queue.findChild(HeldBar)


def _move_last_to_top(panes: Workspace, desk: FakeDesk) -> UUID:
    """The last conversation becomes the one that waits longest."""
    last = panes.queue.model.ids[-1]
    row = desk.world.conversations[last]
    long_ago = clock.seconds_from_now(-90 * 86400)
    desk.world.conversations[last] = msgspec.structs.replace(row, ver=row.ver + 1, waiting_since=long_ago)
    desk.emit(conversation={last})
    return last


@pytest.mark.parametrize("by", ["click", "leave", "key", "rest"])
async def test_rows_stand_still_under_the_pointer(
    desk: FakeDesk, tmp_path: Path, pointer: _Pointer, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "rest":
        monkeypatch.setattr(queue_stillness, "_LASTS_MS", 300)
    async with main_window(desk, tmp_path) as panes:
        before = list(panes.queue.model.ids)
        pointer.over(panes)
        last = _move_last_to_top(panes, desk)
        await until(_bar(panes).isVisible)
        assert list(panes.queue.model.ids) == before
        assert _bar(panes).text() == "1 moved  (.)"
        if by == "click":
            _bar(panes).click()
        elif by == "leave":
            pointer.away(panes)
        elif by == "key":
            press(panes, Qt.Key.Key_Period)
        await until(lambda: list(panes.queue.model.ids) == [last, *before[:-1]])
        assert not _bar(panes).isVisible()


async def test_away_from_the_list_the_order_follows_at_once(
    desk: FakeDesk, tmp_path: Path, pointer: _Pointer
) -> None:
    async with main_window(desk, tmp_path) as panes:
        last = _move_last_to_top(panes, desk)
        await until(lambda: panes.queue.model.ids[0] == last)
        assert not _bar(panes).isVisible()


async def test_what_i_resolve_leaves_even_under_the_pointer(
    desk: FakeDesk, tmp_path: Path, pointer: _Pointer
) -> None:
    async with main_window(desk, tmp_path) as panes:
        first = panes.queue.model.ids[0]
        panes.open_conversation(first)
        await opened(panes, desk.world.conversations[first].number, desk)
        pointer.over(panes)
        press(panes, Qt.Key.Key_E)
        await until(lambda: first not in panes.queue.model.ids)
        assert not _bar(panes).isVisible()


async def test_a_row_stays_marked_when_the_order_changes(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        second = panes.queue.model.ids[1]
        panes.open_conversation(second)
        await opened(panes, desk.world.conversations[second].number, desk)
        told: list[UUID] = []
        panes.queue.opened.connect(told.append)
        last = _move_last_to_top(panes, desk)
        await until(lambda: panes.queue.model.ids[0] == last)
        assert panes.queue.current() == second
        assert told == [], "nothing was opened by a change of order"


async def test_the_focus_alone_opens_nothing(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        panes.rail.setFocus()
        panes.queue.table.setFocus()
        await settled()
        assert panes.queue.current() is None
        assert panes.conversation.conversation_id is None
        assert desk.commands == []


async def test_empty_lists_say_why(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        for one in await desk.queue_ids(View(kind="mine")):
            await desk.do(SetStatus(conversation_id=one, status="resolved"))
        await until(lambda: not panes.queue.model.ids)
        await settled()
        waiting = (await desk.counts()).unassigned
        assert "Your queue is empty" in _words(panes)
        sentence = f"{waiting} conversations wait for anyone in the team. Take the one that is due first."
        assert sentence in _words(panes)
        _button(panes, "Take the next one").click()
        await until(lambda: panes.queue.model.ids)
        panes.show_view(View(kind="search", text="walnut dsk"))
        await list_loaded(panes, desk)
        assert "Nothing matches “walnut dsk”." in _words(panes)


async def test_a_filter_that_hides_all_can_be_cleared(desk: FakeDesk, tmp_path: Path) -> None:
    for one, row in desk.world.conversations.items():
        desk.world.conversations[one] = msgspec.structs.replace(row, unread=False)
    async with main_window(desk, tmp_path) as panes:
        everything = list(panes.queue.model.ids)
        panes.show_view(View(kind="mine", order="due", only="unread"))
        await list_loaded(panes, desk)
        assert "Nothing here with this filter." in _words(panes)
        _button(panes, "Clear filter").click()
        await until(lambda: list(panes.queue.model.ids) == everything)


async def test_filters_say_how_many_they_leave(desk: FakeDesk, tmp_path: Path) -> None:
    def shown(panes: Workspace) -> list[str]:
        return [one.text() for one in panes.queue.head.pills.findChildren(PillButton) if one.isVisible()]

    async with main_window(desk, tmp_path) as panes:
        rows = [desk.world.conversations[one] for one in panes.queue.model.ids]
        unread, waiting = sum(row.unread for row in rows), sum(row.waiting_since is not None for row in rows)
        expected = [f"All {len(rows)}", f"Unread {unread}", f"Waiting on us {waiting}"]
        await until(lambda: shown(panes) == expected)
        await desk.do(SetStatus(conversation_id=rows[0].id, status="resolved"))
        await until(lambda: shown(panes)[0] == f"All {len(rows) - 1}")


async def test_nothing_anywhere_is_all_answered(tmp_path: Path) -> None:
    desk = FakeDesk.empty()
    async with main_window(desk, tmp_path) as panes:
        assert "All answered" in _words(panes)


def _words(panes: Workspace) -> list[str]:
    return [one.text() for one in panes.queue.findChildren(QLabel) if one.isVisible()]


def _button(panes: Workspace, text: str) -> QPushButton:
    buttons = panes.queue.findChildren(QPushButton)
    return next(one for one in buttons if one.text() == text and one.isVisible())


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [("abcd", "abcd", 0), ("abcd", "xabcd", 0), ("abcd", "dabc", 1), ("abcd", "dcba", 3), ("abcd", "bd", 0)],
)
def test_only_what_changed_its_place_has_moved(before: str, after: str, moved: int) -> None:
    def ids(letters: str) -> list[UUID]:
        return [UUID(int=ord(letter)) for letter in letters]

    assert count_moved(ids(before), ids(after)) == moved
