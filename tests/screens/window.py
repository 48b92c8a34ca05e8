"""The main window, the first run and signing in, in the states that a person can meet."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import msgspec
from PySide6.QtWidgets import QPushButton, QWidget

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.commands.values import SaveView, SetPriority, ViewQuery
from agentdesk.desktop.dialogs.second_factor import SecondFactorDialog
from agentdesk.desktop.dialogs.shortcut_sheet import ShortcutSheet
from agentdesk.desktop.lifetime import connect
from agentdesk.desktop.loop import application
from agentdesk.desktop.my_menu import MyMenu
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.find_bar import FindBar
from agentdesk.desktop.views.first_run import ConnectPage, WelcomePage
from agentdesk.desktop.views.sign_in import SignInPage
from agentdesk.desktop.views.trouble import TroublePage
from agentdesk.desktop.window import MainWindow
from agentdesk.queries.rows import View
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.discover import connector
from agentdesk.sync.desk import Draft, Link
from tests.helpers.fake_account import FakeAccount
from tests.helpers.fake_desk import NOW, FakeDesk
from tests.screens.runner import screen, settle

SIZES = [(1440, 900), (1024, 640)]


def _window() -> MainWindow:
    return MainWindow(SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))


@screen("readme")
async def readme() -> QWidget:
    desk = FakeDesk.sample(NOW)
    reply = (
        "Hola Ana: acabo de hablar con el almacén y tu escritorio ha salido hoy de Valencia. La entrega está "
        "prevista para el jueves 26, así que llegará antes que tus invitados."
    )
    ana = desk.find(4417)
    await desk.save_draft(Draft(conversation_id=ana, mode="reply", text=reply))
    with patch.object(clock, "now", lambda: NOW):
        window = await _filled(desk, View(kind="mine", order="due"), opened=False)
        assert isinstance(window, MainWindow)
        assert window.workspace is not None
        window.workspace.open_conversation(ana)
        await settle()
    return window


async def _filled(desk: FakeDesk, view: View, *, opened: bool = True) -> QWidget:
    window = _window()
    window.resize(1440, 900)
    workspace = window.attach(desk, workspace="Larkfield Home")
    await workspace.complete()
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


@screen("main-menu-bar", sizes=[(1440, 900)])
async def menu_bar() -> QWidget:
    window = await _filled(FakeDesk.sample(), View(kind="all"))
    assert isinstance(window, MainWindow)
    assert window.workspace is not None
    window.workspace.actions_.trigger("window.menu_bar")
    return window


@screen("main-held", sizes=[(1440, 900)])
async def held() -> QWidget:
    window = await _filled(FakeDesk.sample(), View(kind="all"))
    assert isinstance(window, MainWindow)
    assert window.workspace is not None
    queue = window.workspace.queue
    ids = list(queue.model.ids)
    queue.held_bar.tell(ids, [*(UUID(int=n) for n in range(3)), ids[4], *ids[:4], *ids[6:], ids[5]])
    return window


@screen("main-selected", sizes=SIZES)
async def selected() -> QWidget:
    window = await _filled(FakeDesk.sample(), View(kind="all"))
    assert isinstance(window, MainWindow)
    assert window.workspace is not None
    queue = window.workspace.queue
    queue.selection.select(queue.model.ids[1:5])
    return window


@screen("main-sections", sizes=SIZES)
async def sections() -> QWidget:
    return await _filled(FakeDesk.sample(), View(kind="all", order="due", group="priority"))


@screen("main-filtered", sizes=[(1440, 900)])
async def filtered() -> QWidget:
    desk = FakeDesk.sample()
    for one, row in desk.world.conversations.items():
        desk.world.conversations[one] = msgspec.structs.replace(row, unread=False)
    return await _filled(desk, View(kind="all", only="unread"), opened=False)


@screen("main-compact", sizes=SIZES)
async def compact() -> QWidget:
    theme().set_density("compact")
    window = await _filled(FakeDesk.sample(), View(kind="all"))
    connect(window.destroyed, application(), partial(theme().set_density, "normal"))
    return window


@screen("main-roomy", sizes=SIZES)
async def roomy() -> QWidget:
    theme().set_density("roomy")
    window = await _filled(FakeDesk.sample(), View(kind="all"))
    connect(window.destroyed, application(), partial(theme().set_density, "normal"))
    return window


@screen("main-toast", sizes=SIZES)
async def toast() -> QWidget:
    window = await _filled(FakeDesk.sample(), View(kind="all"))
    assert isinstance(window, MainWindow)
    assert window.workspace is not None
    window.workspace.queue.say(msg("Resolved {name}.", name="Tom Baker"), msg("Undo"), lambda: None)
    return window


@screen("main-trouble", sizes=[(1440, 900), (720, 480)])
async def trouble() -> QWidget:
    desk = FakeDesk.sample()
    for account in list(desk.world.accounts.values()):
        problem = {"text": "The server did not accept this password. Some providers need an app password."}
        desk.world.accounts[account.id] = msgspec.structs.replace(
            account, state="auth_failed", problem=problem
        )
    return await _filled(desk, View(kind="all"), opened=False)


@screen("main-troubles", sizes=SIZES)
async def troubles() -> QWidget:
    desk = FakeDesk.sample()
    for account in list(desk.world.accounts.values())[:1]:
        desk.world.accounts[account.id] = msgspec.structs.replace(
            account,
            state="unreachable",
            problem={"text": "The server did not accept this password. Some providers need an app password."},
            remedy={"text": "Check the password."},
            since=clock.seconds_from_now(-7200),
        )
    desk.set_link(Link.OFFLINE)
    command = await desk.do(SetPriority(conversation_id=desk.find(4417), priority="low"))
    desk.set_link(Link.SYNCED)
    desk.refuse(command, "not_allowed", "This conversation no longer exists.")
    desk.permit(retry_channels=True)
    window = await _filled(desk, View(kind="all"))
    assert isinstance(window, MainWindow)
    assert window.workspace is not None
    window.workspace.status_bar.trouble_button.click()
    return window


@screen("main-find", sizes=SIZES)
async def find() -> QWidget:
    window = await _filled(FakeDesk.sample(), View(kind="all"), opened=False)
    assert isinstance(window, MainWindow)
    assert window.workspace is not None
    workspace = window.workspace
    workspace.open_conversation(workspace.queue.model.ids[1])
    await settle()
    workspace.conversation.deeds.find()
    bar = workspace.findChild(FindBar)
    bar.field.setText("Jonas")
    await settle()
    return window


@screen("main-high-contrast", sizes=[(1440, 900)])
async def high_contrast() -> QWidget:
    theme().set_high_contrast(True)
    window = await _filled(FakeDesk.sample(), View(kind="all"))
    connect(window.destroyed, application(), partial(theme().set_high_contrast, False))
    return window


@screen("main-sign-in-ended", sizes=SIZES)
async def sign_in_ended() -> QWidget:
    desk = FakeDesk.sample()
    desk.set_status(link=Link.SIGN_IN, waiting=3)
    return await _filled(desk, View(kind="all"))


@screen("main-filling", sizes=SIZES)
async def filling() -> QWidget:
    desk = FakeDesk.empty()
    desk.set_status(link=Link.FILLING, synced_at=None, done=120, total=900)
    return await _filled(desk, View(kind="mine"))


@screen("main-drafts", sizes=[(1440, 900)])
async def drafts() -> QWidget:
    desk = FakeDesk.sample()
    await desk.save_draft(Draft(conversation_id=desk.find(4390), mode="reply", text="Half a sentence"))
    return await _filled(desk, View(kind="drafts"))


@screen("main-snoozed", sizes=[(1440, 900)])
async def snoozed() -> QWidget:
    return await _filled(FakeDesk.sample(), View(kind="snoozed"))


@screen("desk-trouble", sizes=SIZES)
def desk_trouble() -> QWidget:
    title = msg("AgentDesk is already running on this folder.")
    text = msg("Close the other one, or choose another folder than {folder}.", folder="/home/jonas/desk")
    return TroublePage(title, text, can_retry=True)


@screen("shortcuts", sizes=[(520, 640)])
def shortcuts() -> QWidget:
    behind = _window()
    sheet = ShortcutSheet(behind)
    sheet.destroyed.connect(lambda: behind.deleteLater())  # and keeps it until then
    return sheet


@screen("main-loading", sizes=SIZES)
def loading() -> QWidget:
    return _window()


@screen("search-nothing", sizes=[(1440, 900)])
async def search_nothing() -> QWidget:
    return await _filled(FakeDesk.sample(), View(kind="search", text="walnut dsk"))


@screen("first-run", sizes=SIZES)
def first_run() -> QWidget:
    window = _window()
    page = WelcomePage(window)
    menus = MyMenu(window, SettingsFile(Path(tempfile.mkdtemp()) / "settings.json"))
    page.set_menus(menus.languages, menus.themes)
    window.show_page(page)
    return window


@screen("sign-in", sizes=[(1024, 640)])
def sign_in() -> QWidget:
    page = SignInPage("https://desk.larkfield.example", "jonas@larkfield.example")
    page.show_problem(
        msg("The server did not accept this address and password."),
        msg("Check both, or ask your supervisor."),
    )
    return page


@screen("sign-in-code", sizes=[(1024, 640)])
def sign_in_code() -> QWidget:
    page = SignInPage("https://desk.larkfield.example", "jonas@larkfield.example")
    page.ask_code(
        msg("This account asks for a code besides the password."),
        msg("Open your authenticator app. Without it, a recovery code will do."),
    )
    return page


@screen("second-factor-off", sizes=[(420, 560)])
async def second_factor_off() -> QWidget:
    dialog = SecondFactorDialog(FakeAccount())
    await settle()
    return dialog


@screen("second-factor-on", sizes=[(420, 300)])
async def second_factor_on() -> QWidget:
    dialog = SecondFactorDialog(FakeAccount(on=True))
    await settle()
    return dialog


@screen("second-factor-codes", sizes=[(420, 300)])
async def second_factor_codes() -> QWidget:
    dialog = SecondFactorDialog(FakeAccount())
    await settle()
    dialog.code.setText("123456")
    next(one for one in dialog.findChildren(QPushButton) if one.isDefault()).click()
    await settle()
    return dialog


@screen("connect-email", sizes=[(1440, 900)])
def connect_email() -> QWidget:
    page = ConnectPage(msg("Connect my email"), connector("email").manifest.settings)
    page.form.set_value("address", "support@larkfield.example")
    found = msg("The server greets with TLS.")
    page.add_step(CheckStep(msg("Reach the mailbox"), True, found))
    problem = msg("The server did not accept this password. Some providers need an app password.")
    page.add_step(CheckStep(msg("Sign in"), False, problem, msg("Check the password.")))
    return page


async def _with_views(desk: FakeDesk) -> MainWindow:
    desk.permit(share_views=True)
    saved = (
        ("Refunds to check", "credit-card", False, ViewQuery(kind="all", tags=("Refund",))),
        ("Urgent", "flag", True, ViewQuery(kind="all", priority="urgent")),
        ("Deliveries", "package", True, ViewQuery(kind="all", tags=("Delivery",))),
    )
    for name, icon, shared, query in saved:
        view_id = desk.world.new_id()
        await desk.do(SaveView(view_id=view_id, name=name, icon=icon, query=query, shared=shared))
    behind = ("unassigned", "mentions", "snoozed", "drafts", "all", "resolved")
    desk.rail = ("mine", f"view:{min(desk.saved).hex}", *behind)
    window = await _filled(desk, View(kind="all"), opened=False)
    assert isinstance(window, MainWindow)
    return window


@screen("main-views", sizes=SIZES)
async def views() -> QWidget:
    window = await _with_views(FakeDesk.sample())
    assert window.workspace is not None
    panes = window.workspace
    panes.show_view(next(view for view in panes.rail.model.views() if view.name == "Deliveries"))
    await settle()
    return window


@screen("main-view-editor", sizes=SIZES)
async def view_editor() -> QWidget:
    window = await _with_views(FakeDesk.sample())
    assert window.workspace is not None
    panes = window.workspace
    panes.show_view(next(view for view in panes.rail.model.views() if view.name == "Deliveries"))
    await settle()
    panes.saved_views.save()
    await settle()
    return window
