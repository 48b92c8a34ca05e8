"""Saving everything about a customer as a file: with progress, and to be cancelled."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.desktop import ask
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import size_text, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.message_actions import safe_name
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.authority import Permission
from agentdesk.queries.rows import ContactDetail
from agentdesk.sync.desk import DeskPort, Link

__all__ = ["CustomerExport"]

_STEPS = 1000


class CustomerExport(QWidget):
    """One export at a time. It goes on while other customers are shown. ``said(text, action, do)`` has
    something for a toast."""

    said = Signal(object, object, object)

    def __init__(self, desk: DeskPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "export")
        self._task: asyncio.Task[None] | None = None
        self._detail: ContactDetail | None = None
        self._name: Msg = msg("Unknown sender")
        self.button = LinkButton(msg("Export everything about this customer…"), self)
        self.button.clicked.connect(self.start)
        meaning = msg("One ZIP with all messages, files and details. That you have it is written down.")
        self._meaning = Label(meaning, "small", "text.muted", wrap=True, parent=self)
        self._state = Label("", "small", "text.secondary", wrap=True, parent=self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _STEPS)
        self.cancel_button = LinkButton(msg("Cancel"), self)
        self.cancel_button.clicked.connect(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().space(1))
        for widget in (self.button, self._meaning, self._state, self.bar, self.cancel_button):
            column.addWidget(widget)
        self._rest()

    @property
    def is_allowed(self) -> bool:
        """Whether this person may export."""
        me = self._desk.me
        return me is not None and me.may(Permission.EXPORT)

    def show_contact(self, detail: ContactDetail) -> None:
        """Belong to this customer from now on."""
        if self._detail is not None and self._detail.id != detail.id and self._task is None:
            self._state.hide()
        self._detail = detail
        self.setVisible(self.is_allowed)

    def start(self) -> None:
        """Ask where to, and save; who may not is told so."""
        if self._detail is None or self._task is not None:
            return
        if not self.is_allowed:
            self.said.emit(msg("Exporting is left to some of your colleagues."), None, None)
        elif self._desk.status.link in (Link.OFFLINE, Link.SIGN_IN, Link.TOO_OLD):
            self._fail(msg("The server cannot be reached. Try again when you are connected."))
        else:
            self._task = self._tasks.start(self._export(self._detail), "export")

    def cancel(self) -> None:
        """Stop; nothing is left of it."""
        if self._task is not None:
            self._task.cancel()

    async def _export(self, detail: ContactDetail) -> None:
        name = detail.name or tr(msg("Unknown sender"))
        try:
            pattern = f"{tr(msg('ZIP archive'))} (*.zip)"
            suggested = f"{safe_name(name)}.zip"
            target = await ask.save_file(
                self, msg("Export {name}", name=name), name=suggested, pattern=pattern
            )
            if target is None or not is_alive(self):
                return
            self._begin(name)
            await self._desk.export_contact(detail.id, target, self._on_progress)
            if is_alive(self):
                self.said.emit(msg("Saved {file}.", file=target.name), None, None)
        except AgentDeskError as error:
            if is_alive(self):
                self._rest()
                self._fail(error.message)
        except asyncio.CancelledError:
            if is_alive(self):
                self.said.emit(msg("The export was cancelled. Nothing was saved."), None, None)
            raise
        finally:
            self._task = None
            if is_alive(self) and self.bar.isVisibleTo(self):
                self._rest()

    def _begin(self, name: str) -> None:
        self._name = msg("Exporting {name}", name=name)
        self.button.setEnabled(False)
        self._meaning.hide()
        self.bar.setValue(0)
        self.bar.setAccessibleName(tr(self._name))
        self.bar.show()
        self.cancel_button.show()
        self._tell(msg("{what}: the server puts it together.", what=self._name), "text.secondary")
        self.cancel_button.setFocus()

    def _on_progress(self, done: int, total: int | None) -> None:
        if not is_alive(self):
            return
        if total:
            self.bar.setValue(_STEPS * done // total)
            so_far = msg(
                "{what}: {done} of {total}", what=self._name, done=size_text(done), total=size_text(total)
            )
        else:
            so_far = msg("{what}: {done}", what=self._name, done=size_text(done))
        self._tell(so_far, "text.secondary")

    def _rest(self) -> None:
        """Nothing is under way."""
        had_focus = self.cancel_button.hasFocus()
        self.button.setEnabled(True)
        for widget in (self._state, self.bar, self.cancel_button):
            widget.hide()
        self._meaning.show()
        if had_focus:
            self.button.setFocus()

    def _fail(self, why: Msg) -> None:
        self._tell(why, "bad.text")

    def _tell(self, words: Msg, role: str) -> None:
        self._state.set_content(words)
        self._state.set_color(role)
        self._state.show()
