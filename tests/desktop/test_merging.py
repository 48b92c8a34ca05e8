"""Merging in the window: what is selected, one with another one, and the way back."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import list_loaded, main_window, opened, press

from agentdesk.commands.values import MergeConversations, UnmergeConversations
from agentdesk.desktop.dialogs.merge_conversations import MergeQuestion
from agentdesk.desktop.views.messages.lines import EventLine, MergedLine
from agentdesk.desktop.workspace import Workspace

CTRL = Qt.KeyboardModifier.ControlModifier
ANA, TOM = 4417, 4390


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


async def _question(panes: Workspace) -> QDialog:
    def shown() -> QDialog | None:
        return next((d for d in panes.window().findChildren(QDialog) if d.isVisible()), None)

    found = await until(shown, what="the question is asked")
    await settled()
    return found


def _words(dialog: QDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(QLabel))


def _answer(dialog: QDialog, button: str) -> None:
    next(b for b in dialog.findChildren(QPushButton) if b.text() == button).click()


def _select(panes: Workspace, *ids: UUID) -> None:
    panes.queue.show_selected(list(ids))


async def _merged(panes: Workspace, desk: FakeDesk) -> tuple[UUID, UUID]:
    """Merge what Ana and Tom wrote, by the bar; returns the one that stays and the one that joined."""
    ana, tom = desk.find(ANA), desk.find(TOM)
    _select(panes, ana, tom)
    await settled()
    panes.queue.head.bar.wanted.emit("merge")
    _answer(await _question(panes), "Merge")
    await until(lambda: panes.conversation.conversation_id == tom, what="the one that stays is shown")
    return tom, ana


async def test_what_is_selected_becomes_one(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ana, tom = desk.find(ANA), desk.find(TOM)
        _select(panes, ana, tom)
        await settled()
        press(panes, Qt.Key.Key_M)
        dialog = await _question(panes)
        said = _words(dialog)
        assert "Merge 2 conversations?" in said
        assert isinstance(dialog, MergeQuestion)
        assert dialog.stays == tom, "the older one stays"
        assert "Other customers are in it then: Ana Ruiz." in said
        _answer(dialog, "Merge")
        await until(lambda: panes.conversation.conversation_id == tom)
        assert desk.commands[0] == MergeConversations(conversation_id=tom, joined_ids=(ana,))
        await list_loaded(panes, desk)
        assert ana not in panes.queue.model.ids
        assert not panes.queue.selection
        assert panes.queue.toasts.current_text() == f"Merged 1 conversation into #{TOM}."
        texts = [line.text() for line in panes.conversation.transcript.findChildren(EventLine)]
        assert any(f"merged #{ANA}" in text for text in texts)


async def test_one_undo_parts_them_again(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        tom, ana = await _merged(panes, desk)
        await settled()
        panes.window().activateWindow()  # the question had it
        panes.queue.table.setFocus()
        await settled()
        press(panes, Qt.Key.Key_Z, CTRL)
        await until(lambda: desk.world.conversations[ana].status == "open", what="parted")
        assert desk.commands[-1] == UnmergeConversations(conversation_id=tom, joined_ids=(ana,))
        await list_loaded(panes, desk)
        assert {ana, tom} <= set(panes.queue.model.ids)


async def test_asked_and_declined_nothing_is_merged(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        _select(panes, desk.find(ANA), desk.find(TOM))
        await settled()
        panes.queue.head.bar.wanted.emit("merge")
        _answer(await _question(panes), "Cancel")
        await settled()
        assert desk.commands == []
        assert len(panes.queue.selection) == 2
        _select(panes, desk.find(ANA))
        await settled()
        assert not panes.queue.head.bar.buttons["merge"].isEnabled(), "one alone has nobody to merge with"


async def test_the_open_one_is_merged_with_one_that_is_chosen(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ana, tom = desk.find(ANA), desk.find(TOM)
        panes.open_conversation(ana)
        await opened(panes, ANA, desk)
        press(panes, Qt.Key.Key_M)
        merging = panes.conversation.deeds.merging
        popup = await until(lambda: merging.popup if merging.popup and merging.popup.isVisible() else None)
        assert str(ana) not in popup.shown_keys()
        popup.field.setText(f"#{TOM}")
        assert popup.shown_keys() == [str(tom)]
        QTest.keyClick(popup.field, Qt.Key.Key_Return)
        dialog = await _question(panes)
        assert isinstance(dialog, MergeQuestion)
        assert dialog.stays == ana, "the open one stays"
        _answer(dialog, "Merge")
        await until(lambda: MergeConversations(conversation_id=ana, joined_ids=(tom,)) in desk.commands)


async def test_words_of_a_message_find_the_other_one(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="mine") as panes:
        ana, tom = desk.find(ANA), desk.find(TOM)
        panes.open_conversation(ana)
        await opened(panes, ANA, desk)
        merging = panes.conversation.deeds.merging
        panes.conversation.deeds.choose_merge()
        popup = await until(lambda: merging.popup if merging.popup and merging.popup.isVisible() else None)
        words = desk.world.conversations[tom].preview.split()[0]
        popup.field.setText(words)
        await until(lambda: str(tom) in popup.shown_keys())
        assert str(ana) not in popup.shown_keys()
        popup.dismiss()


async def test_the_menu_of_the_one_that_stays_parts_them(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        tom, ana = await _merged(panes, desk)
        deeds = panes.conversation.deeds
        row = await until(lambda: deeds.row if deeds.row and deeds.row.merged else None)
        menu = deeds.menu(row)
        entry = next(a for a in menu.actions() if f"#{ANA}" in a.text())
        assert entry.text().startswith("Split off")
        entry.trigger()
        menu.deleteLater()
        await until(lambda: desk.world.conversations[ana].status == "open")
        assert desk.commands[-1] == UnmergeConversations(conversation_id=tom, joined_ids=(ana,))


async def test_opening_the_merged_one_leads_to_the_other(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        tom, ana = await _merged(panes, desk)
        panes.conversation.clear()
        panes.open_conversation(ana)
        await opened(panes, TOM, desk)
        assert panes.conversation.conversation_id == tom


async def test_one_that_a_colleague_merges_while_it_is_open_goes_on_in_the_other(
    desk: FakeDesk, tmp_path: Path
) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ana, tom = desk.find(ANA), desk.find(TOM)
        panes.open_conversation(ana)
        await opened(panes, ANA, desk)
        await desk.do(MergeConversations(conversation_id=tom, joined_ids=(ana,)))
        await until(lambda: panes.conversation.conversation_id == tom, what="the other one is shown")
        await opened(panes, TOM, desk)


async def test_the_question_shows_what_comes_of_it_and_lets_the_other_one_stay(
    desk: FakeDesk, tmp_path: Path
) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ana, tom = desk.find(ANA), desk.find(TOM)
        panes.conversation.deeds.merging.merge([ana, tom], None)
        dialog = await _question(panes)
        assert isinstance(dialog, MergeQuestion)
        assert dialog.value("customer") == "Tom Baker"
        assert dialog.value("priority") == "Urgent", "the more urgent of both"
        assert dialog.value("tags") == "Refund, Delivery"
        dialog.choose(ana)
        assert dialog.value("customer") == "Ana Ruiz"
        assert "Other customers are in it then: Tom Baker." in _words(dialog)
        _answer(dialog, "Merge")
        await until(lambda: MergeConversations(conversation_id=ana, joined_ids=(tom,)) in desk.commands)


def _drag(panes: Workspace, one: UUID, onto: UUID, *, let_go: bool = True) -> None:
    """Press on a row, go to another one in two steps, and let go there."""
    table, model = panes.queue.table, panes.queue.model
    places = [table.visualRect(model.index(model.position(row) or 0, 0)).center() for row in (one, onto)]
    viewport = table.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=places[0])
    for place in ((places[0] + places[1]) / 2, places[1]):
        at = QPointF(place)
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            at,
            QPointF(viewport.mapToGlobal(place)),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, move)
    if let_go:
        QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=places[1])


async def test_a_row_let_go_over_another_one_asks_to_merge_with_it(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ana, tom = desk.find(ANA), desk.find(TOM)
        _drag(panes, ana, tom)
        dialog = await _question(panes)
        assert isinstance(dialog, MergeQuestion)
        assert dialog.stays == tom, "what is dragged joins the other one"
        assert not [done for done in desk.commands if isinstance(done, MergeConversations)]
        _answer(dialog, "Merge")
        await until(lambda: MergeConversations(conversation_id=tom, joined_ids=(ana,)) in desk.commands)


async def test_escape_ends_a_drag(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        ana, tom = desk.find(ANA), desk.find(TOM)
        _drag(panes, ana, tom, let_go=False)
        drag = panes.queue.table.drag
        assert drag.is_on
        press(panes, Qt.Key.Key_Escape)
        assert not drag.is_on
        QTest.mouseRelease(panes.queue.table.viewport(), Qt.MouseButton.LeftButton)
        await settled(20)
        assert not [dialog for dialog in panes.window().findChildren(QDialog) if dialog.isVisible()]


async def test_who_may_not_merge_cannot_drag_and_is_told_by_the_key(desk: FakeDesk, tmp_path: Path) -> None:
    desk.permit(merge=False)
    async with main_window(desk, tmp_path, kind="all") as panes:
        ana, tom = desk.find(ANA), desk.find(TOM)
        _drag(panes, ana, tom, let_go=False)
        assert not panes.queue.table.drag.is_on
        QTest.mouseRelease(panes.queue.table.viewport(), Qt.MouseButton.LeftButton)
        await opened(panes, ANA, desk)
        press(panes, Qt.Key.Key_M)
        await until(lambda: "left to some of your colleagues" in panes.queue.toasts.current_text())


async def test_the_line_that_tells_of_a_merge_takes_it_back(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        tom, ana = await _merged(panes, desk)
        line = await until(
            lambda: panes.conversation.transcript.findChild(MergedLine), what="the line with its button"
        )
        line.button.click()
        await until(lambda: UnmergeConversations(conversation_id=tom, joined_ids=(ana,)) in desk.commands)
        await until(
            lambda: (
                not [one for one in panes.conversation.transcript.findChildren(MergedLine) if one.isVisible()]
            ),
            what="it is offered no more",
        )
