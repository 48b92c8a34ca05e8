"""Erasing a customer from the customer panel: one quiet button, one plain question."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.commands.values import EraseContact
from agentdesk.desktop import ask
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.authority import Permission
from agentdesk.queries.rows import ContactDetail
from agentdesk.sync.desk import DeskPort

__all__ = ["EraseCustomer"]

_WHAT_GOES = msg(
    "All messages, files, notes and details of this customer are erased: here, on the server and on every "
    "desk. When and how much was written stays. This cannot be undone."
)


class EraseCustomer(QWidget):
    """Shown to those who may; what the server or the desk says against it stands below."""

    def __init__(self, desk: DeskPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._detail: ContactDetail | None = None
        self._tasks = tasks_of(self, "erase")
        self.button = LinkButton(msg("Erase this customer…"), self)
        self.button.clicked.connect(self._on_clicked)
        self._problem = Label("", "small", "bad.text")
        self._problem.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.button)
        column.addWidget(self._problem)
        self.hide()

    def show_contact(self, detail: ContactDetail) -> None:
        """Belong to this customer from now on."""
        if self._detail is None or self._detail.id != detail.id:
            self._problem.hide()
        self._detail = detail
        me = self._desk.me
        self.setVisible(me is not None and me.may(Permission.ERASE) and detail.erased_at is None)

    def _on_clicked(self) -> None:
        if self._detail is not None:
            self._tasks.start(self._erase(self._detail), "ask")

    async def _erase(self, detail: ContactDetail) -> None:
        title = msg("Erase {name}?", name=detail.name) if detail.name else msg("Erase this customer?")
        if not await ask.confirm(self, title, _WHAT_GOES, msg("Erase for ever"), danger=True):
            return
        try:
            await self._desk.do(EraseContact(contact_id=detail.id))
        except AgentDeskError as error:
            if is_alive(self):
                self._problem.set_content(error.message)
                self._problem.show()
