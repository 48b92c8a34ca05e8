"""What becomes of two customers who are one person, shown before they are merged: of each detail that differs
one can say which stays."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QRadioButton, QWidget

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.ask import Choice, Question
from agentdesk.desktop.locale import isolate_ltr, native_name, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.label import Label
from agentdesk.queries.rows import ContactDetail

__all__ = ["DETAILS", "MergeCustomersQuestion"]

DETAILS: tuple[tuple[str, Msg], ...] = (
    ("name", msg("Name")),
    ("company", msg("Company")),
    ("place", msg("Place")),
    ("language", msg("Language")),
    ("time_zone", msg("Time zone")),
)
"""What is known of a customer in single words, in the order in which it is shown."""
_WIDTH = 520
_LONGEST = 30


class MergeCustomersQuestion(Question):
    """Asks whether ``joins`` goes on as ``stays``; ``taken`` are the details that stay the joined one's.
    ``reasons`` speak for it."""

    def __init__(
        self, parent: QWidget, stays: ContactDetail, joins: ContactDetail, reasons: Sequence[Msg] = ()
    ) -> None:
        name = joins.name or _address(joins)
        joining = msg("“{other}” joins {name}. You can split them again.", other=name, name=stays.name)
        super().__init__(parent, msg("Merge two customers?"), joining)
        self.setMinimumWidth(_WIDTH)
        for reason in reasons:
            self.add_widget(Label(reason, "small", "text.secondary", wrap=True, parent=self))
        self._stays, self._joins = stays, joins
        self._choices: dict[str, QRadioButton] = {}
        self._holder = QWidget(self)
        self._grid = QGridLayout(self._holder)
        self._grid.setContentsMargins(0, theme().space(1), 0, 0)
        self._grid.setHorizontalSpacing(theme().space(4))
        self._grid.setVerticalSpacing(theme().space(1))
        for column in (1, 2):
            self._grid.setColumnStretch(column, 1)
        self._build()
        self.add_widget(self._holder)
        self.add_widget(Label(self._moves(), "small", "text.muted", wrap=True, parent=self))
        self.add_choices([Choice("no", msg("Cancel")), Choice("yes", msg("Merge"), "primary")])

    @property
    def taken(self) -> tuple[str, ...]:
        """The details that are to be those of the one who joins."""
        return tuple(key for key, button in self._choices.items() if button.isChecked())

    def choose(self, key: str) -> None:
        """Take the detail ``key`` from the one who joins."""
        self._choices[key].setChecked(True)

    def _build(self) -> None:
        for column, detail in ((1, self._stays), (2, self._joins)):
            head = Label(_shortened(detail.name or _address(detail)), "body", weight=600, parent=self._holder)
            self._grid.addWidget(head, 0, column)
        for key, name in DETAILS:
            ours, theirs = str(getattr(self._stays, key)), str(getattr(self._joins, key))
            if ours != theirs and (ours or theirs):
                self._add_detail(key, name, ours, theirs)
        place = self._grid.rowCount()
        self._add_name(msg("Addresses"), place, Qt.AlignmentFlag.AlignTop)
        for column, detail in ((1, self._stays), (2, self._joins)):
            shown = "\n".join(isolate_ltr(one.display or one.value) for one in detail.identities)
            addresses = Label(shown, "body", "text.secondary", parent=self._holder)
            self._grid.addWidget(addresses, place, column, Qt.AlignmentFlag.AlignTop)

    def _add_detail(self, key: str, name: Msg, ours: str, theirs: str) -> None:
        """A detail with what both say: a choice where both say something, else what the one says."""
        place = self._grid.rowCount()
        self._add_name(name, place)
        group = QButtonGroup(self)
        for column, value in ((1, ours), (2, theirs)):
            if not value:
                nothing = Label(msg("none"), "body", "text.muted", parent=self._holder)
                self._grid.addWidget(nothing, place, column)
                continue
            value = native_name(value) if key == "language" else value
            button = QRadioButton(_shortened(value).replace("&", "&&"), self._holder)
            button.setAccessibleName(tr(msg("{field}: {value}", field=name, value=value)))
            button.setChecked(column == 1 or not ours)
            button.setEnabled(bool(ours and theirs))
            group.addButton(button)
            self._grid.addWidget(button, place, column)
            if column == 2 and ours:
                self._choices[key] = button

    def _add_name(
        self, name: Msg, place: int, beside: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignVCenter
    ) -> None:
        self._grid.addWidget(Label(name, "body", "text.muted", parent=self._holder), place, 0, beside)

    def _moves(self) -> Msg:
        """What goes along besides: conversations, addresses and notes."""
        count = len(self._joins.conversations)
        moves = plural("Moves {count} conversation.", "Moves {count} conversations.", count)
        if not (self._joins.notes and self._joins.notes != self._stays.notes):
            return moves
        return msg("{one} {next}", one=moves, next=msg("The notes of both stay."))


def _address(detail: ContactDetail) -> str:
    return next((one.display or one.value for one in detail.identities), "")


def _shortened(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"
