"""The dashed field over a conversation while files are dragged across it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.surface import paint_surface

__all__ = ["DropField"]

_MARGIN = 12
_VEIL = 225


class DropField(QWidget):
    """Says what a drop on ``parent`` would do; ``taken(data)`` gets what is dropped while ``is_wanted()``."""

    def __init__(
        self, parent: QWidget, taken: Callable[[QMimeData], None], is_wanted: Callable[[], bool]
    ) -> None:
        super().__init__(parent)
        self._parent, self._taken, self._is_wanted = parent, taken, is_wanted
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        parent.setAcceptDrops(True)
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow what is dragged over the parent."""
        kind = event.type()
        if kind == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            if self._is_wanted() and event.mimeData().hasUrls():
                self._cover()
                event.acceptProposedAction()
                return True
        elif kind == QEvent.Type.DragLeave:
            self.hide()
        elif kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self.hide()
            self._taken(event.mimeData())
            event.acceptProposedAction()
            return True
        return False

    def _cover(self) -> None:
        self.setGeometry(self._parent.rect())
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
