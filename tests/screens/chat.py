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
from tests.helpers.sample_chats import CHATS, be_on_page, sample_chats
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
    shop = "https://larkfield.example"
    be_on_page(
        desk,
        CHATS[0],
        (f"{shop}/desks", "Desks of walnut and oak"),
        (f"{shop}/desks/walnut-140", "Walnut desk 140 cm"),
        (f"{shop}/delivery?order=4417", "Where is my order?"),
        browser="Firefox 132",
        system="Windows",
        language="es",
        time_zone="Europe/Madrid",
    )
    window, workspace = await _window(desk)
    workspace.open_conversation(chats[0])
    await settle()
    return window
