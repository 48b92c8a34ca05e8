"""Grey rows that stand where content will be, without shimmer; only for a replica that has nothing yet."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.mirror import mirrored

__all__ = ["PlaceholderRows"]

_SHARES = (0.55, 0.8, 0.35)
"""The widths of the three bars of a row, as shares of the room."""


class PlaceholderRows(QWidget):
    """``count`` rows of ``height`` pixels: a circle and three bars each."""

    def __init__(self, count: int = 6, height: int = 72, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count, self._height = count, height
        self.setMinimumHeight(height)
        theme().changed.connect(self.update)
        self._name()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def _name(self) -> None:
        self.setAccessibleName(tr(msg("Loading")))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color("bg.hover"))
        painter.setBrush(theme().color("bg.hover"))
        for row in range(self._count):
            self._paint_row(painter, row * self._height)

    def _paint_row(self, painter: QPainter, top: int) -> None:
        direction, whole = self.layoutDirection(), self.rect()
        circle = QRectF(16, top + 12, 32, 32).toRect()
        painter.drawEllipse(mirrored(direction, whole, circle))
        room = self.width() - 60 - 16
        for line, share in enumerate(_SHARES):
            bar = QRectF(60, top + 12 + line * 18, room * share, 10).toRect()
            painter.drawRoundedRect(mirrored(direction, whole, bar), 5, 5)
