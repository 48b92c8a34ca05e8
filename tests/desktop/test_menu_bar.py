"""The menu bar: in sight where that is wished, and the same actions as everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.windows import main_window, opened

from agentdesk.base.text import msg
from agentdesk.desktop.locale import apply_locale, tr
from agentdesk.desktop.loop import application
from agentdesk.desktop.menu_bar import MenuBar
from agentdesk.desktop.workspace import Workspace


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _menu_bar(panes: Workspace) -> MenuBar:
    found = panes.findChild(MenuBar)
    assert isinstance(found, MenuBar)
    return found


async def test_it_is_in_sight_where_that_is_wished_also_the_next_time(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        assert not _menu_bar(panes).bar.isVisible()
        panes.actions_.trigger("window.menu_bar")
        assert _menu_bar(panes).bar.isVisible()
    async with main_window(desk, tmp_path) as panes:
        assert _menu_bar(panes).bar.isVisible()
        panes.actions_.trigger("window.menu_bar")
        assert not _menu_bar(panes).bar.isVisible()


async def test_alt_leads_to_the_hidden_bar_until_it_is_left(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        bar, table = _menu_bar(panes).bar, panes.queue.table
        _keys(table, Qt.Key.Key_Alt, Qt.Key.Key_X)
        _keys(table, Qt.Key.Key_Alt, Qt.Key.Key_Tab)
        assert not bar.isVisible()  # it was not Alt alone
        _keys(table, Qt.Key.Key_Alt)
        assert bar.isVisible()
        assert bar.hasFocus()
        assert bar.activeAction() is bar.actions()[0]
        assert QApplication.activePopupWidget() is None
        QTest.keyClick(bar, Qt.Key.Key_Escape)
        await until(lambda: not bar.isVisible())
        assert table.hasFocus()


def _keys(widget: QWidget, *keys: Qt.Key) -> None:
    """Press keys one after the other, and let them go."""
    alt, none = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier
    for key in keys:
        for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            QApplication.sendEvent(widget, QKeyEvent(kind, key, alt))
    for key in reversed(keys):
        QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyRelease, key, none))


async def test_its_entries_are_the_actions_of_the_window(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, kind="all") as panes:
        menu = _menu_bar(panes)
        names = [entry.title() for entry in menu.menus]
        assert names == ["File", "Edit", "View", "Conversation", "Customer", "Go", "Window", "Help"]
        resolve = panes.actions_.action("conversation.resolve")
        assert resolve in menu.menus[3].actions()
        assert not resolve.isEnabled(), "nothing is open"
        panes.open_conversation(desk.find(4417))
        await opened(panes, 4417, desk)
        assert resolve.isEnabled()
        menu.menus[2].aboutToShow.emit()
        assert panes.actions_.action("panel.toggle").isChecked()
        apply_locale(application(), "ar")
        try:
            await until(lambda: menu.menus[5].title() == tr(msg("Go")), what="menus in another language")
            assert resolve.text() != "Resolve"
        finally:
            apply_locale(application(), "en")
