"""A page that fills the window before there are panes."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from agentdesk.desktop.theme import theme

__all__ = ["Page"]


class Page(QWidget):
    """Paints the canvas behind its widgets."""

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.canvas"))
