"""A ring that empties while something waits, such as a message that can still be taken back."""

from __future__ import annotations

import math

from PySide6.QtCore import QElapsedTimer, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from agentdesk.desktop.theme import theme

__all__ = ["CountdownRing"]

_TICK = 100
_STROKE = 2.0


class CountdownRing(QWidget):
    """Counts seconds down, or shows a given share; ``ticked(seconds)`` comes with every new whole second."""

    ticked = Signal(int)
    finished = Signal()

    def __init__(self, side: int = 16, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._share = 0.0
        self._role = "accent.mark"
        self._total = 0.0
        self._last = -1
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK)
        self._timer.timeout.connect(self._on_tick)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def start(self, seconds: float) -> None:
        """Count ``seconds`` down from now."""
        self._total, self._last = seconds, -1
        self._clock.start()
        self._timer.start()
        self._on_tick()

    def stop(self) -> None:
        """Stop counting; nothing is told."""
        self._timer.stop()

    def set_share(self, share: float, role: str = "accent.mark") -> None:
        """Show ``share`` (0 to 1) of the ring in the colour of ``role``, without counting."""
        self._timer.stop()
        self._share, self._role = min(max(share, 0.0), 1.0), role
        self.update()

    def remaining(self) -> int:
        """Whole seconds left, rounded up."""
        left = self._total - self._clock.elapsed() / 1000 if self._clock.isValid() else 0.0
        return max(0, math.ceil(left))

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(_STROKE, _STROKE, -_STROKE, -_STROKE)
        painter.setPen(QPen(theme().color("chip.bg"), _STROKE))
        painter.drawEllipse(box)
        pen = QPen(theme().color(self._role), _STROKE)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(box, 90 * 16, round(self._share * 360 * 16))

    def _on_tick(self) -> None:
        elapsed = self._clock.elapsed() / 1000
        self._share = max(0.0, 1 - elapsed / self._total) if self._total else 0.0
        self.update()
        left = self.remaining()
        if left != self._last:
            self._last = left
            self.ticked.emit(left)
        if elapsed >= self._total:
            self._timer.stop()
            self.finished.emit()
