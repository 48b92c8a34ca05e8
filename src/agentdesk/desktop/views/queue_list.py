"""The rows of the queue as a widget: one column, rows of one height, letters left to the shortcuts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QTableView,
    QToolButton,
    QWidget,
)

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.queue import ROW_ROLE
from agentdesk.domain.conversation import Status

__all__ = ["HeldBar", "QueueList", "count_moved"]


class QueueList(QTableView):
    """One column of rows. Letters are commands here, never a search by typing.

    A click with Ctrl (Cmd) or Shift chooses without opening: ``toggled(index)`` and ``ranged(index)``;
    ``quick(key, index)`` tells of the buttons that a row shows under the pointer.
    """

    toggled = Signal(QModelIndex)
    ranged = Signal(QModelIndex)
    quick = Signal(str, QModelIndex)

    def __init__(self, delegate: QueueDelegate, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._delegate = delegate
        self._pressed = ""
        self.setItemDelegate(delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)  # the pane paints behind the rows
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Take the focus without choosing a row: that would open, and mark as read, what nobody chose."""
        QAbstractScrollArea.focusInEvent(self, event)
        self.viewport().update()

    def keyboardSearch(self, search: str) -> None:
        """Letters are shortcuts in the queue."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Keep presses that choose, and those on the quick buttons, from making their row the current one."""
        index = self.indexAt(event.position().toPoint())
        held = event.modifiers()
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid():
            super().mousePressEvent(event)
            return
        self._pressed = self._quick_at(event.position().toPoint())
        if held & Qt.KeyboardModifier.ShiftModifier:
            self.ranged.emit(index)
        elif held & Qt.KeyboardModifier.ControlModifier:
            self.toggled.emit(index)
        elif not self._pressed:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        pressed, self._pressed = self._pressed, ""
        if event.button() == Qt.MouseButton.LeftButton and pressed:
            if self._quick_at(point) == pressed:
                self.quick.emit(pressed, self.indexAt(point))
        else:
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second click on a quick button, or with a key held, is one more click."""
        if event.modifiers() or self._quick_at(event.position().toPoint()):
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        before, self._delegate.pointer = self._delegate.pointer, point
        super().mouseMoveEvent(event)
        if before is None or self._quick_at(before) != self._quick_at(point):
            self.viewport().update(self.visualRect(self.indexAt(point)))

    def leaveEvent(self, event: QEvent) -> None:
        self._delegate.pointer = None
        super().leaveEvent(event)

    def quick_box(self, index: QModelIndex, key: str) -> QRect:
        """Return where the row of ``index`` has its quick button ``key``, in the viewport."""
        return self._delegate.quick_box(self.visualRect(index), self.layoutDirection(), key)

    def _quick_at(self, point: QPoint) -> str:
        index = self.indexAt(point)
        row = index.data(ROW_ROLE) if index.isValid() else None
        if row is None or row.status == Status.RESOLVED:
            return ""
        return self._delegate.quick_at(self.visualRect(index), self.layoutDirection(), point)

    def set_row_height(self, height: int) -> None:
        """Give every row ``height`` pixels."""
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)


class HeldBar(QToolButton):
    """Says what waits to be shown while the rows stand still under the pointer; a click shows it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "held")
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._words: Msg | None = None
        self.hide()

    def tell(self, shown: Sequence[UUID], waiting: Sequence[UUID]) -> None:
        """Count what is new and what has moved, and show it."""
        known = set(shown)
        new = sum(1 for one in waiting if one not in known)
        gone = len(known.difference(waiting))
        self._words = _held_words(new, count_moved(shown, waiting), gone)
        self.retranslate()
        self.show()

    def retranslate(self) -> None:
        """Say it in the language of the window."""
        if self._words is not None:
            self.setText(f"{tr(self._words)}  (.)")


def count_moved(before: Sequence[UUID], after: Sequence[UUID]) -> int:
    """Return how few rows must move to come from one order to the other; what came or went does not count."""
    places = {one: place for place, one in enumerate(before)}
    stay: list[int] = []  # the ends of the longest runs that keep their order
    kept = [places[one] for one in after if one in places]
    for place in kept:
        at = bisect_left(stay, place)
        stay[at : at + 1] = [place]
    return len(kept) - len(stay)


def _held_words(new: int, moved: int, gone: int) -> Msg:
    if new and moved:
        return msg("{new} new, {moved} moved", new=new, moved=moved)
    if new:
        return plural("{count} new", "{count} new", new)
    if moved:
        return plural("{count} moved", "{count} moved", moved)
    return plural("{count} gone", "{count} gone", gone)
