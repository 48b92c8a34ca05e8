"""Painted surfaces: rounded boxes in token colours, and the shadow under what floats."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from agentdesk.desktop.theme import theme

_AT_THE_EDGE = 0.6
"""The share of a shadow's strength right at the edge of what casts it."""
_TOP_LINE = 3

__all__ = ["Surface", "paint_shadow", "paint_surface"]


def paint_surface(
    painter: QPainter, box: QRectF, fill: str, line: str, radius: int, *, dashed: bool = False
) -> None:
    """Paint a rounded box; ``fill`` and ``line`` are colour roles, either may be empty."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if line:
        box = box.adjusted(0.5, 0.5, -0.5, -0.5)
        pen = QPen(theme().color(line), 1)
        if dashed:
            pen.setDashPattern([4, 3])
        painter.setPen(pen)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color(fill) if fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, radius, radius)
    painter.restore()


def paint_shadow(painter: QPainter, box: QRectF, radius: int, level: str = "popover") -> None:
    """Paint the shadow of ``box`` (``popover`` or ``dialog``) as rings that fade outwards."""
    blur, offset, shadow = theme().elevation(level)
    if not blur:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    rings = max(4, blur // 2)
    color = QColor(shadow)
    color.setAlphaF(shadow.alphaF() * _AT_THE_EDGE / rings)
    painter.setBrush(color)
    for ring in range(rings, 0, -1):
        grow = blur * 0.6 * ring / rings
        outer = box.translated(0, offset).adjusted(-grow, -grow, grow, grow)
        painter.drawRoundedRect(outer, radius + grow, radius + grow)
    painter.restore()


class Surface(QFrame):
    """A frame with a fill, a line and rounded corners from the tokens; a card, a strip, a box."""

    def __init__(
        self,
        fill: str = "bg.canvas",
        line: str = "line.subtle",
        radius: str = "card",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._fill, self._line, self._edge, self._radius = fill, line, "", radius
        theme().changed.connect(self.update)

    def set_look(self, fill: str, line: str = "", edge: str = "") -> None:
        """Take other colour roles; ``edge`` is that of a thick line at the top."""
        self._fill, self._line, self._edge = fill, line, edge
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        radius, box, painter = theme().radius(self._radius), QRectF(self.rect()), QPainter(self)
        paint_surface(painter, box, self._fill, self._line, radius)
        if self._edge:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color(self._edge))
            painter.setClipRect(QRectF(0, 0, box.width(), _TOP_LINE))
            painter.drawRoundedRect(box, radius, radius)
