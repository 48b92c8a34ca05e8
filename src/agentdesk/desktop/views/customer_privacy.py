"""What concerns privacy in the customer panel: marks, exporting, erasing. Shown to those who may."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import EraseContact, MarkContact
from agentdesk.desktop import ask
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.undo import UndoStack
from agentdesk.desktop.views.customer_export import CustomerExport
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.chip import Chip, ChipLabel
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.section import Section
from agentdesk.domain.authority import Permission
from agentdesk.queries.rows import ContactDetail
from agentdesk.sync.desk import DeskPort

__all__ = ["CustomerPrivacy", "MarkChips"]

_WHAT_GOES = msg(
    "All messages, files, notes and details of this customer are erased: here, on the server and on every "
    "desk. When and how much was written stays. This cannot be undone."
)
_SENSITIVE = (msg("Sensitive"), msg("Who reads about this customer is written down."))
_BLOCKED = (msg("Blocked"), msg("Chats are closed, and what this customer writes disturbs nobody."))
_HOLD = (msg("Legal hold"), msg("Nothing of this customer is dropped or erased."))


class MarkChips(QWidget):
    """The marks of a customer, for everybody who sees them; nothing where there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        flow = FlowLayout(self)
        self._sensitive = ChipLabel(Chip(_SENSITIVE[0], icon="eye", tip=_SENSITIVE[1]), self)
        self._hold = ChipLabel(Chip(_HOLD[0], icon="lock", tip=_HOLD[1]), self)
        self._blocked = ChipLabel(Chip(_BLOCKED[0], "bad", "ban", _BLOCKED[1]), self)
        for chip in (self._blocked, self._sensitive, self._hold):
            flow.addWidget(chip)
        self.hide()

    def show_contact(self, detail: ContactDetail) -> None:
        """Show the marks of this customer."""
        self._sensitive.setVisible(detail.sensitive)
        self._hold.setVisible(detail.legal_hold)
        self._blocked.setVisible(detail.blocked)
        self.setVisible(detail.sensitive or detail.legal_hold or detail.blocked)


class _Mark(QWidget):
    """A mark that can be set, with what it means."""

    def __init__(self, words: tuple[Msg, Msg], parent: QWidget) -> None:
        super().__init__(parent)
        self._words = words
        self.box = QCheckBox(self)
        meaning = Label(words[1], "small", "text.muted", wrap=True, parent=self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 4)
        column.setSpacing(0)
        column.addWidget(self.box)
        column.addWidget(meaning)
        self.retranslate()

    def retranslate(self) -> None:
        """Say it in the language of the window."""
        self.box.setText(tr(self._words[0]))
        self.box.setAccessibleDescription(tr(self._words[1]))


class CustomerPrivacy(Section):
    """What the server or the desk says against a change stands below. ``said(text, undo text, undo)`` has
    something for a toast; what was ``done`` can be undone with all else."""

    said = Signal(object, object, object)

    def __init__(self, desk: DeskPort, done: UndoStack, parent: QWidget | None = None) -> None:
        super().__init__(msg("Privacy"), parent)
        self._desk, self._done = desk, done
        self._detail: ContactDetail | None = None
        self._tasks = tasks_of(self, "privacy")
        self._sensitive, self._hold = _Mark(_SENSITIVE, self), _Mark(_HOLD, self)
        self._sensitive.box.clicked.connect(self._on_sensitive)
        self._hold.box.clicked.connect(self._on_hold)
        self.button = LinkButton(msg("Erase this customer…"), self)
        self.button.clicked.connect(self._on_erase)
        self._problem = Label("", "small", "bad.text", wrap=True)
        self.export = CustomerExport(desk, self)
        self.export.said.connect(self.said)
        for widget in (self._sensitive, self._hold, self.export, self.button, self._problem):
            self.body.addWidget(widget)
        self.body.setSpacing(theme().space(1))
        self._problem.hide()
        self.hide()

    @property
    def sensitive(self) -> QCheckBox:
        """The box of the mark that has readings written down."""
        return self._sensitive.box

    @property
    def hold(self) -> QCheckBox:
        """The box of the mark that keeps everything."""
        return self._hold.box

    def show_contact(self, detail: ContactDetail) -> None:
        """Belong to this customer from now on."""
        if self._detail is None or self._detail.id != detail.id:
            self._problem.hide()
        self._detail = detail
        self.sensitive.setChecked(detail.sensitive)
        self.hold.setChecked(detail.legal_hold)
        self.button.setEnabled(not detail.legal_hold)
        for mark in (self._sensitive, self._hold):
            mark.retranslate()
        me = self._desk.me
        may_erase = me is not None and me.may(Permission.ERASE)
        for widget in (self._sensitive, self._hold, self.button):
            widget.setVisible(may_erase)
        self.export.show_contact(detail)
        self.setVisible((may_erase or self.export.is_allowed) and detail.erased_at is None)

    # --- marks ---

    def _on_sensitive(self, wanted: bool) -> None:
        self._mark("sensitive", wanted, msg("Marked as sensitive.") if wanted else msg("Not sensitive now."))

    def _on_hold(self, wanted: bool) -> None:
        self._mark("legal_hold", wanted, msg("Under legal hold.") if wanted else msg("Legal hold lifted."))

    def _mark(self, name: str, wanted: bool, said: Msg) -> None:
        if self._detail is not None:
            self._tasks.start(self._set(self._detail, name, wanted, said), f"mark {name}")

    async def _set(self, detail: ContactDetail, name: str, wanted: bool, said: Msg) -> None:
        def command(value: bool) -> MarkContact:
            return MarkContact(contact_id=detail.id, **{name: value})

        if await self._do(command(wanted)) and is_alive(self):
            self._done.push(partial(self._do, command(not wanted)))
            self.said.emit(said, msg("Undo"), self._on_undo)
        elif is_alive(self) and self._detail is not None:
            self.show_contact(self._detail)

    def _on_undo(self) -> None:
        last = self._done.pop()
        if last is not None:
            self._tasks.start(last(), "undo")

    # --- erasing ---

    def _on_erase(self) -> None:
        if self._detail is not None:
            self._tasks.start(self._erase(self._detail), "ask")

    async def _erase(self, detail: ContactDetail) -> None:
        title = msg("Erase {name}?", name=detail.name) if detail.name else msg("Erase this customer?")
        if await ask.confirm(self, title, _WHAT_GOES, msg("Erase for ever"), danger=True):
            await self._do(EraseContact(contact_id=detail.id))

    async def _do(self, command: EraseContact | MarkContact) -> bool:
        try:
            await self._desk.do(command)
        except AgentDeskError as error:
            if is_alive(self):
                self._problem.set_content(error.message)
                self._problem.show()
            return False
        return True
