"""What people who see little, hear the screen, or use no mouse need of the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QWidget
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.views import settled
from tests.helpers.windows import main_window, opened
from tests.screens.checks import complaints

from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.workspace import Workspace

ANA, TOM = 4417, 4390
SMALLEST = 24


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk.sample()


def _focusable(root: QWidget) -> list[QWidget]:
    return [
        one
        for one in root.findChildren(QWidget)
        if one.isVisibleTo(root)
        and one.isEnabled()
        and one.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
    ]


def _spoken(widget: QWidget) -> str:
    face = QAccessible.queryAccessibleInterface(widget)
    return face.text(QAccessible.Text.Name) if face is not None else ""


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("size", [(1440, 900), (1024, 640), (720, 480)])
async def test_every_control_has_a_name(
    qapp: QApplication, desk: FakeDesk, tmp_path: Path, size: tuple[int, int], locale: str
) -> None:
    try:
        apply_locale(qapp, locale)
        async with main_window(desk, tmp_path, size=size) as panes:
            panes.open_conversation(desk.find(ANA))
            await opened(panes, ANA, desk)
            nameless = [repr(one) for one in _focusable(panes) if not _spoken(one).strip()]
            assert nameless == []
            assert complaints(panes) == []
    finally:
        apply_locale(qapp, "en")


async def test_the_status_bar_is_high_enough_to_hit(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        buttons = [one for one in panes.status_bar.findChildren(QAbstractButton) if one.isVisible()]
        assert buttons
        assert min(panes.status_bar.height(), *(one.width() for one in buttons)) >= SMALLEST


async def test_rows_are_high_enough_to_hit(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        assert panes.queue.table.rowHeight(0) >= SMALLEST
        rows = panes.rail.focusProxy()
        assert isinstance(rows, QAbstractItemView)
        assert rows.sizeHintForRow(0) >= SMALLEST


async def test_a_row_is_spoken_with_all_that_matters(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        assert _row(panes, desk, TOM).startswith("Tom Baker, urgent, a message was not sent, waiting for 42m")
        assert _row(panes, desk, TOM).endswith("Refund for order 4390")
        noah = _row(panes, desk, 5102)
        assert noah.startswith("Noah Fischer, unread")
        position = panes.queue.model.position(desk.find(TOM))
        description = panes.queue.model.index(position, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole)
        assert "Refund" in description


def _row(panes: Workspace, desk: FakeDesk, number: int) -> str:
    position = panes.queue.model.position(desk.find(number))
    spoken = panes.queue.model.index(position, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert isinstance(spoken, str)
    return spoken


async def test_the_rail_speaks_counts(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        counts = await desk.counts()
        await settled()
        spoken = panes.rail.model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
        assert spoken == f"Unassigned, {counts.unassigned} open"


async def test_the_focus_walks_the_panes_in_their_order(desk: FakeDesk, tmp_path: Path) -> None:
    async with main_window(desk, tmp_path) as panes:
        panes.open_conversation(desk.find(ANA))
        await opened(panes, ANA, desk)
        order = [panes.rail, panes.queue, panes.conversation, panes.panel, panes.status_bar]
        first = panes.rail.search
        met: list[QWidget] = []
        current: QWidget = first
        for _ in range(400):
            pane = next((one for one in order if one.isAncestorOf(current)), None)
            if pane is not None and _is_stop(current) and (not met or met[-1] is not pane):
                met.append(pane)
            current = current.nextInFocusChain()
            if current is first:
                break
        start = met.index(panes.rail)
        turned = [*met[start:], *met[:start]]
        assert [one for at, one in enumerate(turned) if one not in turned[:at]] == order


def _is_stop(widget: QWidget) -> bool:
    return widget.isVisible() and bool(widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value)
