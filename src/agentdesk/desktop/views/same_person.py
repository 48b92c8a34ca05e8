"""Customers who may be the same person, in the customer panel: merging them, and parting them again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import MergeContacts, UnmergeContacts
from agentdesk.desktop.ask import answered
from agentdesk.desktop.dialogs.merge_customers import MergeCustomersQuestion
from agentdesk.desktop.doing import Doing
from agentdesk.desktop.lifetime import is_alive
from agentdesk.desktop.locale import isolate_ltr, tr
from agentdesk.desktop.undo import UndoStack
from agentdesk.desktop.views.messages.links import visible
from agentdesk.desktop.views.view_names import channel_name
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.likeness import Clue, Evidence
from agentdesk.queries.rows import ContactDetail, SimilarContact
from agentdesk.sync.desk import DeskPort

__all__ = ["OtherLine", "SamePerson", "reason_words"]

_YES = 2
"""The answer of the question by which they are merged."""


def reason_words(sign: Evidence) -> Msg:
    """Say what speaks for two customers being one person."""
    value = isolate_ltr(visible(sign.value))
    match sign.clue:
        case Clue.MAIL:
            return msg("One of them wrote the other's mail address: {address}", address=value)
        case Clue.PHONE:
            return msg("One of them wrote the other's number: {number}", number=value)
        case Clue.PAGE:
            return msg("One of them named the other's page: {address}", address=value)
        case Clue.HANDLE:
            network = tr(channel_name(sign.network))
            return msg("The same handle on {network}: {handle}", network=network, handle=value)
    return msg("The same name, which proves nothing")


class OtherLine(QWidget):
    """Another customer with what can be done about them, and why; ``pressed(other)``: it is to be done."""

    pressed = Signal(object)

    def __init__(
        self,
        other: SimilarContact,
        *,
        merged: bool,
        evidence: Sequence[Evidence] = (),
        parent: QWidget | None = None,
    ) -> None:
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
        self.reasons = [reason_words(sign) for sign in evidence]
        for reason in self.reasons:
            column.addWidget(Label(reason, "caption", "text.muted", wrap=True, parent=self))
        column.addWidget(self.button)
        self.button.setAccessibleDescription(" ".join(tr(one) for one in (words, *self.reasons)))

    def _on_clicked(self) -> None:
        self.pressed.emit(self._other)


class SamePerson(Doing):
    """Merges customers after asking, and parts them again."""

    def __init__(self, desk: DeskPort, done: UndoStack, owner: QWidget) -> None:
        super().__init__(desk, done, owner, "same person")
        self._owner = owner

    def merge(self, stays: ContactDetail, other: SimilarContact, reasons: Sequence[Msg] = ()) -> None:
        """Let ``other`` be known as ``stays``, after asking; ``reasons`` speak for it."""
        self._tasks.start(self._merge(stays, other, reasons), "merge")

    def part(self, stays: ContactDetail, other: SimilarContact) -> None:
        """Let ``other`` be known by themselves again."""
        self._tasks.start(self._part(stays, other), "part")

    async def _merge(self, stays: ContactDetail, other: SimilarContact, reasons: Sequence[Msg]) -> None:
        joins = await self._desk.contact(other.id)
        if joins is None or not is_alive(self):
            return
        question = MergeCustomersQuestion(self._owner, stays, joins, reasons)
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
