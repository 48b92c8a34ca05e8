"""The way from a first start to an open desk: the sandbox, an own mailbox, or a team."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from agentdesk.app.private_server import program_command
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.lifetime import tasks_of
from agentdesk.desktop.loop import request_shutdown
from agentdesk.desktop.my_menu import MyMenu
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.first_run import ConnectPage, WelcomePage
from agentdesk.desktop.views.sign_in import SignInPage
from agentdesk.desktop.window import MainWindow

if TYPE_CHECKING:
    from agentdesk.app.desktop import DeskProgram

_INBOX = "Support"
_OUTBOX = "outbox.sqlite"


class FirstRun(QObject):
    """Shows the pages in the window and carries out what is chosen on them."""

    def __init__(
        self, program: DeskProgram, window: MainWindow, settings: SettingsFile, profile: Path
    ) -> None:
        super().__init__(window)
        self._program = program
        self._window = window
        self._settings = settings
        self._profile = profile
        self._menus = MyMenu(window, settings)
        self._tasks = tasks_of(window, "first run")

    def show(self) -> None:
        """Offer the three ways to start."""
        page = WelcomePage(self._window)
        page.chosen.connect(self._on_chosen)
        page.set_menus(self._menus.languages, self._menus.themes)
        self._window.show_page(page)
        page.setFocus()

    def ask_sign_in(
        self, server: str = "", why: AgentDeskError | None = None, notice: Msg | None = None
    ) -> None:
        """Ask for server, address and password. ``why`` says what makes it necessary, ``notice`` what has
        become of the sign-in that the person ended."""
        chosen = self._settings.now
        page = SignInPage(server or chosen.server, chosen.email, chosen.authority, parent=self._window)
        page.submitted.connect(self._on_sign_in)
        page.file_wanted.connect(self._on_file_wanted)
        page.back.connect(self.show)
        self._sign_in = page
        if notice is not None:
            page.show_notice(msg("You are signed out."), notice)
        self._window.show_page(page)
        if why is not None:
            page.show_problem(why.message, why.hint)

    def ask_email(self) -> None:
        """Ask for the settings of an e-mail account."""
        from agentdesk.sdk.discover import connector

        page = ConnectPage(msg("Connect my email"), connector("email").manifest.settings, self._window)
        page.submitted.connect(self._on_connect)
        page.back.connect(self.show)
        self._connect = page
        self._window.show_page(page)

    def _on_chosen(self, way: str) -> None:
        if way == "connect":
            self.ask_email()
        elif way == "join":
            self.ask_sign_in()
        else:
            subprocess.Popen([*program_command(), "demo"])  # noqa: S603 - our own program
            request_shutdown("sandbox")

    def _on_file_wanted(self) -> None:
        self._tasks.start(self._choose_authority(), "choose a certificate")

    async def _choose_authority(self) -> None:
        from agentdesk.desktop import ask

        files = await ask.open_files(self._window, msg("Certificate of your company"))
        if files:
            self._sign_in.set_authority(str(files[0]))

    def _on_sign_in(self, server: str, email: str, password: str, authority: str, code: str) -> None:
        self._tasks.start(self._sign_in_to(server, email, password, authority, code), "sign in")

    async def _sign_in_to(self, server: str, email: str, password: str, authority: str, code: str) -> None:
        from agentdesk.sync.sign_in import CodeWanted, sign_in

        try:
            self._check_whose(email)
            token = await sign_in(server, email, password, authority, code=code)
            await self._program.join_team(server, email, token, authority)
        except CodeWanted as wanted:
            self._sign_in.ask_code(wanted.message, wanted.hint)
        except AgentDeskError as error:
            field = error.field if isinstance(error, Invalid) else None
            self._sign_in.show_problem(error.message, error.hint, field)

    def _check_whose(self, email: str) -> None:
        """A folder belongs to one person: what was received and what is unsent in it is theirs. Raises
        Invalid for somebody else."""
        owner = self._settings.now.email
        if not owner or owner.casefold() == email.casefold() or not (self._profile / _OUTBOX).exists():
            return
        raise Invalid(
            msg("What AgentDesk keeps in this folder belongs to {value}.", value=owner),
            msg("Sign in as that person, or start AgentDesk with another folder: --profile DIR"),
            field="email",
        )

    def _on_connect(self) -> None:
        self._tasks.start(self._try_and_connect(), "connect")

    async def _try_and_connect(self) -> None:
        from agentdesk.server import admin

        page = self._connect
        page.set_busy(True)
        page.clear_steps()
        page.form.clear_errors()
        settings, secrets = page.form.settings(), page.form.secrets()
        try:
            async for step in admin.try_channel("email", settings, secrets):
                page.add_step(step)
                if not step.ok:
                    page.set_busy(False)
                    return
            await self._save(settings, secrets)
            await self._program.work_alone()
        except Invalid as error:
            page.show_problem(error.field, error.message, error.hint)
        except AgentDeskError as error:
            page.show_problem(None, error.message, error.hint)

    async def _save(self, settings: dict[str, str], secrets: dict[str, str]) -> None:
        from agentdesk.app.private_server import database_url
        from agentdesk.server import admin
        from agentdesk.server.keys import open_vault
        from agentdesk.store.engine import Database

        folder = self._profile / "server"
        folder.mkdir(parents=True, exist_ok=True)
        db = Database(database_url(folder))
        try:
            await db.migrate()
            vault = await open_vault(db)
            if not await admin.has_inbox(db, _INBOX):
                await admin.add_inbox(db, _INBOX)
            await admin.add_channel(db, vault, "email", _INBOX, settings["address"], settings, secrets)
        finally:
            await db.close()
