"""Who the message goes to: one quiet line, and fields with chips when it is pressed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop import plain
from agentdesk.desktop.locale import isolate_ltr, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import IconButton
from agentdesk.desktop.widgets.chip import ChipKind
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.domain.addressing import Addressed, is_own
from agentdesk.domain.party import Party
from agentdesk.domain.recipients import cleaned, looks_like_address, without_repeats

__all__ = ["RecipientFields"]

_NAMED = re.compile(r"\s*\"?([^<>\"]{0,200}?)\"?\s*<([^<>]{1,320})>\s*")
_SEPARATORS = re.compile(r"[,;\n\t]+")
_ROLES = ("to", "cc", "bcc")


def _shown(party: Party) -> str:
    """An address, or the name of who has none that a person would recognise."""
    return isolate_ltr(party.value) if party.kind == "email" else party.name or party.value


def parse(text: str) -> Party:
    """Return what somebody typed as a recipient: an address, or a name with one in angle brackets."""
    named = _NAMED.fullmatch(text)
    if named is not None:
        return Party("email", named[2].strip(), named[1].strip())
    return Party("email", text.strip())


class RecipientFields(QWidget):
    """To, Cc, Bcc and the subject. ``changed`` tells of every change by the person."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._known: frozenset[str] = frozenset()
        self._own: tuple[str, ...] = ()
        self._fields = {role: _Field(self) for role in _ROLES}
        labels = {"to": msg("To"), "cc": msg("Cc"), "bcc": msg("Bcc")}
        self.subject = QLineEdit(self)
        self.subject.setProperty("kind", "plain")
        self.subject.textEdited.connect(self._on_changed)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme().space(2))
        grid.setVerticalSpacing(theme().space(1))
        grid.setColumnStretch(1, 1)
        for row, role in enumerate(_ROLES):
            label = Label(labels[role], "small", "text.muted", parent=self)
            field = self._fields[role]
            field.set_name(labels[role])
            field.changed.connect(self._on_changed)
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(field, row, 1)
        subject_label = Label(msg("Subject"), "small", "text.muted", parent=self)
        subject_label.setBuddy(self.subject)
        grid.addWidget(subject_label, 3, 0)
        grid.addWidget(self.subject, 3, 1)
        grid.addWidget(_Line(self), 4, 0, 1, 2)

    def set_known(self, known: Collection[str], own: Sequence[str]) -> None:
        """``known`` are the addresses of the conversation so far; ``own`` are ours, never written to."""
        self._known = frozenset(address.lower() for address in known)
        self._own = tuple(own)

    def set_people(self, addressed: Addressed, bcc: Sequence[Party] = (), subject: str = "") -> None:
        """Show recipients and subject."""
        for role, people in (("to", addressed.to), ("cc", addressed.cc), ("bcc", tuple(bcc))):
            self._fields[role].set_people(people)
        self.subject.setText(subject)
        self._mark()

    def people(self, role: str) -> tuple[Party, ...]:
        """The recipients of ``to``, ``cc`` or ``bcc``."""
        return self._fields[role].people()

    def field(self, role: str) -> QLineEdit:
        """Where recipients are typed."""
        return self._fields[role].line

    def settle(self) -> None:
        """Make chips of what is typed but not finished."""
        for field in self._fields.values():
            field.settle()

    def everybody(self) -> tuple[Party, ...]:
        """All recipients."""
        return tuple(party for role in _ROLES for party in self.people(role))

    def problem(self) -> Msg | None:
        """Why the message cannot go to these people; None where it can."""
        self.settle()
        for party in self.everybody():
            if party.kind == "email" and not looks_like_address(party.value):
                return msg("{address} is not an email address.", address=party.value)
            if is_own(party.value, self._own):
                return msg("{address} is our own address.", address=party.value)
        if not self.people("to"):
            return msg("There is nobody to send this to. Add an address.")
        return None

    def summary(self) -> Msg:
        """The recipients in one line."""
        to = ", ".join(_shown(party) for party in self.people("to"))
        others = len(self.people("cc")) + len(self.people("bcc"))
        if not to:
            return msg("to nobody yet")
        return (
            msg("to {people} +{count}", people=to, count=others) if others else msg("to {people}", people=to)
        )

    def _on_changed(self) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        for field in self._fields.values():
            field.mark(self._look)

    def _look(self, party: Party) -> tuple[ChipKind, Msg | None]:
        if party.kind == "email" and not looks_like_address(party.value):
            return "bad", msg("This is not an email address.")
        if is_own(party.value, self._own):
            return "bad", msg("This is our own address.")
        if self._known and party.value.lower() not in self._known:
            return "warn", msg("Has not been part of this conversation so far.")
        return "neutral", None


