"""Several chats side by side: each with its own transcript and composer, one of them with the focus."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import CHATS, make_chat, sample_chats
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import main_window, opened, press

from agentdesk.commands.values import EndChat, MergeConversations, SendReply
from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.workspace import Workspace
from agentdesk.sync.desk import Draft

ANA, TOM, NOAH = CHATS
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
WIDE, NARROW = (1440, 900), (1024, 700)


@pytest.fixture
def desk() -> FakeDesk:
    """Three chats are mine: Noah's, Tom's and Ana's, in the order of their tabs."""
    made = FakeDesk.sample()
    sample_chats(made)
    return made


def _shown(panes: Workspace) -> list[int]:
    """The numbers of the conversations on screen, from the start of the window on."""
    rows = [view.row for view in panes.late.side_by_side.shown()]
    return [row.number for row in rows if row is not None]


def _pane(panes: Workspace, number: int) -> ConversationView:
    return next(
        view for view in panes.late.side_by_side.shown() if view.row is not None and view.row.number == number
    )


def _current(panes: Workspace) -> int:
    row = panes.conversation.row
    return row.number if row is not None else 0


async def _beside(panes: Workspace, desk: FakeDesk) -> None:
    """Show Ana's chat, and Noah's beside it, which has the focus then."""
    await until(lambda: len(panes.late.tabs.tabs) == 3, what="my chats are known")
    panes.open_conversation(desk.find(ANA))
    await opened(panes, ANA, desk)
    press(panes, Qt.Key.Key_S)
    await opened(panes, NOAH, desk)
    assert _shown(panes) == [ANA, NOAH]


def _click(widget: QWidget) -> None:
    """Press and let go a widget as the mouse of the window does, which comes to the window first."""
    window, point = widget.window(), widget.rect().center()
    place, on_screen = QPointF(widget.mapTo(window, point)), QPointF(widget.mapToGlobal(point))
    for kind, held in (
        (QMouseEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton),
        (QMouseEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
    ):
        button, no_keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, place, place, on_screen, button, held, no_keys)
        QApplication.sendEvent(window.windowHandle(), event)


async def test_each_chat_has_its_own_draft_and_what_is_sent_goes_where_it_was_written(
    desk: FakeDesk, tmp_path: Path
) -> None:
    async with main_window(desk, tmp_path) as panes:
        await _beside(panes, desk)
        first, second = _pane(panes, ANA), _pane(panes, NOAH)
        press(panes, Qt.Key.Key_R)
        QTest.keyClicks(second.composer.box.text, "for Noah")
        press(panes, Qt.Key.Key_F6, SHIFT)
        await until(lambda: _current(panes) == ANA, what="F6 goes from pane to pane")
        press(panes, Qt.Key.Key_R)
        QTest.keyClicks(first.composer.box.text, "for Ana")
        await opened(panes, ANA, desk)  # list and customer go with the focus
        assert first.composer.box.text.toPlainText() == "for Ana"
        assert second.composer.box.text.toPlainText() == "for Noah"

        press(panes, Qt.Key.Key_F8)  # the tab after Ana's is Noah's: his pane is there already
        await until(lambda: second.composer.box.text.hasFocus(), what="who writes, writes on there")
        await opened(panes, NOAH, desk)
        press(panes, Qt.Key.Key_Return, CTRL)
        await until(lambda: isinstance(desk.commands[-1], SendReply))
        command = desk.commands[-1]
        assert isinstance(command, SendReply)
        assert (command.conversation_id, command.text) == (desk.find(NOAH), "for Noah")
        assert _shown(panes) == [ANA, NOAH]


