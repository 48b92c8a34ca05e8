"""Hears which part of a window is pressed, also where the part itself takes no keyboard focus by that."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QMouseEvent, QWindow
from PySide6.QtWidgets import QWidget

__all__ = ["PressWatch"]


class PressWatch(QObject):
    """``pressed(widget)``: the mouse was pressed on this one of the window that ``inside`` is in. Every event
    of the window passes here while it is on, so it is on only while somebody needs it."""

    pressed = Signal(object)

    def __init__(self, inside: QWidget) -> None:
        super().__init__(inside)
        self._inside = inside
        self._watched: QWindow | None = None

    def turn(self, on: bool) -> None:
        """Hear it from now on, or no more."""
        window = self._inside.window().windowHandle() if on else None
        if window is not self._watched:
            if self._watched is not None:
                self._watched.removeEventFilter(self)
            if window is not None:
                window.installEventFilter(self)
            self._watched = window

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            window = self._inside.window()
            widget = window.childAt(window.mapFromGlobal(event.globalPosition().toPoint()))
            if widget is not None:
                self.pressed.emit(widget)
        return False
