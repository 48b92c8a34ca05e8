"""Lists saved as views: made, changed, arranged and removed in the rail, by mouse and by key, and undone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.windows import main_window

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.commands.values import ArrangeRail, RemoveView, SaveView, ViewQuery
from agentdesk.desktop.views.rail_list import RailList
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import View


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _titles(panes: Workspace) -> list[str]:
    model = panes.rail.model
    return [str(model.data(model.index(row))) for row in range(model.rowCount())]


def _list(panes: Workspace) -> RailList:
    found = panes.rail.findChild(RailList)
    assert isinstance(found, RailList)
    return found


def _choose(panes: Workspace, title: str) -> RailList:
    entries = _list(panes)
    entries.setCurrentIndex(panes.rail.model.index(_titles(panes).index(title)))
    return entries


async def _saved(desk: FakeDesk, name: str, *, shared: bool = False, **query: object) -> SaveView:
    values = {"kind": "all", **query}
    command = SaveView(
        view_id=desk.world.new_id(),
        name=name,
        icon="flag",
        query=msgspec.convert(values, ViewQuery, strict=False),
        shared=shared,
    )
    await desk.do(command)
    return command


async def test_a_list_is_narrowed_down_and_saved(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        assert panes.actions_.trigger("view.save")
        editor = panes.saved_views.editor
        await until(editor.isVisible)
        assert not editor.save_button.isEnabled()  # it has no name yet
        assert not editor.audience.isVisible()  # an agent shares nothing
        QTest.keyClicks(editor.name, "Refunds")
        editor.tags.setText("Refund, Delivery")
        editor.priority.setCurrentIndex(editor.priority.findData("urgent"))
        wanted = View(kind="all", tags=("Refund", "Delivery"), priority="urgent")
        (count,) = await desk.view_counts([wanted])
        words = f"{count} now"
        await until(lambda: editor.findChild(type(editor._count)) and editor._count.text() == words)
        QTest.keyClick(editor.name, Qt.Key.Key_Return)
        await until(lambda: "Refunds" in _titles(panes))
        assert not editor.isVisible()
        await until(lambda: panes.queue.view.name == "Refunds")
        assert panes.window().windowTitle() == "Refunds – AgentDesk"
        view = panes.queue.view
        assert (view.tags, view.priority) == (wanted.tags, "urgent")
        await until(lambda: list(panes.queue.model.ids) and len(panes.queue.model.ids) == count)
        entry = panes.rail.model.entries[_titles(panes).index("Refunds")]
        assert (entry.count, entry.icon) == (count, "bookmark")
        panes.conversation.deeds.undo()
        await until(lambda: "Refunds" not in _titles(panes))
        assert panes.queue.view.kind == "mine"  # what is gone is not shown any longer


async def test_a_view_is_changed_renamed_removed_and_brought_back(desk: FakeDesk, tmp_path: Path) -> None:
    await _saved(desk, "Urgent", priority="urgent")
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: "Urgent" in _titles(panes))
        entries = _choose(panes, "Urgent")
        await until(lambda: panes.queue.view.name == "Urgent")
        panes.queue.head.save_button.click()
        editor = panes.saved_views.editor
        await until(editor.isVisible)
        assert (editor.name.text(), editor.priority.currentData()) == ("Urgent", "urgent")
        editor.priority.setCurrentIndex(editor.priority.findData("high"))
        editor.save_button.click()
        await until(lambda: panes.queue.view.priority == "high")
        QTest.keyClick(entries, Qt.Key.Key_F2)
        dialog = await until(lambda: panes.rail.findChild(QDialog), what="the question for a name")
        dialog.findChild(QLineEdit).setText("Important")
        next(b for b in dialog.findChildren(QPushButton) if b.text() == "Rename").click()
        await until(lambda: "Important" in _titles(panes))
        await until(lambda: panes.queue.view.name == "Important")
        _choose(panes, "Important")
        QTest.keyClick(entries, Qt.Key.Key_Delete)
        await until(lambda: "Important" not in _titles(panes))
        assert panes.queue.toasts.current_text() == "Removed the view Important."
        for name in ("Important", "Urgent"):
            panes.conversation.deeds.undo()
            await until(lambda name=name: name in _titles(panes))
        assert isinstance(desk.commands[-1], SaveView)


async def test_entries_are_put_in_another_order_by_key_and_by_mouse(desk: FakeDesk, tmp_path: Path) -> None:
    await _saved(desk, "Urgent", priority="urgent")
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: "Urgent" in _titles(panes))
        entries = _choose(panes, "Urgent")
        moving = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(entries, Qt.Key.Key_Up, moving)
        await until(lambda: _titles(panes)[6:8] == ["Urgent", "Resolved"])
        first, last = (entries.visualRect(panes.rail.model.index(row)).center() for row in (0, 7))
        _drag(entries, last, first - QPoint(0, 8))
        await until(lambda: _titles(panes)[0] == "Resolved")
        assert isinstance(desk.commands[-1], ArrangeRail)
        assert not entries.is_dragging
        before = _titles(panes)
        _drag(entries, first, QPoint(first.x(), entries.height() - 2))  # beyond the end of its section
        await until(lambda: _titles(panes)[7] == "Resolved")
        panes.conversation.deeds.undo()
        await until(lambda: _titles(panes) == before)
        assert [view.kind for view in panes.rail.model.views()][:2] == ["resolved", "mine"]


def _drag(entries: RailList, start: QPoint, end: QPoint) -> None:
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    viewport = entries.viewport()
    QTest.mousePress(viewport, button, none, start)
    for point in (QPoint(start.x(), (start.y() + end.y()) // 2), end):
        place = QPointF(viewport.mapToGlobal(point))
        moved = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(point), place, Qt.MouseButton.NoButton, button, none
        )
        QApplication.sendEvent(viewport, moved)
    assert entries.is_dragging
    QTest.mouseRelease(viewport, button, none, end)


async def test_views_of_the_team_are_changed_by_those_who_may(desk: FakeDesk, tmp_path: Path) -> None:
    command = await _saved(desk, "VIP", shared=True)
    async with main_window(desk, tmp_path) as panes:
        await until(lambda: "VIP" in _titles(panes))
        assert _titles(panes)[_titles(panes).index("VIP") - 1] == "Team views"
        entries = _choose(panes, "VIP")
        QTest.keyClick(entries, Qt.Key.Key_Delete)
        await until(lambda: "left to some of your colleagues" in panes.queue.toasts.current_text())
        desk.permit(share_views=True)
        await until(lambda: panes.saved_views._may_share)
        panes.queue.head.save_button.click()
        editor = panes.saved_views.editor
        await until(editor.isVisible)
        inbox = next(iter(desk.world.inboxes))
        assert editor.audience.currentText() == "Everybody"
        editor.audience.setCurrentIndex(editor.audience.findData(inbox))
        editor.save_button.click()
        await until(lambda: desk.saved[command.view_id].inbox_id == inbox)
        desk.failure = AgentDeskError(msg("There are too many saved views. Remove one first."))
        QTest.keyClick(entries, Qt.Key.Key_Delete)
        await until(lambda: "too many" in panes.queue.toasts.current_text())
        QTest.keyClick(entries, Qt.Key.Key_Delete)
        await until(lambda: desk.commands[-1] == RemoveView(view_id=command.view_id))


async def test_a_search_is_saved_too(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        panes.rail.search.setText("walnut")
        await until(lambda: panes.queue.view.text == "walnut")
        panes.saved_views.save()
        editor = panes.saved_views.editor
        await until(editor.isVisible)
        assert editor.name.text() == "walnut"
        assert not editor.tags.isVisible()
        editor.save_button.click()
        await until(lambda: panes.queue.view.saved_id is not None)
        assert panes.rail.search.text() == ""
        assert panes.queue.view.text == "walnut"
        panes.rail.search.setText("chair")
        await until(lambda: panes.queue.view.text == "chair")
        panes.rail.search.setText("")
        await until(lambda: panes.queue.view.name == "walnut")  # back to the saved one