async def test_keys_work_on_the_pane_that_was_pressed_last(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await _beside(panes, desk)
        assert _marked(panes) == [False, True]
        press(panes, Qt.Key.Key_R)
        _click(_pane(panes, ANA).head.back)
        _click(_pane(panes, ANA).composer.box.switch)
        await until(lambda: _current(panes) == ANA, what="a button that takes no focus turns there too")
        assert _pane(panes, ANA).composer.isAncestorOf(panes.window().focusWidget())
        assert _marked(panes) == [True, False]
        assert [view.head.accessibleName() for view in panes.late.side_by_side.shown()] == [
            "1 of 2 side by side: Ana Ruiz, Walnut desk still not delivered",
            "2 of 2 side by side: Noah Fischer, Angebot für zwölf Stühle",
        ]
        here, there = desk.find(ANA), desk.find(NOAH)
        assert desk.places[-1][0] == here
        assert panes.actions_.trigger("conversation.unread")
        await until(lambda: desk.commands[-1].conversation_id == here)
        tabs = {tab.row.id: tab for tab in panes.late.tabs.tabs}
        assert (tabs[here].isChecked(), tabs[there].beside) == (True, True)
        assert tabs[there].accessibleName().endswith("shown beside")


def _marked(panes: Workspace) -> list[bool]:
    """Which panes have the line of the focus at their upper edge."""
    images: list[QImage] = [view.grab().toImage() for view in panes.late.side_by_side.shown()]
    return [image.pixelColor(9, 0) != image.pixelColor(9, 3) for image in images]


async def test_without_room_one_is_shown_and_the_others_come_back(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        assert not panes.rail.is_folded()
        await _beside(panes, desk)
        assert panes.rail.is_folded(), "the rail gives way"
        resting = _pane(panes, ANA)
        panes.window().resize(*NARROW)
        await until(lambda: _shown(panes) == [NOAH], what="there is room for one")
        assert _pane(panes, NOAH).head.close_button.isHidden()
        desk.world.now += timedelta(seconds=1)
        desk.receive(desk.find(ANA), "Are you there?")
        await until(lambda: any(tab.news for tab in panes.late.tabs.tabs), what="it is new in the tab")
        texts = [row.text for row in resting.transcript.rows()]
        assert "Are you there?" not in texts, "what nobody sees costs nothing"
        panes.window().resize(*WIDE)
        await until(lambda: _shown(panes) == [ANA, NOAH], what="both are back")
        await until(lambda: "Are you there?" in [row.text for row in resting.transcript.rows()])
        panes.window().resize(*NARROW)
        await until(lambda: _shown(panes) == [NOAH])
        press(panes, Qt.Key.Key_F8)
        await until(lambda: _shown(panes) == [TOM], what="tabs replace what is shown")
        panes.open_conversation(desk.find(ANA))
        await until(lambda: _shown(panes) == [ANA], what="and lead to a pane that rests")


def _collected(gone: Sequence[weakref.ref[QObject]]) -> bool:
    gc.collect()
    return not any(ref() is not None for ref in gone)


async def test_a_closed_pane_is_gone_and_what_was_typed_is_kept(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await _beside(panes, desk)
        closed = _pane(panes, NOAH)
        press(panes, Qt.Key.Key_R)
        QTest.keyClicks(closed.composer.box.text, "half a sent")
        closed.deeds.find()
        parts = [closed, closed.transcript, closed.composer, closed.deeds, closed.presence, closed.head]
        gone = [weakref.ref(one) for one in parts]
        closed.head.close_button.click()
        await until(lambda: not any(isValid(one) for one in parts), what="it is destroyed")
        del closed
        parts.clear()
        await until(lambda: _collected(gone), what="nothing of it is held")
        assert _shown(panes) == [ANA]
        await opened(panes, ANA, desk)
        draft = await desk.draft(desk.find(NOAH), "reply")
        assert draft is not None
        assert draft.text == "half a sent"
        assert not panes.rail.is_folded(), "the rail comes back"
        assert not panes.actions_.action("chat.close_pane").isEnabled()
        panes.open_conversation(desk.find(NOAH))
        await opened(panes, NOAH, desk)
        assert panes.conversation.composer.box.text.toPlainText() == "half a sent"

        press(panes, Qt.Key.Key_S)
        await until(lambda: _shown(panes) == [NOAH, TOM])
        _pane(panes, NOAH).head.close_button.click()
        await until(lambda: _shown(panes) == [TOM], what="the first one can be closed as well")
        await opened(panes, TOM, desk)
        press(panes, Qt.Key.Key_S)
        await until(lambda: _shown(panes) == [TOM, ANA], what="and is used again")


@pytest.mark.parametrize("number", [ANA, NOAH])
async def test_a_window_that_closes_at_once_saves_what_was_typed_in_a_closed_pane(
    desk: FakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    save = desk.save_draft

    async def slowly(draft: Draft) -> UUID | None:
        for _ in range(50):
            await asyncio.sleep(0)
        return await save(draft)

    monkeypatch.setattr(desk, "save_draft", slowly)
    async with main_window(desk, tmp_path) as panes:
        await _beside(panes, desk)
        closed = _pane(panes, number)
        QTest.keyClicks(closed.composer.box.text, "half a sent")
        panes.late.side_by_side.close_pane(closed)
    draft = await desk.draft(desk.find(number), "reply")
    assert draft is not None
    assert draft.text == "half a sent"


async def test_how_many_and_how_wide_is_remembered(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, size=(1920, 900)) as panes:
        await _beside(panes, desk)
        side = panes.late.side_by_side
        grip = side.handle(1)
        start = grip.rect().center()
        QTest.mousePress(grip, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(grip, start + QPoint(60, 0))
        QTest.mouseRelease(grip, Qt.MouseButton.LeftButton, pos=start + QPoint(60, 0))
        widths = [view.width() for view in side.shown()]
        assert widths[0] - widths[1] > 60
        await until(lambda: SettingsFile(tmp_path / "settings.json").now.chat_widths)
    async with main_window(desk, tmp_path, size=(1920, 900)) as panes:
        panes.open_conversation(desk.find(TOM))
        await until(lambda: _shown(panes) == [TOM, NOAH], what="another of my chats stands beside")
        assert _current(panes) == TOM
        await until(lambda: [view.width() for view in panes.late.side_by_side.shown()] == widths)
        press(panes, Qt.Key.Key_F6)
        panes.late.side_by_side.close_current()
    async with main_window(desk, tmp_path, size=(1920, 900)) as panes:
        panes.open_conversation(desk.find(TOM))
        await opened(panes, TOM, desk)
        assert len(_shown(panes)) == 1


async def test_a_chat_that_ends_gives_its_place_to_the_next_of_mine(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await _beside(panes, desk)
        panes.conversation.deeds.end_chat()
        await until(lambda: isinstance(desk.commands[-1], EndChat))
        await until(lambda: _shown(panes) == [ANA, TOM], what="Noah's place is Tom's")
        assert _current(panes) == ANA
        _pane(panes, TOM).deeds.end_chat()  # begun there, and the person has gone on meanwhile
        await until(lambda: _shown(panes) == [ANA])
        assert _current(panes) == ANA
        assert desk.me is not None
        extra = make_chat(desk, 5088, assignee_id=desk.me.id)
        desk.emit(conversation={extra})
        await until(lambda: _shown(panes) == [ANA, 5088], what="a new chat of mine comes beside")
        assert _current(panes) == ANA, "what comes takes no focus"


async def test_the_key_for_the_next_waiting_chat_leads_to_its_pane(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await _beside(panes, desk)
        composer = _pane(panes, NOAH).composer.box.text
        composer.setFocus()
        press(panes, Qt.Key.Key_PageDown, CTRL | SHIFT)  # after Noah, Tom has waited longest
        await until(lambda: _shown(panes) == [ANA, TOM])
        press(panes, Qt.Key.Key_PageDown, CTRL | SHIFT)
        await until(lambda: _current(panes) == ANA, what="the chat is shown where it is")
        assert _shown(panes) == [ANA, TOM]
        assert _pane(panes, ANA).composer.box.text.hasFocus()


async def test_a_tab_is_dragged_beside_and_its_menu_does_the_same(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, size=(1920, 900)) as panes:
        await _beside(panes, desk)
        tabs = panes.late.tabs
        tab = next(one for one in tabs.tabs if one.row.number == TOM)
        target = _pane(panes, ANA)
        for let_go_over in (panes.queue, target):
            point = tab.mapFromGlobal(let_go_over.mapToGlobal(QPoint(20, 300)))
            QTest.mousePress(tab, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
            QTest.mouseMove(tab, point)
            assert tabs.drag.is_on
            QTest.mouseRelease(tab, Qt.MouseButton.LeftButton, pos=point)
            await settled()
        await until(lambda: _shown(panes) == [TOM, ANA, NOAH], what="it stands where it was let go")
        await opened(panes, TOM, desk)
        assert panes.actions_.trigger("chat.beside")
        assert _shown(panes) == [TOM, ANA, NOAH], "three are the most"

        (closing,) = tabs.menu(tab).actions()
        closing.trigger()
        await until(lambda: _shown(panes) == [ANA, NOAH])
        (beside,) = tabs.menu(tab).actions()
        beside.trigger()
        await until(lambda: TOM in _shown(panes))


async def test_from_the_right_the_first_stands_at_the_right(desk: FakeDesk, tmp_path: Path) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_locale(app, "ar")
    try:
        async with main_window(desk, tmp_path) as panes:
            await _beside(panes, desk)
            side = panes.late.side_by_side
            assert _pane(panes, ANA).x() > _pane(panes, NOAH).x()
            edge = side.mapToGlobal(QPoint(side.width() - 1, 100))
            assert (side.place_at(edge), side.place_at(side.mapToGlobal(QPoint(1, 100)))) == (0, 2)
    finally:
        apply_locale(app, "en")


async def test_a_narrow_pane_keeps_in_its_menu_what_has_no_room(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await _beside(panes, desk)
        view = _pane(panes, NOAH)
        assert view.head.is_short
        assert (view.head.snooze.isVisible(), view.head.resolve.text()) == (False, "")
        assert view.head.resolve.accessibleName() == "Resolve"
        assert view.row is not None
        texts = [action.text() for action in view.deeds.menu(view.row).actions()]
        assert {"Snooze…", "Show or hide the customer panel"} <= set(texts)
        assert view.head.minimumSizeHint().width() <= view.width()
        widths = [one.geometry().right() for one in view.head.children() if isinstance(one, QWidget)]
        assert max(widths) < view.width(), "nothing is cut"


async def test_a_panel_without_room_stands_over_the_chats(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, size=(1300, 800)) as panes:
        press(panes, Qt.Key.Key_I)
        assert not panes.panel.isVisible()
        await _beside(panes, desk)
        press(panes, Qt.Key.Key_I)
        await until(panes.panel.isVisible, what="it slides over them")
        assert _shown(panes) == [ANA, NOAH]
        panes.late.side_by_side.close_current()
        await until(lambda: _starts(panes.panel) > _starts(panes.conversation) + panes.conversation.width())
        assert panes.panel.isVisible()


def _starts(widget: QWidget) -> int:
    """Where a widget begins in its window."""
    return widget.mapTo(widget.window(), QPoint(0, 0)).x()


async def test_one_that_is_merged_into_another_that_is_shown_goes(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        await _beside(panes, desk)
        ana, noah, tom = (desk.find(number) for number in (ANA, NOAH, TOM))
        await desk.do(MergeConversations(conversation_id=tom, joined_ids=(ana,)))
        await until(lambda: _shown(panes) == [TOM, NOAH], what="it goes on in its place")
        assert _current(panes) == NOAH
        await desk.do(MergeConversations(conversation_id=noah, joined_ids=(tom,)))
        await until(lambda: _shown(panes) == [NOAH], what="it is shown once")
