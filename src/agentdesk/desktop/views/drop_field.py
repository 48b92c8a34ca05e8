"""The dashed field over a conversation while files are dragged across it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.surface import paint_surface

__all__ = ["DropField"]

_MARGIN = 12
_VEIL = 225


class DropField(QWidget):
    """Says what a drop would do; takes no part in it itself."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def cover(self) -> None:
        """Lie over the whole parent."""
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        veil = QColor(theme().color("bg.canvas"))
        veil.setAlpha(_VEIL)
        painter.fillRect(self.rect(), veil)
        box = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        paint_surface(painter, box, "accent.tint", "accent.mark", theme().radius("composer"), dashed=True)
        painter.setFont(theme().font("title"))
        painter.setPen(theme().color("accent.text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tr(msg("Drop to attach to the reply")))
