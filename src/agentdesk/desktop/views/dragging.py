"""Dragging something inside the window. Not by Qt's own drag, which runs a second event loop."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.loop import application
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.surface import Surface

__all__ = ["Dragging"]

_BESIDE = QPoint(14, 10)


class Dragging(QObject):
    """Goes on from ``_begin`` until ``cancel``; Esc, and leaving the window, end it. ``source`` is the widget
    that is dragged from."""

    def __init__(self, source: QWidget) -> None:
        super().__init__(source)
        self._source_widget = source
        self._flag: _Flag | None = None

    @property
    def is_on(self) -> bool:
        """Whether something is being dragged now."""
        return self._flag is not None

    def cancel(self) -> None:
        """End it without anything."""
        if self._flag is not None:
            application().removeEventFilter(self)
            self._flag.hide()
            self._flag.deleteLater()
            self._flag = None
            self._source_widget.unsetCursor()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """While it goes on, Esc means this and nothing else; when the window is left, it is over."""
        kind = event.type()
        if kind == QEvent.Type.ApplicationDeactivate:
            self.cancel()
        elif isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if kind == QEvent.Type.ShortcutOverride:
                event.accept()
            elif kind == QEvent.Type.KeyPress:
                self.cancel()
            return True
        return False

    def _begin(self) -> None:
        self._flag = _Flag(self._source_widget.window())
        self._source_widget.setCursor(Qt.CursorShape.ClosedHandCursor)
        application().installEventFilter(self)

    def _say(self, words: Msg | None, point: QPoint) -> None:
        """Say beside ``point`` of the window what letting go would do; None: nothing."""
        if self._flag is not None:
            self._flag.setVisible(words is not None)
            if words is not None:
                self._flag.say_at(words, point)


class _Flag(Surface):
    """Says beside the pointer what letting go would do."""

    def __init__(self, window: QWidget) -> None:
        super().__init__("bg.raised", "line.strong", "control", window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._words = Label("", "small", parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 10, 4)
        row.addWidget(self._words)

    def say_at(self, words: Msg, point: QPoint) -> None:
        """Say ``words`` beside ``point`` of the window, inside of it."""
        self._words.set_content(words)
        self.adjustSize()
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = point.x() - _BESIDE.x() - self.width() if rtl else point.x() + _BESIDE.x()
        room = self._window.size() - self.size()
        y = point.y() + _BESIDE.y()
        self.move(max(0, min(x, room.width())), max(0, min(y, room.height())))
        self.raise_()
