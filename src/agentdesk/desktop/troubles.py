"""Troubles that outlive a moment: channels that cannot be reached, changes the server did not take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import RetryAccount, SendReply
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.views.composer_strips import reason_of
from agentdesk.desktop.views.messages.words import when_text
from agentdesk.desktop.views.status_bar import StatusBar
from agentdesk.desktop.views.trouble_panel import Trouble, TroublePanel
from agentdesk.desktop.views.view_names import catalogued
from agentdesk.domain.authority import Permission
from agentdesk.domain.channels import TROUBLED
from agentdesk.domain.figures import figures_of, worries
from agentdesk.queries.rows import AccountRow
from agentdesk.sync.desk import Changes, DeskPort, Link, Waiting

__all__ = ["Troubles"]

_LONGEST_TRY = timedelta(minutes=1)


class Troubles(QObject):
    """Fills the trouble part of the status bar and what opens from it.

    ``show_wanted(id)`` wants a conversation shown; ``said(text)`` has something for a toast.
    """

    show_wanted = Signal(object)
    said = Signal(object)

    def __init__(self, desk: DeskPort, bar: StatusBar, window: QWidget) -> None:
        super().__init__(bar)
        self._desk, self._bar = desk, bar
        self._tasks = tasks_of(self, "troubles")
        self._accounts: Sequence[AccountRow] = ()
        self._refused: dict[str, Waiting] = {}
        self._names: dict[UUID, str] = {}
        self.panel = TroublePanel(window)
        self.panel.pressed.connect(self._on_pressed)
        bar.trouble_pressed.connect(self._open)

    def set_accounts(self, accounts: Sequence[AccountRow]) -> None:
        """Follow how the channels are doing."""
        self._accounts = [one for one in accounts if one.state in TROUBLED and not one.paused]
        self._bar.set_accounts(accounts)
        self._show()

    def on_changes(self, changes: Changes) -> None:
        """Follow what the server refused."""
        if not changes or "outbox" in changes:
            self._tasks.start(self._look(), "look")

    async def _look(self) -> None:
        refused = [entry for entry in await self._desk.waiting() if entry.state == "refused"]
        for entry in refused:
            one = getattr(entry.command, "conversation_id", None)
            if one is not None and one not in self._names:
                row = await self._desk.conversation(one)
                self._names[one] = row.contact_name if row is not None else ""
        if is_alive(self):
            self._refused = {str(entry.id): entry for entry in refused}
            self._bar.set_refused(len(refused))
            self._show()

    def _open(self) -> None:
        self._show()
        self.panel.open_at(self._bar.trouble_button)

    def _show(self) -> None:
        refused = [self._of_refused(key, entry) for key, entry in self._refused.items()]
        self.panel.show_troubles([*refused, *(self._of_account(one) for one in self._accounts)])

    def _of_refused(self, key: str, entry: Waiting) -> Trouble:
        one = getattr(entry.command, "conversation_id", None)
        name = self._names.get(one, "") if one is not None else ""
        is_reply = isinstance(entry.command, SendReply)
        what = msg("Your reply was not sent.") if is_reply else msg("Your change was not saved.")
        title = msg("{name}: {problem}", name=name, problem=what) if name else what
        show = (("show", msg("Show it")),) if one is not None else ()
        repair = () if is_reply else (("retry", msg("Try again")), ("discard", msg("Discard")))
        return Trouble(key, "bad", title, reason_of(entry.answer), (*show, *repair))

    def _of_account(self, account: AccountRow) -> Trouble:
        problem = catalogued(account.problem) or msg("It cannot be reached.")
        title = msg("{name}: {problem}", name=account.name, problem=problem)
        buttons = (("retry", msg("Try again")),) if self.may_retry(account) else ()
        return Trouble(str(account.id), "warn", title, _told_of(account), buttons)

    def may_retry(self, account: AccountRow) -> bool:
        """Whether the person may have a channel tried again, and that is not under way."""
        me = self._desk.me
        return me is not None and me.may(Permission.RETRY_CHANNELS) and not _is_tried(account)

    def to_retry(self, channel: str) -> list[AccountRow]:
        """Return the accounts of a channel that the person may have tried again."""
        return [one for one in self._accounts if one.channel == channel and self.may_retry(one)]

    def retry_account(self, account: AccountRow) -> None:
        """Have a channel tried again at once, and say so."""
        self._tasks.start(self._retry(account), f"retry {account.id}")

    async def _retry(self, account: AccountRow) -> None:
        try:
            await self._desk.do(RetryAccount(account_id=account.id))
        except AgentDeskError as error:
            said = error.message
        else:
            away = self._desk.status.link is not Link.SYNCED
            later = msg("{name} is tried again as soon as the server can be reached.", name=account.name)
            said = later if away else msg("{name} is being tried again.", name=account.name)
        if is_alive(self):
            self.said.emit(said)

    def _on_pressed(self, key: str, button: str) -> None:
        account = next((one for one in self._accounts if str(one.id) == key), None)
        if account is not None:
            self.retry_account(account)
            return
        entry = self._refused.get(key)
        if entry is None:
            return
        if button == "show":
            self.show_wanted.emit(getattr(entry.command, "conversation_id", None))
        else:
            self._tasks.start(self._repair(entry, button), f"{button} {key}")

    async def _repair(self, entry: Waiting, button: str) -> None:
        try:
            if button == "retry":
                await self._desk.retry(entry.id)
            else:
                await self._desk.discard(entry.id)
        except AgentDeskError as error:
            if is_alive(self):
                self.said.emit(error.message)


def _told_of(account: AccountRow) -> Msg:
    """Since when, what helps, what is done about it, and what is safe."""
    told: list[Msg] = []
    if account.since is not None:
        told.append(msg("Since {time}.", time=when_text(account.since.astimezone(), clock.now())))
    remedy = catalogued(account.remedy)
    if remedy is not None:
        told.append(remedy)
    told += worries(figures_of(account.figures), clock.now())
    if _is_tried(account):
        told.append(msg("It is being tried again."))
    elif account.state == "unreachable":
        told.append(msg("It is tried again by itself."))
    told.append(msg("New messages wait there, none are lost."))
    text = told[0]
    for sentence in told[1:]:
        text = msg("{one} {next}", one=text, next=sentence)
    return text


def _is_tried(account: AccountRow) -> bool:
    """Whether it is being tried again. A server that does not know of such wishes answers none."""
    return account.is_being_retried and clock.now() - (account.retry_at or clock.now()) < _LONGEST_TRY
