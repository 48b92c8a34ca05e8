"""Customers who may be the same person, in the customer panel: merging them, and parting them again."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import AnyCommand, MergeContacts, UnmergeContacts
from agentdesk.desktop.ask import answered
from agentdesk.desktop.dialogs.merge_customers import MergeCustomersQuestion
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.undo import UndoStack
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.queries.rows import ContactDetail, SimilarContact
from agentdesk.sync.desk import DeskPort

__all__ = ["OtherLine", "SamePerson"]

_YES = 2
"""The answer of the question by which they are merged."""


class OtherLine(QWidget):
    """Another customer with what can be done about them; ``pressed(other)`` when it is to be done."""

    pressed = Signal(object)

    def __init__(self, other: SimilarContact, *, merged: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._other = other
        shown = other.address or other.name
        words = msg("“{name}” is known as this customer", name=other.name or shown)
        if not merged:
            words = msg("The same person? {address}", address=shown)
        self.button = LinkButton(msg("Split off again") if merged else msg("Merge…"), self)
        self.button.clicked.connect(self._on_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 2)
        column.setSpacing(0)
        column.addWidget(Label(words, "small", "text.secondary", wrap=True, parent=self))
        column.addWidget(self.button)

    def _on_clicked(self) -> None:
        self.pressed.emit(self._other)


class SamePerson(QObject):
    """Merges customers after asking; ``said(text, undo text, undo)`` has something for a toast."""

    said = Signal(object, object, object)

    def __init__(self, desk: DeskPort, done: UndoStack, owner: QWidget) -> None:
        super().__init__(owner)
        self._desk, self._done, self._owner = desk, done, owner
        self._tasks = tasks_of(self, "same person")

    def merge(self, stays: ContactDetail, other: SimilarContact) -> None:
        """Let ``other`` be known as ``stays``, after asking."""
        self._tasks.start(self._merge(stays, other), "merge")

    def part(self, stays: ContactDetail, other: SimilarContact) -> None:
        """Let ``other`` be known by themselves again."""
        self._tasks.start(self._part(stays, other), "part")

    async def _merge(self, stays: ContactDetail, other: SimilarContact) -> None:
        joins = await self._desk.contact(other.id)
        if joins is None or not is_alive(self):
            return
        question = MergeCustomersQuestion(self._owner, stays, joins)
        if await answered(question) != _YES:
            return
        names = {"other": other.name or other.address, "name": stays.name}
        command = MergeContacts(contact_id=stays.id, joined_id=other.id, take=question.taken)
        back = UnmergeContacts(contact_id=stays.id, joined_id=other.id)
        await self._do(command, back, msg("Merged {other} with {name}.", **names))

    async def _part(self, stays: ContactDetail, other: SimilarContact) -> None:
        command = UnmergeContacts(contact_id=stays.id, joined_id=other.id)
        back = MergeContacts(contact_id=stays.id, joined_id=other.id)
        await self._do(command, back, msg("Split off {other}.", other=other.name or other.address))

    async def _do(self, command: AnyCommand, back: AnyCommand, said: Msg) -> None:
        if await self._try(command) and is_alive(self):
            self._done.push(partial(self._try, back))
            self.said.emit(said, msg("Undo"), self._on_undo)

    async def _try(self, command: AnyCommand) -> bool:
        try:
            await self._desk.do(command)
        except AgentDeskError as error:
            if is_alive(self):
                self.said.emit(error.message, None, None)
            return False
        return True

    def _on_undo(self) -> None:
        last = self._done.pop()
        if last is not None:
            self._tasks.start(last(), "undo")
