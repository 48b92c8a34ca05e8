"""Several conversations selected: by keys and clicks, what is done to all, what is told and undone."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import list_loaded, main_window, opened, press

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.commands.values import Assign, SetStatus
from agentdesk.desktop.models.queue import ID_ROLE
from agentdesk.desktop.views.queue_selection import QueueSelection, follower
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import View
from agentdesk.sync.desk import Link

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _click(panes: Workspace, row: int, held: Qt.KeyboardModifier = NONE) -> UUID:
    table = panes.queue.table
    index = panes.queue.model.index(row, 0)
    spot = table.visualRect(index).topLeft() + QPoint(100, 20)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, held, spot)
    return index.data(ID_ROLE)


def _status(desk: FakeDesk, ids: list[UUID]) -> list[str]:
    return [desk.world.conversations[one].status for one in ids]


def _toast(panes: Workspace) -> str:
    return panes.queue.toasts.current_text()


# --- selecting ---


async def test_clicks_with_a_key_held_select_and_open_nothing(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ids = list(panes.queue.model.ids)
        _click(panes, 1, CTRL)
        _click(panes, 4, SHIFT)
        assert panes.queue.selection.ids() == ids[1:5]
        _click(panes, 2, CTRL)
        assert panes.queue.selection.ids() == [ids[1], ids[3], ids[4]]
        await settled()
        assert panes.conversation.conversation_id is None
        assert desk.commands == [], "nothing was opened, so nothing is marked as read"


async def test_a_plain_click_opens_and_leaves_the_selection(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        first = _click(panes, 0, CTRL)
        third = _click(panes, 2)
        await until(lambda: panes.conversation.conversation_id == third)
        assert panes.queue.selection.ids() == [first]


async def test_keys_select(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ids = list(panes.queue.model.ids)
        press(panes, Qt.Key.Key_J)
        await opened(panes, desk.world.conversations[ids[0]].number, desk)
        press(panes, Qt.Key.Key_X)
        assert panes.queue.selection.ids() == ids[:1]
        press(panes, Qt.Key.Key_J, SHIFT)
        press(panes, Qt.Key.Key_J, SHIFT)
        assert panes.queue.selection.ids() == ids[:3]
        press(panes, Qt.Key.Key_K, SHIFT)
        assert panes.queue.selection.ids() == ids[:2]
        assert panes.conversation.conversation_id == ids[0], "extending opens nothing"
        press(panes, Qt.Key.Key_X)
        assert panes.queue.selection.ids() == [ids[1]]
        press(panes, Qt.Key.Key_A, CTRL)
        assert panes.queue.selection.is_everything()
        press(panes, Qt.Key.Key_Escape)
        assert len(panes.queue.selection) == 0
        assert panes.conversation.conversation_id == ids[0], "Esc went one level back, not two"


async def test_the_bar_takes_the_place_of_the_heading(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        top = panes.queue.table.mapTo(panes, QPoint(0, 0))
        bar = panes.queue.head.bar
        assert not bar.isVisible()
        for row in range(4):
            _click(panes, row, CTRL)
        await settled()
        assert bar.isVisible()
        assert bar.height() == 48
        assert bar.accessibleName() == "4 selected"
        assert bar.resolve.text() == "Resolve 4"
        assert panes.queue.table.mapTo(panes, QPoint(0, 0)) == top, "no row has moved"
        bar.box.click()
        assert panes.queue.selection.is_everything()
        assert bar.box.checkState() == Qt.CheckState.Checked
        bar.close_button.click()
        await settled()
        assert not bar.isVisible()


async def test_every_deed_is_reachable_where_the_list_is_narrow(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all", size=(1024, 640)) as panes:
        _click(panes, 0, CTRL)
        await settled()
        bar = panes.queue.head.bar
        shown = {key for key, button in bar.buttons.items() if button.isVisible()}
        listed = {action.data() for action in bar.menu().actions()}
        assert shown | listed == {"assign", "snooze", "tags", "merge", "priority", "unread", "read"}
        assert not shown & listed
        for widget in (*bar.buttons.values(), bar.more, bar.resolve, bar.close_button):
            assert not widget.isVisible() or bar.rect().contains(widget.geometry())


async def test_what_leaves_the_list_leaves_the_selection(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        gone, kept = _click(panes, 0, CTRL), _click(panes, 1, CTRL)
        await desk.do(SetStatus(conversation_id=gone, status="resolved"))
        await until(lambda: panes.queue.selection.ids() == [kept])
        panes.show_view(View(kind="mine", order="due"))
        assert len(panes.queue.selection) == 0


# --- doing ---


async def test_resolving_many_is_one_step_to_undo(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ids = list(panes.queue.model.ids)
        _click(panes, 0)
        await opened(panes, desk.world.conversations[ids[0]].number, desk)
        done = [_click(panes, row, CTRL) for row in (0, 1, 3)]
        panes.queue.head.bar.resolve.click()
        await until(lambda: _toast(panes) == "Resolved 3.")
        assert _status(desk, done) == ["resolved"] * 3
        mine = [one for one in desk.commands if isinstance(one, SetStatus)]
        assert [one.conversation_id for one in mine] == done
        assert all(one.seen_message_id is not None for one in mine)
        await until(lambda: panes.conversation.conversation_id == ids[2])
        assert len(panes.queue.selection) == 0
        press(panes, Qt.Key.Key_Z)
        await until(lambda: _status(desk, done) == ["open"] * 3)


async def test_keys_work_on_what_is_selected(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        assert not panes.actions_.trigger("conversation.resolve"), "nothing is open, nothing selected"
        chosen = [_click(panes, row, CTRL) for row in (2, 3)]
        press(panes, Qt.Key.Key_E)
        await until(lambda: _status(desk, chosen) == ["resolved"] * 2)
        await until(lambda: _toast(panes) == "Resolved 2.")
        assert not panes.actions_.trigger("conversation.resolve")


async def test_offline_it_goes_through_the_outbox(desk: FakeDesk, tmp_path: Path) -> None:
    desk.set_link(Link.OFFLINE)
    async with main_window(desk, tmp_path, kind="all") as panes:
        chosen = [_click(panes, row, CTRL) for row in (0, 1)]
        press(panes, Qt.Key.Key_E)
        await until(lambda: _toast(panes) == "Resolved 2.")
        waiting = [entry.command for entry in await desk.waiting()]
        assert [one.conversation_id for one in waiting if isinstance(one, SetStatus)] == chosen


async def test_what_could_not_be_changed_is_told_and_shown(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        chosen = [_click(panes, row, CTRL) for row in (0, 1, 2)]
        desk.failure = AgentDeskError(msg("The customer has written since."))
        panes.queue.head.bar.resolve.click()
        said = "Resolved 2. 1 could not be changed. The customer has written since."
        await until(lambda: _toast(panes) == said)
        assert _status(desk, chosen) == ["open", "resolved", "resolved"]
        _press_toast(panes)
        await until(lambda: panes.conversation.conversation_id == chosen[0])


async def test_what_the_server_refuses_later_is_told_too(desk: FakeDesk, tmp_path: Path) -> None:
    desk.set_link(Link.OFFLINE)
    async with main_window(desk, tmp_path, kind="all") as panes:
        for row in (0, 1, 2):
            _click(panes, row, CTRL)
        panes.queue.head.bar.resolve.click()
        await until(lambda: _toast(panes) == "Resolved 3.")
        entries = await desk.waiting()
        for entry in entries[:2]:
            desk.refuse(entry.id, "taken", "Maria has it.")
        await until(lambda: _toast(panes) == "2 could not be changed. Maria has it.")


def _press_toast(panes: Workspace) -> None:
    from agentdesk.desktop.widgets.button import LinkButton

    next(one for one in panes.queue.findChildren(LinkButton) if one.isVisible()).click()


async def test_assigning_many(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="unassigned") as panes:
        chosen = [_click(panes, row, CTRL) for row in (0, 1)]
        panes.queue.head.bar.anchor("assign").click()
        popup = await until(lambda: panes.late.bulk.menus.popup("assign"))
        await until(popup.isVisible)
        maria = next(user for user in desk.world.users.values() if user.name == "Maria Costa")
        popup.field.setText("Maria")
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: _toast(panes) == "Assigned 2.")
        assert {desk.world.conversations[one].assignee_id for one in chosen} == {maria.id}
        assert sum(isinstance(one, Assign) for one in desk.commands) == 2
        await list_loaded(panes, desk)
        assert not set(chosen) & set(panes.queue.model.ids)


async def test_tags_are_added_to_what_each_has(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        chosen = [_click(panes, row, CTRL) for row in range(4)]
        before = {one: desk.world.conversations[one].tags for one in chosen}
        assert len(set(before.values())) > 1, "the sample must have different tags"
        press(panes, Qt.Key.Key_L)
        popup = panes.late.bulk.menus.popup("tags")
        popup.field.setText("Spring sale")
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: _toast(panes) == "Changed the tags of 4.")
        for one in chosen:
            assert desk.world.conversations[one].tags == (*before[one], "Spring sale")
        assert panes.queue.selection.ids() == chosen, "they stay, and stay selected"


async def test_a_long_deed_can_be_stopped(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        bar = panes.queue.head.bar
        bar.set_progress(120, 900)
        _click(panes, 0, CTRL)
        await settled()
        assert bar.words() == "120 of 900"
        assert not bar.resolve.isVisible()
        bar.end_progress()
        assert bar.accessibleName() == "1 selected"


# --- the buttons of a row ---


def _hover(panes: Workspace, row: int, key: str) -> QPoint:
    table = panes.queue.table
    spot = table.quick_box(panes.queue.model.index(row, 0), key).center()
    none = Qt.MouseButton.NoButton
    at = QPointF(table.viewport().mapToGlobal(spot))
    QApplication.sendEvent(
        table.viewport(), QMouseEvent(QEvent.Type.MouseMove, QPointF(spot), at, none, none, NONE)
    )
    return spot


async def test_a_row_is_resolved_without_being_opened(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        second = panes.queue.model.ids[1]
        spot = _hover(panes, 1, "resolve")
        QTest.mouseClick(panes.queue.table.viewport(), Qt.MouseButton.LeftButton, NONE, spot)
        await until(lambda: desk.world.conversations[second].status == "resolved")
        name = desk.world.conversations[second].contact_name
        await until(lambda: _toast(panes) == f"Resolved {name}.")
        assert panes.conversation.conversation_id is None


async def test_the_buttons_of_a_row_go_with_the_pointer(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        table = panes.queue.table
        end = table.quick_box(panes.queue.model.index(1, 0), "resolve")
        plain = table.viewport().grab(end).toImage()
        _hover(panes, 1, "resolve")
        assert table.viewport().grab(end).toImage() != plain
        QApplication.sendEvent(table.viewport(), QEvent(QEvent.Type.Leave))
        assert table.viewport().grab(end).toImage() == plain


async def test_a_row_is_snoozed_at_its_own_button(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        second = panes.queue.model.ids[1]
        spot = _hover(panes, 1, "snooze")
        QTest.mouseClick(panes.queue.table.viewport(), Qt.MouseButton.LeftButton, NONE, spot)
        popup = panes.late.bulk.menus.popup("snooze")
        assert popup is not None
        assert popup.isVisible()
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        await until(lambda: desk.world.conversations[second].status == "snoozed")


# --- the selection alone ---


def _ids(letters: str) -> list[UUID]:
    return [UUID(int=ord(letter)) for letter in letters]


@pytest.mark.parametrize(
    ("here", "leaving", "order", "next_one"),
    [("b", "b", "abc", "c"), ("b", "bc", "abc", "a"), ("c", "bc", "abc", "a"), ("b", "abc", "abc", "")],
)
def test_who_comes_next(here: str, leaving: str, order: str, next_one: str) -> None:
    found = follower(_ids(here)[0], _ids(leaving), _ids(order))
    assert found == (_ids(next_one)[0] if next_one else None)


def test_a_shorter_range_lets_go_and_keeps_what_was_before() -> None:
    order = _ids("abcdef")
    selection = QueueSelection(lambda: order)
    selection.toggle(order[0])
    selection.toggle(order[2])
    selection.extend_to(order[5])
    assert selection.ids() == [order[0], *order[2:]]
    selection.extend_to(order[3])
    assert selection.ids() == [order[0], order[2], order[3]]
    order.remove(order[2])
    selection.keep_listed()
    assert selection.ids() == [order[0], order[2]]