class _Line(QWidget):
    """The hairline between the fields and the text."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("line.subtle"))


class _Field(QWidget):
    """One kind of recipients: chips, and a place to type the next."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._people: tuple[Party, ...] = ()
        self._chips: list[_PersonChip] = []
        self._flow = FlowLayout(self, spacing=theme().space(1))
        self.line = QLineEdit(self)
        self.line.setProperty("kind", "plain")
        self.line.setMinimumWidth(120)
        self.line.textChanged.connect(self._on_text)
        self.line.editingFinished.connect(self.settle)
        self.line.installEventFilter(self)
        self._flow.addWidget(self.line)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_name(self, name: Msg) -> None:
        self.line.setAccessibleName(tr(name))

    def people(self) -> tuple[Party, ...]:
        return self._people

    def set_people(self, people: Sequence[Party]) -> None:
        self._people = tuple(people)
        self._rebuild()

    def settle(self) -> None:
        typed = [parse(part) for part in _SEPARATORS.split(self.line.text()) if part.strip()]
        if typed:
            self.line.clear()
            self._people = (*self._people, *without_repeats(cleaned(typed), self._people))
            self._rebuild()
            self.changed.emit()

    def mark(self, look: Callable[[Party], tuple[ChipKind, Msg | None]]) -> None:
        for chip in self._chips:
            chip.show_look(*look(chip.party))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if enter and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.settle()
                return True
            if event.key() == Qt.Key.Key_Backspace and not self.line.text() and self._people:
                self._people = self._people[:-1]
                self._rebuild()
                self.changed.emit()
                return True
        return False

    def _on_text(self, text: str) -> None:
        if _SEPARATORS.search(text):
            self.settle()

    def _on_removed(self) -> None:
        chip = self.sender()
        if isinstance(chip, _PersonChip):
            self._people = tuple(party for party in self._people if party is not chip.party)
            self._rebuild()
            self.changed.emit()

    def _rebuild(self) -> None:
        self._flow.takeAt(self._flow.count() - 1)
        self._flow.clear()
        self._chips = [_PersonChip(party, self) for party in self._people]
        for chip in self._chips:
            chip.removed.connect(self._on_removed)
            self._flow.addWidget(chip)
            chip.show()
        self._flow.addWidget(self.line)
        self.updateGeometry()


_CHIPS: dict[ChipKind, tuple[str, str]] = {
    "neutral": ("chip.bg", "text.primary"),
    "warn": ("warn.tint", "warn.text"),
    "bad": ("bad.tint", "bad.text"),
}


class _PersonChip(Surface):
    """One recipient, with a button to remove it."""

    removed = Signal()

    def __init__(self, party: Party, parent: QWidget) -> None:
        super().__init__("chip.bg", "", "control", parent)
        self.party = party
        self._label = ElidedLabel(party.name or isolate_ltr(party.value), "small", parent=self)
        self._label.setMaximumWidth(260)
        remove = IconButton("x", msg("Remove {name}", name=party.value), parent=self)
        remove.setFixedSize(20, 20)
        remove.setIconSize(QSize(12, 12))
        remove.clicked.connect(self.removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(7, 0, 1, 0)
        row.setSpacing(2)
        row.addWidget(self._label)
        row.addWidget(remove)

    def show_look(self, kind: ChipKind, tip: Msg | None) -> None:
        """Take the look of ``kind``; the tooltip says why, after the address."""
        fill, ink = _CHIPS[kind]
        self.set_look(fill)
        self._label.set_color(ink)
        self.setToolTip(plain.tip(f"{self.party.value}\n{tr(tip)}" if tip else self.party.value))
        self.setProperty("state", kind)
