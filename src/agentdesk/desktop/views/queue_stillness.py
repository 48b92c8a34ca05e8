"""Rows do not move while the pointer moves over them: whoever clicks gets the row that was under it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget

__all__ = ["Stillness"]

_LASTS_MS = 5_000


class Stillness(QObject):
    """Watches the pointer over ``rows``; ``over`` tells that they may move again."""

    over = Signal()

    def __init__(self, rows: QWidget) -> None:
        super().__init__(rows)
        self._rows = rows
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_LASTS_MS)
        self._rest.timeout.connect(self.over)
        rows.installEventFilter(self)

    def is_wanted(self) -> bool:
        """Say whether the pointer is over the rows and has moved there a moment ago."""
        inside = self._rows.rect().contains(self._rows.mapFromGlobal(QCursor.pos()))
        return self._rest.isActive() and inside and self._rows.isVisible()

    def end(self) -> None:
        """Let the rows move at once: what comes next was done by the person."""
        self._rest.stop()
        self.over.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Know when the pointer moves over the rows, and when it leaves them."""
        if event.type() == QEvent.Type.MouseMove:
            self._rest.start()
        elif event.type() == QEvent.Type.Leave:
            self.end()
        return super().eventFilter(watched, event)
