"""Questions to the person, awaited: the dialog opens, the window goes on, the answer comes as a result.

Never a nested event loop (``exec``): tasks would stand still until the answer. Cancelling the awaiting task,
or closing the window below, closes the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme

__all__ = [
    "Choice",
    "Question",
    "answered",
    "choose",
    "confirm",
    "fields",
    "open_files",
    "passage",
    "save_file",
    "text",
]

Kind = Literal["", "primary", "danger", "ghost"]
_WIDTH = 420


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer: what it is called in code, what its button says, and how the button looks."""

    key: str
    label: Msg
    kind: Kind = ""


async def answered(dialog: QDialog) -> int:
    """Open ``dialog`` over its window and wait for its result (``QDialog.DialogCode`` or its own).

    A dialog that is destroyed unanswered counts as rejected. The dialog is deleted afterwards.
    """
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def finish(result: int) -> None:
        if not future.done():
            future.set_result(result)

    def gone() -> None:
        finish(QDialog.DialogCode.Rejected.value)

    dialog.finished.connect(finish)
    dialog.destroyed.connect(gone)
    dialog.open()
    try:
        return await future
    finally:
        if isValid(dialog):
            dialog.close()
            dialog.deleteLater()


async def confirm(
    parent: QWidget, title: Msg, explanation: Msg, yes: Msg, *, no: Msg | None = None, danger: bool = False
) -> bool:
    """Ask whether to go on. ``yes`` names the result ("Merge"), never just "OK"; closing means no."""
    choices = [
        Choice("no", no or msg("Cancel")),
        Choice("yes", yes, "danger" if danger else "primary"),
    ]
    return await choose(parent, title, explanation, choices) == "yes"


async def choose(parent: QWidget, title: Msg, explanation: Msg, choices: Sequence[Choice]) -> str | None:
    """Ask for one of several ways to go on; returns its key, or ``None`` when the question was closed.

    The last choice is the default one, answered by Enter; where that is a dangerous one, the first is.
    """
    dialog = Question(parent, title, explanation)
    dialog.add_choices(choices)
    result = await answered(dialog)
    return choices[result - 1].key if result > 0 else None


async def text(parent: QWidget, title: Msg, explanation: Msg, yes: Msg, *, value: str = "") -> str | None:
    """Ask for a line of text; returns it without surrounding space, or ``None`` when the question was
    closed.
    """
    dialog = Question(parent, title, explanation)
    field = dialog.add_field(value)
    dialog.add_choices([Choice("no", msg("Cancel")), Choice("yes", yes, "primary")])
    field.setFocus()
    result = await answered(dialog)
    return dialog.entered.strip() if result == 2 else None


async def passage(parent: QWidget, title: Msg, explanation: Msg, yes: Msg, *, value: str) -> str | None:
    """Ask for a text of several lines; returns it, or ``None`` when the question was closed."""
    dialog = Question(parent, title, explanation)
    area = QPlainTextEdit(value, dialog)
    area.setTabChangesFocus(True)
    area.setAccessibleName(tr(title))
    area.selectAll()
    dialog.add_area(area)
    dialog.add_choices([Choice("no", msg("Cancel")), Choice("yes", yes, "primary")])
    area.setFocus()
    return dialog.entered if await answered(dialog) == 2 else None


async def fields(
    parent: QWidget, title: Msg, explanation: Msg, yes: Msg, names: Sequence[Msg], *, first: str = ""
) -> list[str] | None:
    """Ask for several lines of text, each with its name; ``first`` stands in the first one. Returns them in
    their order, without surrounding space, or ``None`` when the question was closed."""
    dialog = Question(parent, title, explanation)
    lines = [dialog.add_named(name, "" if at else first) for at, name in enumerate(names)]
    dialog.add_choices([Choice("no", msg("Cancel")), Choice("yes", yes, "primary")])
    lines[1 if first else 0].setFocus()
    return [one.strip() for one in dialog.named] if await answered(dialog) == 2 else None


