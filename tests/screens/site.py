"""Pictures of who is on the site."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtWidgets import QWidget

from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.sync.desk import Link
from tests.helpers.fake_desk import FakeDesk
from tests.helpers.fake_site import sample_site
from tests.screens.runner import screen, settle

SIZES = [(1440, 900), (1024, 640)]
ANA = 4417


async def _screen(desk: FakeDesk) -> tuple[MainWindow, Workspace]:
    desk.permit(see_visitors=True)
    window = MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))
    window.resize(1440, 900)
    workspace = window.attach(desk, workspace="Larkfield Home")
    late = await workspace.complete()
    window.show()
    await settle()
    late.site.toggle()
    await settle()
    return window, workspace


@screen("site", sizes=SIZES)
async def site() -> QWidget:
    desk = FakeDesk.sample()
    desk.visitors = sample_site(desk.world.now, desk.find(ANA))
    window, workspace = await _screen(desk)
    view = workspace.late.site.view
    view.table.selectRow(0)
    view.text.setText("Do you have questions about the walnut desk?")
    await settle()
    return window


@screen("site-empty")
async def site_empty() -> QWidget:
    desk = FakeDesk.sample()
    desk.visitors = []
    window, _workspace = await _screen(desk)
    return window


@screen("site-offline")
async def site_offline() -> QWidget:
    desk = FakeDesk.sample()
    desk.set_link(Link.OFFLINE)
    window, _workspace = await _screen(desk)
    return window
