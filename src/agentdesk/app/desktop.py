"""The desk program: the panes of the window, the parts behind them, and what the person chose."""

from __future__ import annotations

import argparse
import asyncio
import gc
from pathlib import Path
from typing import TYPE_CHECKING

from agentdesk.app.desk_parts import (
    import_local_desk,
    import_panes,
    move_later,
    rows_painted,
    server_account,
    trouble_page,
    workspace_name,
)
from agentdesk.app.launch import language_of, open_window
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.desktop.locale import apply_locale
from agentdesk.desktop.loop import application, request_shutdown, shutdown_requested
from agentdesk.desktop.settings import SettingsFile

if TYPE_CHECKING:
    from agentdesk.app.desk_vault import DeskVault
    from agentdesk.app.private_server import PrivateServer
    from agentdesk.app.session import SessionKeeper
    from agentdesk.base.text import Msg
    from agentdesk.desktop.window import MainWindow
    from agentdesk.desktop.workspace import Workspace
    from agentdesk.queries.rows import View
    from agentdesk.sync.account import ServerAccount
    from agentdesk.sync.desk import LinkStatus
    from agentdesk.sync.early_desk import EarlyDesk
    from agentdesk.sync.first_screen import FirstScreenFile, ScreenKeeper
    from agentdesk.sync.local import LocalDesk

_log = get_logger(__name__)

ALONE, TEAM = "alone", "team"
_MY_ACCOUNT = "my account"
_RING_SECONDS = 1.0
"""How long the window waits for the key of what it showed last, while the key ring asks the person."""