async def open_files(parent: QWidget, title: Msg, *, pattern: str = "") -> list[Path]:
    """Let the person choose files to read; ``pattern`` is a Qt name filter. Empty when nothing was chosen."""
    dialog = QFileDialog(parent, tr(title), "", pattern)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    return await _chosen(dialog)


async def save_file(parent: QWidget, title: Msg, *, name: str, pattern: str = "") -> Path | None:
    """Let the person choose where to save; ``name`` is the suggestion. The dialog asks before overwriting."""
    dialog = QFileDialog(parent, tr(title), "", pattern)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    chosen = await _chosen(dialog)
    return chosen[0] if chosen else None


async def _chosen(dialog: QFileDialog) -> list[Path]:
    files: list[Path] = []

    def remember(names: list[str]) -> None:
        files.extend(Path(name) for name in names)

    dialog.filesSelected.connect(remember)
    await answered(dialog)
    return files


class Question(QDialog):
    """A title, a sentence, what else belongs to it, and buttons; results count the choices from 1."""

    def __init__(self, parent: QWidget, title: Msg, explanation: Msg) -> None:
        super().__init__(parent)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle(tr(title))
        self.setBackgroundRole(QPalette.ColorRole.Light)
        self.setAutoFillBackground(True)
        self.setMinimumWidth(_WIDTH)
        self.entered = ""
        self.named: list[str] = []
        self._column = QVBoxLayout(self)
        margin = theme().space(6)
        self._column.setContentsMargins(margin, margin - 4, margin, margin - 4)
        self._column.setSpacing(theme().space(3))
        self._column.addWidget(_label(title, "title", "text.primary"))
        self._column.addWidget(_label(explanation, "body", "text.secondary"))

    def add_field(self, value: str) -> QLineEdit:
        """A line of text under the sentence."""
        field = QLineEdit(value, self)
        field.textChanged.connect(self._on_entered)
        self.entered = value
        self._column.addWidget(field)
        return field

    def add_named(self, name: Msg, value: str) -> QLineEdit:
        """A line of text with its name above."""
        place = len(self.named)
        self.named.append(value)

        def keep(text: str) -> None:
            self.named[place] = text

        line = QLineEdit(value, self)
        line.setAccessibleName(tr(name))
        line.textChanged.connect(keep)
        self._column.addWidget(_label(name, "small", "text.secondary"))
        self._column.addWidget(line)
        return line

    def add_area(self, area: QPlainTextEdit) -> None:
        """A text of several lines under the sentence."""

        def keep() -> None:
            self.entered = area.toPlainText()

        keep()
        area.textChanged.connect(keep)
        self._column.addWidget(area)

    def add_widget(self, widget: QWidget) -> None:
        """Something more under the sentence."""
        self._column.addWidget(widget)

    def add_choices(self, choices: Sequence[Choice]) -> None:
        """The buttons, at the end of the last line."""
        row = QHBoxLayout()
        row.setSpacing(theme().space(2))
        row.addStretch()
        default = 1 if choices[-1].kind == "danger" else len(choices)
        for number, choice in enumerate(choices, start=1):
            button = QPushButton(tr(choice.label), self)
            button.setProperty("kind", choice.kind)
            button.setProperty("answer", number)
            button.setDefault(number == default)
            if number == default:
                button.setFocus()
            button.clicked.connect(self._on_clicked)
            row.addWidget(button)
        self._column.addSpacing(theme().space(1))
        self._column.addStretch()
        self._column.addLayout(row)

    def _on_entered(self, value: str) -> None:
        self.entered = value

    def _on_clicked(self) -> None:
        self.done(int(self.sender().property("answer")))


def _label(content: Msg, role: str, color: str) -> QLabel:
    label = QLabel(tr(content))
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setFont(theme().font(role))
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, theme().color(color))
    label.setPalette(palette)
    return label
