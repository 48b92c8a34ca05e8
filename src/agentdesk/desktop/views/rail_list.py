"""The list in the rail: menus, keys and the mouse work on its entries, which can be put in another order.

Dragging is not Qt's own, which runs a second event loop.
"""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QApplication, QFrame, QListView, QWidget

from agentdesk.desktop.models.rail import ENTRY_ROLE, Entry, RailModel
from agentdesk.desktop.theme import theme

__all__ = ["RailList"]

_MOVING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
_KEYS = {
    (Qt.Key.Key_Up, _MOVING): "up",
    (Qt.Key.Key_Down, _MOVING): "down",
    (Qt.Key.Key_F2, Qt.KeyboardModifier.NoModifier): "rename",
    (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier): "remove",
}


class RailList(QListView):
    """``menu_wanted(Entry, QPoint)``: a menu is wanted on an entry, at a place of the screen.
    ``deed_wanted(Entry, deed)``: a key was pressed for ``up``, ``down``, ``rename`` or ``remove``.
    ``dropped(Entry, place)``: an entry was dragged to a place within its section (0 is the first)."""

    menu_wanted = Signal(object, QPoint)
    deed_wanted = Signal(object, str)
    dropped = Signal(object, int)

    def __init__(self, model: RailModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._rail = model
        self._dragged: Entry | None = None
        self._from = QPoint()
        self._line: int | None = None  # the row above which the dragged entry would come
        self.setModel(model)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setAutoFillBackground(False)

    @property
    def is_dragging(self) -> bool:
        """Whether an entry is being dragged now."""
        return self._line is not None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By key, it is about the current entry and opens there."""
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            index, place = self.indexAt(event.pos()), event.globalPos()
        else:
            index = self.currentIndex()
            place = self.viewport().mapToGlobal(self.visualRect(index).center())
        entry = _entry_at(index)
        if entry is not None:
            self.menu_wanted.emit(entry, place)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.is_dragging:
            self._end()
            return
        deed = _KEYS.get((Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier))
        entry = _entry_at(self.currentIndex())
        if deed is not None and entry is not None:
            self.deed_wanted.emit(entry, deed)
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = event.position().toPoint()
            self._dragged = _entry_at(self.indexAt(self._from))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """While pressed, the mouse drags; Qt would choose what it passes over."""
        if self._dragged is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        point = event.position().toPoint()
        far = (point - self._from).manhattanLength() >= QApplication.startDragDistance()
        if self.is_dragging or far:
            self._line = self._row_below(point)
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        entry, line = self._dragged, self._line
        self._end()
        if entry is None or line is None:
            super().mouseReleaseEvent(event)
            return
        rows = self._rail.section_rows(entry.key)
        before = rows.index(self._rail.row_of(entry.key))
        place = line - rows[0]
        place -= place > before  # it is taken out first
        if place != before:
            self.dropped.emit(entry, place)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._end()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._line is None or self._dragged is None:
            return
        last = self._rail.section_rows(self._dragged.key)[-1]
        below = self._line > last
        box = self.visualRect(self._rail.index(min(self._line, last)))
        height = box.bottom() + 1 if below else box.top()
        painter = QPainter(self.viewport())
        painter.setPen(QPen(theme().color("accent.mark"), 2))
        painter.drawLine(box.left() + 8, height, box.right() - 8, height)

    def _row_below(self, point: QPoint) -> int:
        """The row above which the dragged entry would come, within its section."""
        rows = self._rail.section_rows(self._dragged.key) if self._dragged is not None else range(0)
        boxes = [self.visualRect(self._rail.index(row)) for row in rows]
        return next(
            (row for row, box in zip(rows, boxes, strict=True) if point.y() < box.center().y()), rows[-1] + 1
        )

    def _end(self) -> None:
        self._dragged = self._line = None
        self.viewport().unsetCursor()
        self.viewport().update()


def _entry_at(index: QModelIndex) -> Entry | None:
    entry = index.data(ENTRY_ROLE) if index.isValid() else None
    return entry if entry is not None and entry.view is not None else None
