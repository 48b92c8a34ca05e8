"""The field in which one types what is looked for."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from agentdesk.desktop.icons import icon

__all__ = ["SearchField"]


class SearchField(QLineEdit):
    """A line with a magnifying glass."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "search")
        self.addAction(icon("search", "text.muted"), QLineEdit.ActionPosition.LeadingPosition)
