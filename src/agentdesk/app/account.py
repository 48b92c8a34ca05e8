"""Signing out, and two-step sign-in: what the menu of the window offers besides the work."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from agentdesk.app.session import SessionKeeper
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.log import get_logger
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop import ask
from agentdesk.desktop.dialogs.my_picture import MyPictureDialog
from agentdesk.desktop.dialogs.second_factor import SecondFactorDialog
from agentdesk.queries.rows import UserRow
from agentdesk.sync.account import ServerAccount
from agentdesk.sync.desk import DeskPort

__all__ = ["change_account", "confirm_sign_out", "end_session"]

_log = get_logger(__name__)


async def change_account(window: QWidget, account: ServerAccount, what: str, me: UserRow | None) -> None:
    """Let the person ``me`` change ``what``: their ``picture``, or turn the ``second_factor`` on or off."""
    if what == "second_factor":
        await ask.answered(SecondFactorDialog(account, window))
    elif me is not None:
        await ask.answered(MyPictureDialog(account, me, window))


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