class DeskProgram:
    """One desk on one profile folder, from the first paint to the end; opens a window where none is given."""

    def __init__(
        self,
        profile: Path,
        settings: SettingsFile,
        parsed: argparse.Namespace,
        window: MainWindow | None = None,
    ) -> None:
        self._profile = profile
        self._settings = settings
        self._parsed = parsed
        self._early: EarlyDesk | None = None
        self._desk: LocalDesk | None = None
        self._keeper: ScreenKeeper | None = None
        self._server: PrivateServer | None = None
        self._address = ""
        self._vault: DeskVault | None = None
        self._window = window
        self._opened = asyncio.Event()
        self._account: ServerAccount | None = None
        self._leaving = False
        self._sessions: SessionKeeper | None = None
        self._tasks = Tasks("desk program")

    async def ready(self) -> tuple[Workspace, LocalDesk]:
        """Wait until the window is filled; returns its panes and the desk behind them."""
        await self._opened.wait()
        assert self._window is not None
        assert self._window.workspace is not None
        assert self._desk is not None
        return self._window.workspace, self._desk

    async def address(self) -> str:
        """Wait until the window is filled; returns where the desk's server is."""
        await self._opened.wait()
        return self._address

    async def main(self) -> int:
        """Start what is behind the window, and wait for the end."""
        window = self._window = self._window or open_window(self._settings, self._parsed)
        window.closed.connect(self._on_closed)
        apply_locale(application(), language_of(self._settings, self._parsed))
        from agentdesk.store.lock import FolderInUse, FolderLock

        try:
            with FolderLock(self._profile):
                return await self._work(window)
        except FolderInUse as error:
            self._show_trouble(window, error, can_retry=False)
            await shutdown_requested()
            window.hide()
            return 1

    async def _work(self, window: MainWindow) -> int:
        """Start what is behind the window, and end it when the person closes it, at whatever point."""
        try:
            starting = self._tasks.start(self._start_or_tell(window), "start")
            ending = self._tasks.start(shutdown_requested(), "wait for the end")
            await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and not starting.cancelled() and starting.exception() is not None:
                return 1  # what nobody foresaw; its story is in the log
            await ending
        finally:
            await self._stop()
            await self._tasks.close()
        return 0

    async def _start_or_tell(self, window: MainWindow) -> None:
        """Start; what is known to go wrong is told in the window, with a way to try again."""
        try:
            await self._start(window)
        except AgentDeskError as error:
            _log.warning("the desk does not start", why=str(error))
            await self._end_early()
            if self._server is not None:
                await self._server.stop()
                self._server = None
            self._show_trouble(window, error, can_retry=True)
        finally:
            gc.freeze()  # what is there now stays to the end: no collection need look at it again

    def _show_trouble(self, window: MainWindow, error: AgentDeskError, *, can_retry: bool) -> None:
        page = trouble_page(error, window, can_retry=can_retry)
        page.retry.connect(self._on_retry)
        page.other_wanted.connect(self._on_begin_anew)
        page.close_wanted.connect(window.close)
        window.show_page(page)

    def _on_retry(self) -> None:
        if self._window is not None:
            self._tasks.start(self._start_or_tell(self._window), "start again")

    def _on_begin_anew(self) -> None:
        if self._window is not None and self._vault is not None:
            self._tasks.start(self._begin_anew(self._window, self._vault), "start again")

    async def _begin_anew(self, window: MainWindow, vault: DeskVault) -> None:
        await vault.begin_anew()
        await self._start_or_tell(window)

    async def _start(self, window: MainWindow) -> None:
        server = self._parsed.server or ""
        if self._parsed.ca is not None:
            self._settings.change(authority=str(self._parsed.ca.absolute()))
        chosen = self._settings.now
        if server or chosen.mode == TEAM:
            await self._join(window, server or chosen.server)
        elif chosen.mode == ALONE:
            await self._show_panes(window, "")
            await self.work_alone()
        else:
            from agentdesk.app.first_run import FirstRun

            FirstRun(self, window, self._settings, self._profile).show()

    async def _join(self, window: MainWindow, server: str) -> None:
        """Sign in to a team's server: with the kept session, or by asking."""
        session = self._session()
        why: AgentDeskError | None = None
        if session.exists and server == self._settings.now.server:
            vault = self._vault = self._new_vault(server)
            await self._show_panes(window, server)
            token = await session.read()
            if token:
                why = await self._open_known(server, token)
                if why is None:
                    self._tasks.start(move_later(session, vault), "move to the key ring")
                    return
                session.drop()
            await self._end_early()
        self._ask_sign_in(server, why)

    async def _open_known(self, server: str, token: str) -> AgentDeskError | None:
        """Open the desk with a kept session; returns why not where the server does not know it any more."""
        from agentdesk.sync.key_lease import SignedOut

        try:
            await self.open_desk(server, token)
        except SignedOut as error:
            return error
        return None

    async def work_alone(self) -> None:
        """Start the private server and open the desk on it."""
        from agentdesk.app.private_server import PrivateServer

        self._vault = None
        self._server = PrivateServer(self._profile / "server")
        address = await self._server.start()
        self._settings.change(mode=ALONE)
        await self.open_desk(address, self._server.token)

    async def join_team(self, server: str, email: str, token: str, authority: str = "") -> None:
        """Keep the session and open the desk on the team's server, trusted by ``authority`` where given."""
        from agentdesk.app.desk_vault import KeyLost

        session = self._session()
        session.drop()  # at once: it may be that of another server
        self._tasks.start(session.keep(token), "keep the session")  # the key ring may ask first
        self._settings.change(mode=TEAM, server=server, email=email, authority=authority)
        self._vault = self._new_vault(server)
        try:
            await self.open_desk(server, token)
        except KeyLost as error:
            assert self._window is not None
            self._show_trouble(self._window, error, can_retry=True)

    async def open_desk(self, server: str, token: str) -> None:
        """Open the replica, fill the window where it is not filled yet, and connect. A team's desk is
        encrypted; that of a person who works alone lies beside the server's own plain database."""
        local = await asyncio.to_thread(import_local_desk)
        self._leaving, self._address = False, server
        assert self._window is not None
        vault, authority = self._vault, self._settings.now.authority
        keys = await vault.open(token) if vault is not None else None
        folder = vault.folder if vault is not None else self._profile
        desk = self._desk = local(folder, server, token, authority=authority, keys=keys)
        self._account = server_account(server, token, authority)
        await desk.start()
        if self._early is None:
            await self._show_panes(self._window, server)
        assert self._early is not None
        workspace = self._window.workspace
        assert workspace is not None
        self._early.become(desk)
        self._keep_screen(desk)
        if vault is not None:
            self._tasks.start(vault.keeper(token, self._on_over).keep(), "keep the key")
            desk.subscribe_status(self._on_status)
        self._opened.set()
        if not workspace.is_complete:
            await rows_painted(workspace)
            await workspace.complete()

    async def _show_panes(self, window: MainWindow, server: str) -> None:
        """Fill the window with what it showed last, while nothing behind it is open yet."""
        vault = self._vault
        unlocking = self._tasks.start(vault.unlock(), "unlock") if vault is not None else None
        early_desk = await asyncio.to_thread(import_panes)
        if unlocking is not None:
            await asyncio.wait((unlocking,), timeout=_RING_SECONDS)
        kept = self._screen_file()
        screen = await asyncio.to_thread(kept.read) if kept is not None else None
        early = self._early = early_desk(screen)
        workspace = window.attach(early, workspace=workspace_name(server), reconnect=self._on_reconnect)
        workspace.account_wanted.connect(self._on_account)
        workspace.sign_out_wanted.connect(self._on_sign_out)
        if early.rows:
            await rows_painted(workspace)
            await workspace.complete()

    async def _end_early(self) -> None:
        """Take the panes back: there will be nothing behind them."""
        early, self._early = self._early, None
        if early is not None:
            early.give_up()
        if self._window is not None and self._window.workspace is not None:
            await self._window.workspace.release()

    def _screen_file(self) -> FirstScreenFile | None:
        """Where the last screen is kept; None while that is locked."""
        from agentdesk.sync.first_screen import FirstScreenFile

        chosen, vault = self._settings.now, self._vault
        whose = f"{chosen.mode} {chosen.server} {chosen.email}"
        if vault is None:
            return FirstScreenFile(self._profile / "screen", whose)
        return FirstScreenFile(vault.folder / "screen", whose, vault.keys.screen) if vault.keys else None

    def _keep_screen(self, desk: LocalDesk) -> None:
        file = self._screen_file()
        if file is None:
            return
        from agentdesk.desktop.views.view_memory import ViewMemory
        from agentdesk.sync.first_screen import FIRST_VIEW, ScreenKeeper

        def first_view() -> View:
            return ViewMemory(self._settings).recalled(FIRST_VIEW)

        self._keeper = ScreenKeeper(file, desk, first_view)

    def _on_reconnect(self) -> None:
        """Try the server at once."""
        if self._desk is not None:
            self._desk.retry_now()

    def _on_account(self, what: str) -> None:
        if self._account is not None and not self._tasks.running(_MY_ACCOUNT):
            self._tasks.start(self._change_account(self._account, what), _MY_ACCOUNT)

    async def _change_account(self, account: ServerAccount, what: str) -> None:
        from agentdesk.app.account import change_account

        if self._window is not None:
            await change_account(self._window, account, what, self._desk.me if self._desk else None)

    def _on_sign_out(self) -> None:
        if self._account is not None and not self._tasks.running(_MY_ACCOUNT):
            self._tasks.start(self._sign_out(self._account), _MY_ACCOUNT)

    async def _sign_out(self, account: ServerAccount) -> None:
        from agentdesk.app.account import confirm_sign_out, end_session

        if self._window is None or self._desk is None:
            return
        if await confirm_sign_out(self._window, self._desk):
            self._leaving = True  # the server will say that the sign-in has ended
            notice = await end_session(account, self._session())
            await self._shut()
            self._ask_sign_in(notice=notice)

    def _on_status(self, status: LinkStatus) -> None:
        from agentdesk.sync.desk import Link
        from agentdesk.sync.key_lease import SignedOut

        if status.link is Link.SIGN_IN:
            self._on_over(SignedOut())

    def _on_over(self, why: AgentDeskError) -> None:
        if self._desk is not None and not self._leaving and not self._tasks.running("lock"):
            self._tasks.start(self._lock(why), "lock")

    async def _lock(self, why: AgentDeskError) -> None:
        """Close the desk, and say what opens it again: a new sign-in, or the server."""
        from agentdesk.sync.key_lease import SignedOut

        _log.info("the desk is locked", why=str(why))
        await self._shut()
        if isinstance(why, SignedOut):
            self._session().drop()
            self._ask_sign_in(why=why)
        elif self._window is not None:
            self._show_trouble(self._window, why, can_retry=True)

    async def _shut(self) -> None:
        """Close the desk and forget the server's half of the key. Drafts and waiting changes stay, encrypted,
        for whoever may sign in again, or until the server is reached."""
        await self._tasks.stop("keep the key")
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await keeper.drop()
        await self._end_early()
        desk, self._desk, self._account = self._desk, None, None
        if desk is not None:
            await desk.close()
        if self._vault is not None:
            await self._vault.lock()

    def _ask_sign_in(
        self, server: str = "", why: AgentDeskError | None = None, notice: Msg | None = None
    ) -> None:
        from agentdesk.app.first_run import FirstRun

        assert self._window is not None
        FirstRun(self, self._window, self._settings, self._profile).ask_sign_in(server, why, notice)

    def _new_vault(self, server: str) -> DeskVault:
        from agentdesk.app.desk_vault import DeskVault

        chosen = self._settings.now
        return DeskVault(self._profile, self._settings, server, chosen.email, chosen.authority)

    def _session(self) -> SessionKeeper:
        from agentdesk.app.session import SessionKeeper

        if self._sessions is None:
            self._sessions = SessionKeeper(self._profile, self._settings)
        return self._sessions

    def _on_closed(self) -> None:
        request_shutdown("closed")

    async def _stop(self) -> None:
        window = self._window
        if window is not None:
            await self._end_early()
            window.hide()
        if self._keeper is not None:
            await self._keeper.close()
        if self._desk is not None:
            await self._desk.close()
        if self._server is not None:
            await self._server.stop()
