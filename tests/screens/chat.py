"""Pictures of live chats at the desk."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtWidgets import QWidget

from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import View
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.sample_chats import sample_chats
from tests.screens.runner import screen, settle

SIZES = [(1440, 900), (1024, 640)]


async def _window(desk: FakeDesk) -> tuple[MainWindow, Workspace]:
    window = MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))
    window.resize(1440, 900)
    workspace = window.attach(desk, workspace="Larkfield Home")
    await workspace.complete()
    workspace.show_view(View(kind="mine", order="due"))
    window.show()
    await settle()
    return window, workspace


@screen("main-chats", sizes=SIZES)
async def main_chats() -> QWidget:
    desk = FakeDesk.sample()
    chats = sample_chats(desk)
    window, workspace = await _window(desk)
    workspace.open_conversation(chats[0])
    await settle()
    return window
