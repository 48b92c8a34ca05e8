"""The main window on a fake desk, for the length of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import View
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.until import until
from tests.helpers.views import settled


@asynccontextmanager
async def main_window(
    desk: FakeDesk, folder: Path, *, kind: str = "mine", size: tuple[int, int] = (1440, 900)
) -> AsyncIterator[Workspace]:
    """A shown window whose list ``kind`` has its rows; it is destroyed at the end."""
    window = MainWindow(SettingsFile(folder / "settings.json"))
    window.resize(*size)
    panes = window.attach(desk, workspace="Larkfield Home")
    await panes.complete()
    window.show()
    window.activateWindow()
    panes.show_view(View(kind=kind, order="due"))
    try:
        await list_loaded(panes, desk)
        panes.queue.table.setFocus()
        await settled()
        yield panes
    finally:
        await panes.release()
        window.hide()
        window.deleteLater()
        await until(lambda: not isValid(window), what="the window is destroyed")
        await settled()


async def list_loaded(panes: Workspace, desk: FakeDesk) -> None:
    """Wait until the list shows what the desk has for its view."""

    async def loaded() -> bool:
        ids = await desk.queue_ids(panes.queue.view)
        model = panes.queue.model
        return list(model.ids) == ids and all(model.row(one) is not None for one in ids[:3])

    await until(loaded, what="the list is loaded")
    await settled()


async def opened(panes: Workspace, number: int, desk: FakeDesk) -> None:
    """Wait until conversation ``number`` is on screen with its customer."""
    wanted = desk.find(number)
    contact = desk.world.conversations[wanted].contact_id

    def missing() -> list[str]:
        shown = {
            "composer": panes.conversation.composer.conversation_id == wanted,
            "list": panes.queue.current() == wanted,
            "customer": panes.panel.contact_id == contact,
        }
        return [name for name, there in shown.items() if not there]

    await until(lambda: not missing(), timeout=10, what=lambda: f"{number} is open in {missing()}")
    await settled()


def press(widget: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    """Press a key where the focus of the widget's window is, as a person does."""
    window = widget.window()
    target = window.focusWidget() or window
    QTest.keyClick(target, key, modifier or Qt.KeyboardModifier.NoModifier)
