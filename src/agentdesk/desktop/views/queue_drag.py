"""Dragging a row of the queue onto another one."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from PySide6.QtCore import QModelIndex, QPoint, Signal
from PySide6.QtWidgets import QApplication, QTableView

from agentdesk.base.text import msg
from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.models.queue import ID_ROLE, ROW_ROLE
from agentdesk.desktop.views.dragging import Dragging

__all__ = ["RowDrag"]

_EDGE = 24
_SCROLL_STEP = 12


def _nothing() -> bool:
    return False


class RowDrag(Dragging):
    """``dropped(id, onto)`` tells that a row was let go over another one. Esc, or any other place, ends it
    without anything."""

    dropped = Signal(object, object)

    def __init__(self, table: QTableView, delegate: QueueDelegate) -> None:
        super().__init__(table.viewport())
        self._table, self._delegate = table, delegate
        self._is_allowed: Callable[[], bool] = _nothing
        self._source: UUID | None = None
        self._from = QPoint()

    def allow(self, is_allowed: Callable[[], bool]) -> None:
        """Rows can be dragged while ``is_allowed`` says so."""
        self._is_allowed = is_allowed

    def press(self, index: QModelIndex, point: QPoint) -> None:
        """The mouse was pressed on a row: it may be the beginning."""
        self._source, self._from = index.data(ID_ROLE), point

    def move(self, point: QPoint) -> bool:
        """The mouse has moved while pressed; returns whether a row is being dragged."""
        if self._source is None:
            return False
        if not self.is_on:
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
        if self.is_on:
            super().cancel()
            self._mark(None)

    def _target(self, point: QPoint) -> QModelIndex:
        """The row at ``point``, unless it is the one that is dragged."""
        index = self._table.indexAt(point) if self._table.viewport().rect().contains(point) else QModelIndex()
        return QModelIndex() if index.data(ID_ROLE) == self._source else index

    def _point_at(self, target: QModelIndex, point: QPoint) -> None:
        row = target.data(ROW_ROLE) if target.isValid() else None
        self._mark(target.data(ID_ROLE) if row is not None else None)
        name = row.contact_name or f"#{row.number}" if row is not None else ""
        words = msg("Merge with {name}", name=name) if row is not None else msg("Merge with…")
        self._say(words, self._table.viewport().mapTo(self._table.window(), point))

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
