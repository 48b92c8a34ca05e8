"""Dragging a row of the queue onto another one. Not by Qt's own drag, which runs a second event loop."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QTableView

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.loop import application
from agentdesk.desktop.models.queue import ID_ROLE, ROW_ROLE
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.surface import Surface

__all__ = ["RowDrag"]

_BESIDE = QPoint(14, 10)
_EDGE = 24
_SCROLL_STEP = 12


def _nothing() -> bool:
    return False


class RowDrag(QObject):
    """``dropped(id, onto)`` tells that a row was let go over another one. Esc, or any other place, ends it
    without anything."""

    dropped = Signal(object, object)

    def __init__(self, table: QTableView, delegate: QueueDelegate) -> None:
        super().__init__(table)
        self._table, self._delegate = table, delegate
        self._is_allowed: Callable[[], bool] = _nothing
        self._source: UUID | None = None
        self._from = QPoint()
        self._flag: _Flag | None = None

    def allow(self, is_allowed: Callable[[], bool]) -> None:
        """Rows can be dragged while ``is_allowed`` says so."""
        self._is_allowed = is_allowed

    @property
    def is_on(self) -> bool:
        """Whether a row is being dragged now."""
        return self._flag is not None

    def press(self, index: QModelIndex, point: QPoint) -> None:
        """The mouse was pressed on a row: it may be the beginning."""
        self._source, self._from = index.data(ID_ROLE), point

    def move(self, point: QPoint) -> bool:
        """The mouse has moved while pressed; returns whether a row is being dragged."""
        if self._source is None:
            return False
        if self._flag is None:
            far = (point - self._from).manhattanLength() >= QApplication.startDragDistance()
            if not far or not self._is_allowed():
                return far  # beyond the row, Qt would choose what the mouse passes over
            self._begin()
        self._scroll(point)
        self._point_at(self._target(point), point)
        return True

    def release(self, point: QPoint) -> None:
        """The mouse was let go."""
        source, target, was_on = self._source, self._target(point), self.is_on
        self.cancel()
        if was_on and source is not None and target.isValid():
            self.dropped.emit(source, target.data(ID_ROLE))

    def cancel(self) -> None:
        """End it without anything."""
        self._source = None
        if self._flag is not None:
            application().removeEventFilter(self)
            self._flag.hide()
            self._flag.deleteLater()
            self._flag = None
            self._mark(None)
            self._table.viewport().unsetCursor()

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
        self._flag = _Flag(self._table)
        self._flag.show()
        self._table.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        application().installEventFilter(self)

    def _target(self, point: QPoint) -> QModelIndex:
        """The row at ``point``, unless it is the one that is dragged."""
        index = self._table.indexAt(point) if self._table.viewport().rect().contains(point) else QModelIndex()
        return QModelIndex() if index.data(ID_ROLE) == self._source else index

    def _point_at(self, target: QModelIndex, point: QPoint) -> None:
        row = target.data(ROW_ROLE) if target.isValid() else None
        self._mark(target.data(ID_ROLE) if row is not None else None)
        if self._flag is not None:
            name = row.contact_name or f"#{row.number}" if row is not None else ""
            words = msg("Merge with {name}", name=name) if row is not None else msg("Merge with…")
            self._flag.say_at(words, self._table.viewport().mapTo(self._table.window(), point))

    def _mark(self, target: UUID | None) -> None:
        if self._delegate.drop_target != target:
            self._delegate.drop_target = target
            self._table.viewport().update()

    def _scroll(self, point: QPoint) -> None:
        """Near an edge the list goes on."""
        bar, height = self._table.verticalScrollBar(), self._table.viewport().height()
        if point.y() < _EDGE:
            bar.setValue(bar.value() - _SCROLL_STEP)
        elif point.y() > height - _EDGE:
            bar.setValue(bar.value() + _SCROLL_STEP)


class _Flag(Surface):
    """Says beside the pointer what letting go would do."""

    def __init__(self, table: QTableView) -> None:
        super().__init__("bg.raised", "line.strong", "control", table.window())
        self._window = table.window()
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
