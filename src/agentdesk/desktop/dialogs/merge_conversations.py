"""What becomes of conversations that are merged, shown before it is done: which one stays, and how it is
then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QRadioButton, QVBoxLayout, QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.ask import Choice, Question
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.words import when_text
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain import merging
from agentdesk.queries.rows import ConversationRow, MessageRow

__all__ = ["LAST_SHOWN", "MergeQuestion"]

LAST_SHOWN = 4
"""So many of the last messages are shown in the order they will have."""
_WIDTH = 480
_MOST_NAMED = 8

_STATUS = {"open": msg("Open"), "snoozed": msg("Snoozed"), "resolved": msg("Resolved")}
_PRIORITY = {"low": msg("Low"), "normal": msg("Normal"), "high": msg("High"), "urgent": msg("Urgent")}


class MergeQuestion(Question):
    """Asks which of ``rows`` the others go on in; ``stays`` is the answer, at first the one named.

    ``last`` are the newest messages of all of them, oldest first.
    """

    def __init__(
        self, parent: QWidget, rows: Sequence[ConversationRow], stays: UUID, last: Sequence[MessageRow]
    ) -> None:
        title = plural("Merge {count} conversation?", "Merge {count} conversations?", len(rows))
        super().__init__(parent, title, msg("They go on as one. You can split them again."))
        self.setMinimumWidth(_WIDTH)
        self._rows = {row.id: row for row in rows}
        self.stays = stays
        self._values: dict[str, Label] = {}
        self._build_choice()
        self._build_preview(last)
        self.add_choices([Choice("no", msg("Cancel")), Choice("yes", msg("Merge"), "primary")])
        self._show_preview()

    @property
    def chosen(self) -> ConversationRow:
        """The one that stays."""
        return self._rows[self.stays]

    @property
    def others(self) -> tuple[ConversationRow, ...]:
        """Those that join the one that stays."""
        return tuple(row for row in self._rows.values() if row.id != self.stays)

    def value(self, key: str) -> str:
        """What the preview says of ``key``: customer, assignee, status, priority or tags."""
        return self._values[key].text()

    def choose(self, conversation_id: UUID) -> None:
        """Let this one stay."""
        self._buttons[conversation_id].setChecked(True)

    def _build_choice(self) -> None:
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(Label(msg("The one that stays"), "small", "text.muted", parent=holder))
        group = QButtonGroup(self)
        self._buttons: dict[UUID, QRadioButton] = {}
        for row in list(self._rows.values())[:_MOST_NAMED]:
            words = msg(
                "#{number} {subject}, {name}", number=row.number, subject=row.subject, name=row.contact_name
            )
            button = QRadioButton(_short(tr(words)), holder)
            button.setAccessibleName(tr(words))
            button.setChecked(row.id == self.stays)
            button.toggled.connect(self._on_toggled)
            group.addButton(button)
            self._buttons[row.id] = button
            column.addWidget(button)
        self.add_widget(holder)

    def _build_preview(self, last: Sequence[MessageRow]) -> None:
        holder = QWidget(self)
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, theme().space(2), 0, 0)
        grid.setHorizontalSpacing(theme().space(4))
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        names = {
            "customer": msg("Customer"),
            "assignee": msg("Assigned to"),
            "status": msg("Status"),
            "priority": msg("Priority"),
            "tags": msg("Tags"),
        }
        for place, (key, name) in enumerate(names.items()):
            grid.addWidget(Label(name, "body", "text.muted", parent=holder), place, 0)
            self._values[key] = Label("", "body", wrap=True, parent=holder)
            self._values[key].setAccessibleName(tr(name))
            grid.addWidget(self._values[key], place, 1)
        self.add_widget(holder)
        self._strangers = Label("", "small", "warn.text", wrap=True, parent=self)
        self.add_widget(self._strangers)
        if last:
            self.add_widget(_Timeline(last[-LAST_SHOWN:], self))

    def _on_toggled(self, checked: bool) -> None:
        if checked:
            self.stays = next(key for key, button in self._buttons.items() if button is self.sender())
            self._show_preview()

    def _show_preview(self) -> None:
        stays, after = self._rows[self.stays], _together(self._rows[self.stays], self.others)
        shown: dict[str, Msg | str] = {
            "customer": stays.contact_name,
            "assignee": self._name_of(after["assignee_id"]) or msg("Nobody"),
            "status": _STATUS.get(after["status"], msg("Open")),
            "priority": _PRIORITY.get(after["priority"], msg("Normal")),
            "tags": ", ".join(after["tags"]) or msg("None"),
        }
        for key, content in shown.items():
            self._values[key].set_content(content)
        names = {row.contact_name for row in self.others if row.contact_id != stays.contact_id}
        if names:
            warning = msg("Other customers are in it then: {names}.", names=", ".join(sorted(names)))
            self._strangers.set_content(warning)
        self._strangers.setVisible(bool(names))

    def _name_of(self, user_id: UUID | None) -> str:
        return next((row.assignee_name for row in self._rows.values() if row.assignee_id == user_id), "")


class _Timeline(QWidget):
    """The last messages of all, one line each, in their order."""

    def __init__(self, rows: Sequence[MessageRow], parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme().space(2), 0, 0)
        column.setSpacing(2)
        column.addWidget(Label(msg("The last messages then"), "small", "text.muted", parent=self))
        for row in rows:
            words = " ".join(row.text.split())[:200]
            line = msg(
                "{time} {name}: {words}",
                time=when_text(row.created_at, clock.now()),
                name=row.author_name,
                words=words,
            )
            column.addWidget(ElidedLabel(line, "small", "text.secondary", parent=self))


def _short(words: str) -> str:
    """Cut what a button has no room for; a real ampersand is none that underlines."""
    shown = words if len(words) <= 64 else words[:63].rstrip() + "…"
    return shown.replace("&", "&&")


def _together(stays: ConversationRow, others: Sequence[ConversationRow]) -> dict[str, Any]:
    """What ``stays`` is like when the others have joined, one after the other."""
    unknown = {"resolved_at": None, "last_customer_at": None}
    values: dict[str, Any] = {**msgspec.structs.asdict(stays), **unknown}
    for row in others:
        values |= merging.joined(values, {**msgspec.structs.asdict(row), **unknown})
    return values
