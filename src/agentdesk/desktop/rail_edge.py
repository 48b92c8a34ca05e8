"""The line between the rail and the work sheet, which can be dragged like those between the panes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from agentdesk.desktop.views.rail import Rail

__all__ = ["RailEdge"]

_GRIP = 4
"""Pixels that take the pointer."""


class RailEdge(QWidget):
    """Lies over the edge of the rail, as a child of ``around``, which holds both.

    ``dragged(width)`` tells how wide the rail is wanted, ``let_go`` that the person has decided.
    """

    dragged = Signal(int)
    let_go = Signal()

    def __init__(self, rail: Rail, around: QWidget) -> None:
        super().__init__(around)
        self._rail, self._around = rail, around
        self.setCursor(Qt.CursorShape.SplitHCursor)

    def place(self) -> None:
        """Lie where the rail ends."""
        self.setVisible(self._rail.isVisibleTo(self._around) and not self._rail.is_folded())
        box = self._rail.geometry()
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = box.left() - _GRIP // 2 if rtl else box.right() + 1 - _GRIP // 2
        self.setGeometry(x, box.top(), _GRIP, box.height())
        self.raise_()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = self.mapTo(self._around, event.position().toPoint()).x()
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self.dragged.emit(self._around.width() - x if rtl else x)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.let_go.emit()
        event.accept()
