"""The main window, the first run and signing in, in the states that a person can meet."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.first_run import ConnectPage, SignInPage, WelcomePage
from agentdesk.desktop.window import MainWindow
from agentdesk.queries.rows import View
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.discover import connector
from agentdesk.sync.desk import Link
from tests.helpers.fake_desk import FakeDesk
from tests.screens.runner import screen, settle

SIZES = [(1440, 900), (1024, 640)]


def _window() -> MainWindow:
    return MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))


async def _filled(desk: FakeDesk, view: View, *, opened: bool = True) -> QWidget:
    window = _window()
    window.resize(1440, 900)
    workspace = window.attach(desk, workspace="Larkfield Home")
    workspace.show_view(view)
    window.show()
    await settle()
    if opened and workspace.queue.model.ids:
        workspace.open_conversation(workspace.queue.model.ids[0])
        await settle()
    return window


@screen("main", sizes=[*SIZES, (1200, 800), (720, 480)])
async def main() -> QWidget:
    return await _filled(FakeDesk.sample(), View(kind="all"))


@screen("main-none-open", sizes=SIZES)
async def none_open() -> QWidget:
    return await _filled(FakeDesk.sample(), View(kind="mine"), opened=False)


@screen("main-empty", sizes=SIZES)
async def empty() -> QWidget:
    return await _filled(FakeDesk.empty(), View(kind="mine"))


@screen("main-offline", sizes=SIZES)
async def offline() -> QWidget:
    desk = FakeDesk.sample()
    desk.set_link(Link.OFFLINE)
    return await _filled(desk, View(kind="all"))


@screen("main-loading", sizes=SIZES)
def loading() -> QWidget:
    return _window()


@screen("search-nothing", sizes=[(1440, 900)])
async def search_nothing() -> QWidget:
    return await _filled(FakeDesk.sample(), View(kind="search", text="walnut dsk"))


@screen("first-run", sizes=SIZES)
def first_run() -> QWidget:
    return WelcomePage()


@screen("sign-in", sizes=[(1024, 640)])
def sign_in() -> QWidget:
    page = SignInPage("https://desk.larkfield.example", "jonas@larkfield.example")
    page.show_problem(
        msg("The server did not accept this address and password."),
        msg("Check both, or ask your supervisor."),
    )
    return page


@screen("connect-email", sizes=[(1440, 900)])
def connect_email() -> QWidget:
    page = ConnectPage(msg("Connect my email"), connector("email").manifest.settings)
    page.form.set_value("address", "support@larkfield.example")
    found = msg("The server greets with TLS.")
    page.add_step(CheckStep(msg("Reach the mailbox"), True, found))
    problem = msg("The server did not accept this password. Some providers need an app password.")
    page.add_step(CheckStep(msg("Sign in"), False, problem, msg("Check the password.")))
    return page
