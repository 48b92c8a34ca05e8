"""All keys on one sheet, made from the action records."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.actions.registry import ActionSpec
from agentdesk.desktop.actions.specs import ALL
from agentdesk.desktop.locale import tr
from agentdesk.desktop.widgets.label import Label

__all__ = ["ShortcutSheet"]

_GROUPS: dict[str, Msg] = {
    "queue": msg("The queue"),
    "conversation": msg("The conversation"),
    "composer": msg("Writing"),
    "go": msg("Go to"),
    "window": msg("The window"),
}


class ShortcutSheet(QDialog):
    """Lists the actions that have a key, by part of the window. Esc closes it."""

    def __init__(self, parent: QWidget, specs: Iterable[ActionSpec] = ALL) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr(msg("Shortcuts")))
        self.resize(520, 640)
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(24, 20, 24, 20)
        known = tuple(specs)
        for group, title in _GROUPS.items():
            column.addWidget(Label(title, "title"))
            column.addLayout(_table([spec for spec in known if spec.group == group and spec.keys]))
            column.addSpacing(12)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)


def _table(specs: list[ActionSpec]) -> QGridLayout:
    grid = QGridLayout()
    grid.setColumnStretch(0, 1)
    for row, spec in enumerate(specs):
        keys = [QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in spec.keys]
        grid.addWidget(Label(spec.title), row, 0)
        grid.addWidget(Label("  ".join(keys), "small", "text.muted"), row, 1, Qt.AlignmentFlag.AlignRight)
    return grid
