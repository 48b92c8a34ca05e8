"""What floats over a window: a raised card with its shadow, and a popover that opens at a widget.

Children of the window, not windows of their own: they mirror, scale and are captured with it.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from agentdesk.desktop.application import application
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.surface import paint_shadow, paint_surface

__all__ = ["SHADOW", "FloatingCard", "Popover"]

SHADOW = 14
"""The pixels around a floating card that belong to it and show its shadow."""
_GAP = 4


class FloatingCard(QFrame):
    """A raised card inside its own shadow, which is ``SHADOW`` wide on each side."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(SHADOW, SHADOW, -SHADOW, -SHADOW)
        radius = theme().radius("card")
        paint_shadow(painter, box, radius)
        paint_surface(painter, box, "bg.raised", "line.subtle", radius)


class Popover(FloatingCard):
    """Has the focus from its opening until it closes; Esc, or a press elsewhere, closes it.

    Where the window changes its size, it stays at the widget it was opened at.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._anchor: QWidget | None = None
        self._focus_before: QWidget | None = None
        self.hide()

    def appear(self, anchor: QWidget, focus: QWidget) -> None:
        """Open at ``anchor``: below it, or above where there is more room; ``focus`` gets the focus."""
        if not self.isVisible():
            self._focus_before = QApplication.focusWidget()
        self._anchor = anchor
        self.show()
        self.place()
        self.raise_()
        focus.setFocus(Qt.FocusReason.PopupFocusReason)
        application().installEventFilter(self)

    def leave(self, *, focus_back: bool = True) -> bool:
        """Close, and give the focus back to who had it; returns whether it was open."""
        if not self.isVisible():
            return False
        application().removeEventFilter(self)
        self.hide()
        if focus_back and self._focus_before is not None:
            self._focus_before.setFocus()
        self._focus_before = None
        return True

    def dismiss(self, *, focus_back: bool = True) -> None:
        """Close without anything having been chosen."""
        self.leave(focus_back=focus_back)

    def fit(self) -> None:
        """Take the height that what is inside needs."""
        self.adjustSize()

    def place(self) -> None:
        """Stand at the anchor, as high as needed, and inside the window."""
        self.fit()
        window = self.parentWidget()
        if self._anchor is None or window is None:
            return
        anchor = QRect(self._anchor.mapTo(window, QPoint(0, 0)), self._anchor.size())
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = anchor.right() + SHADOW - self.width() if rtl else anchor.left() - SHADOW
        y = anchor.bottom() + _GAP - SHADOW
        if y + self.height() > window.height() and anchor.top() >= window.height() // 2:
            y = anchor.top() - _GAP + SHADOW - self.height()
        self.move(
            max(-SHADOW, min(x, window.width() + SHADOW - self.width())),
            max(-SHADOW, min(y, window.height() + SHADOW - self.height())),
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See all events of the program while it is open."""
        kind = event.type()
        if kind == QEvent.Type.Resize and watched is self.parentWidget():
            QTimer.singleShot(0, self.place)  # when the window has placed its parts
        elif isinstance(event, QMouseEvent) and kind == QEvent.Type.MouseButtonPress:
            inside = self.rect().contains(self.mapFromGlobal(event.globalPosition().toPoint()))
            if isinstance(watched, QWidget) and not inside:
                self.dismiss()
        elif isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            return self._holds(watched) and self._on_escape(event)
        return False

    def _holds(self, watched: QObject) -> bool:
        return isinstance(watched, QWidget) and (watched is self or self.isAncestorOf(watched))

    def _on_escape(self, event: QKeyEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # it is a shortcut of the window otherwise
            return True
        if event.type() == QEvent.Type.KeyPress:
            self.dismiss()
            return True
        return False
