"""What a person arranged in the window is there next time: widths, drawers, folded sections, the look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSplitter
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled
from tests.helpers.windows import main_window, opened, press

from agentdesk.desktop.appearance import apply_appearance
from agentdesk.desktop.my_menu import MyMenu
from agentdesk.desktop.rail_edge import RailEdge
from agentdesk.desktop.settings import DeskSettings, SettingsFile
from agentdesk.desktop.theme import theme
from agentdesk.desktop.workspace import Workspace

ANA = 4417


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


@pytest.fixture(autouse=True)
def usual_look(qapp: QApplication) -> Iterator[None]:
    apply_appearance(qapp, DeskSettings(theme="light"))
    yield
    apply_appearance(qapp, DeskSettings(theme="light"))


def _settings(folder: Path) -> DeskSettings:
    return SettingsFile(folder / "settings.json").now


def _drag(panes: Workspace, handle: int, by: int) -> None:
    """Drag the line after the pane ``handle - 1``."""
    grip = panes.findChild(QSplitter).handle(handle)
    start = grip.rect().center()
    QTest.mousePress(grip, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(grip, start + QPoint(by, 0))
    QTest.mouseRelease(grip, Qt.MouseButton.LeftButton, pos=start + QPoint(by, 0))


# --- widths ---


async def test_widths_of_the_panes_are_kept(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        assert (panes.queue.width(), panes.panel.width()) == (344, 304)
        _drag(panes, 1, 60)
        _drag(panes, 2, -50)
        wide = panes.queue.width(), panes.panel.width()
        assert wide == (pytest.approx(404, abs=4), pytest.approx(354, abs=4))  # the grip is a few pixels wide
        await until(lambda: _settings(tmp_path).list_width == wide[0])
    async with main_window(desk, tmp_path) as panes:
        assert (panes.queue.width(), panes.panel.width()) == wide
        panes.window().resize(900, 700)  # list and conversation take turns, and come back
        await settled()
        panes.window().resize(1440, 900)
        await settled()
        assert (panes.queue.width(), panes.panel.width()) == wide


async def test_the_rail_is_dragged_within_its_limits(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        edge = panes.findChild(RailEdge)
        await until(edge.isVisible)
        QTest.mousePress(edge, Qt.MouseButton.LeftButton)
        QTest.mouseMove(edge, QPoint(42, 100))
        QTest.mouseRelease(edge, Qt.MouseButton.LeftButton)
        await settled()
        assert panes.rail.width() == 248
        edge.dragged.emit(900)
        assert panes.rail.width() == 280
        edge.dragged.emit(10)
        assert panes.rail.width() == 180
        edge.let_go.emit()
    async with main_window(desk, tmp_path) as panes:
        assert panes.rail.width() == 180
        press(panes, Qt.Key.Key_B)
        await until(lambda: not panes.findChild(RailEdge).isVisible())
        assert panes.rail.width() == 56


async def test_an_open_drawer_is_remembered_for_its_width(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, size=(1100, 700)) as panes:
        press(panes, Qt.Key.Key_I)
        assert panes.panel.isVisible()
    async with main_window(desk, tmp_path, size=(900, 700)) as panes:
        assert not panes.panel.isVisible()
        panes.window().resize(1100, 700)
        await settled()
        assert panes.panel.isVisible()
        press(panes, Qt.Key.Key_I)
        await until(lambda: not panes.panel.isVisible())
    async with main_window(desk, tmp_path, size=(1100, 700)) as panes:
        assert not panes.panel.isVisible()


async def test_a_drawer_slides_unless_less_motion_is_wanted(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path, size=(1100, 700)) as panes:
        theme().set_reduced_motion(True)
        press(panes, Qt.Key.Key_I)
        assert panes.panel.mapTo(panes, QPoint(0, 0)).x() == panes.width() - panes.panel.width()
        press(panes, Qt.Key.Key_I)
        assert not panes.panel.isVisible()
        theme().set_reduced_motion(False)
        press(panes, Qt.Key.Key_I)
        assert panes.panel.mapTo(panes, QPoint(0, 0)).x() > panes.width() - panes.panel.width()
        press(panes, Qt.Key.Key_I)
        press(panes, Qt.Key.Key_I)
        await until(lambda: panes.panel.mapTo(panes, QPoint(0, 0)).x() == panes.width() - panes.panel.width())


async def test_folded_sections_stay_folded(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        panes.panel.details.toggle()
    async with main_window(desk, tmp_path) as panes:
        assert not panes.panel.details.is_open()
        assert panes.panel.notes.is_open()


# --- focus mode ---


async def test_focus_mode_shows_the_conversation_alone(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        assert not panes.actions_.trigger("window.focus"), "there is nothing to read"
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        assert panes.actions_.action("window.focus") in _menu(panes).menu.actions()
        panes.actions_.trigger("window.focus")
        sides = (panes.rail, panes.queue, panes.panel)
        assert not any(one.isVisible() for one in sides)
        panes.window().resize(1100, 700)
        await settled()
        assert not any(one.isVisible() for one in sides)
        panes.window().resize(1440, 900)
        press(panes, Qt.Key.Key_Escape)
        await settled()
        assert all(one.isVisible() for one in sides)
        assert panes.queue.width() == 344


async def test_focus_mode_ends_with_its_last_conversation(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        panes.actions_.trigger("window.focus")
        panes.conversation.head.back.click()
        assert panes.queue.isVisible()
        for one in list(panes.queue.model.ids):
            number = desk.world.conversations[one].number
            panes.open_conversation(one)
            await opened(panes, number, desk)
            if len(panes.queue.model.ids) == 1:
                panes.actions_.trigger("window.focus")
                assert not panes.queue.isVisible()
            panes.actions_.trigger("conversation.resolve")
            await until(lambda gone=one: gone not in panes.queue.model.ids)
        await until(panes.queue.isVisible)


# --- the look ---


def _menu(panes: Workspace) -> MyMenu:
    return panes.findChild(MyMenu) or panes.window().findChild(MyMenu)


def _look(panes: Workspace, words: str) -> QAction:
    return next(one for one in _menu(panes).appearance.actions() if one.text() == words)


async def test_density_is_chosen_and_kept(qapp: QApplication, desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        usual = panes.queue.table.rowHeight(0)
        _look(panes, "Rows close together").trigger()
        await settled()
        assert (usual, panes.queue.table.rowHeight(0)) == (72, 40)
        assert theme().size("row") == 24
        _look(panes, "Rows far apart").trigger()
        await settled()
        assert panes.queue.table.rowHeight(0) == 92
    theme().set_density("normal")
    apply_appearance(qapp, _settings(tmp_path))
    assert theme().density == "roomy"


async def test_contrast_and_motion_are_chosen_and_kept(
    qapp: QApplication, desk: FakeDesk, tmp_path: Path
) -> None:
    async with main_window(desk, tmp_path) as panes:
        faint = theme().color("line.subtle")
        _look(panes, "More contrast").trigger()
        _look(panes, "Less motion").trigger()
        assert theme().color("line.subtle") == theme().color("line.strong") != faint
        assert theme().duration("pane") == 0
    apply_appearance(qapp, DeskSettings(theme="light"))
    assert theme().duration("pane") > 0
    apply_appearance(qapp, _settings(tmp_path))
    assert theme().high_contrast
    assert theme().duration("pane") == 0


async def test_the_menu_says_what_is_chosen(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        theme().set_density("compact")
        theme().set_high_contrast(True)
        _menu(panes).appearance.aboutToShow.emit()
        checked = {one.text() for one in _menu(panes).appearance.actions() if one.isChecked()}
        assert checked == {"Light", "Rows close together", "More contrast"}
        assert not _settings(tmp_path).more_contrast, "showing the menu chooses nothing"


def test_a_system_that_asks_for_contrast_gets_it(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(theme()), "system_wants_contrast", property(lambda _self: True))
    qapp.styleHints().accessibility().contrastPreferenceChanged.emit(Qt.ContrastPreference.HighContrast)
    assert theme().high_contrast
    monkeypatch.setattr(type(theme()), "system_wants_contrast", property(lambda _self: False))
    qapp.styleHints().accessibility().contrastPreferenceChanged.emit(Qt.ContrastPreference.NoPreference)
    assert not theme().high_contrast


def test_settings_that_make_no_sense_are_the_usual_ones(qapp: QApplication) -> None:
    apply_appearance(qapp, DeskSettings(theme="purple", density="tiny", text_scale=9))
    assert theme().wanted == "system"
    assert theme().density == "normal"
    assert theme().text_scale == 1.5
