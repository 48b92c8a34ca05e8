"""Signing out, and two-step sign-in: what the menu of the window offers besides the work."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from agentdesk.app.session import SessionKeeper
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.log import get_logger
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop import ask
from agentdesk.desktop.dialogs.second_factor import SecondFactorDialog
from agentdesk.sync.account import ServerAccount
from agentdesk.sync.desk import DeskPort

__all__ = ["change_second_factor", "confirm_sign_out", "end_session"]

_log = get_logger(__name__)


async def change_second_factor(window: QWidget, account: ServerAccount) -> None:
    """Let the person turn two-step sign-in on or off."""
    await ask.answered(SecondFactorDialog(account, window))


async def confirm_sign_out(window: QWidget, desk: DeskPort) -> bool:
    """Ask whether to sign out, and say what has not reached the server yet."""
    unsent = sum(1 for one in await desk.waiting() if one.state != "refused")
    words = msg("What you have written stays on this computer until you sign in again.")
    if unsent:
        words = plural(
            "{count} change has not reached the server. It stays here until you sign in again.",
            "{count} changes have not reached the server. They stay here until you sign in again.",
            unsent,
        )
    return await ask.confirm(window, msg("Sign out?"), words, msg("Sign out"))


async def end_session(account: ServerAccount, keeper: SessionKeeper) -> Msg | None:
    """End the session at the server and forget it here; returns what to tell where the server did not hear
    of it."""
    notice: Msg | None = None
    try:
        await account.sign_out()
    except AgentDeskError as error:
        _log.warning("the server does not know that somebody signed out", why=str(error))
        notice = msg(
            "The server could not be told. If others use this computer, ask your administrator to end this "
            "sign-in."
        )
    await keeper.forget()
    return notice
