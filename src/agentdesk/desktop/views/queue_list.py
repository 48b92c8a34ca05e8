"""The rows of the queue as a widget: one column, rows of one height, letters left to the shortcuts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
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
from agentdesk.desktop.delegates.queue_sections import HEADER_HEIGHT, paint_heading
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.queue import ROW_ROLE, QueueModel
from agentdesk.desktop.models.queue_sections import SectionHeading, Sections
from agentdesk.desktop.views.queue_drag import RowDrag
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
        self.drag = RowDrag(self, delegate)
        self._sticky = StickyHeader(self)
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
        index = self._row_at(event.position().toPoint())
        held = event.modifiers()
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        if not index.isValid():
            return
        self._pressed = self._quick_at(event.position().toPoint())
        if held & Qt.KeyboardModifier.ShiftModifier:
            self.ranged.emit(index)
        elif held & Qt.KeyboardModifier.ControlModifier:
            self.toggled.emit(index)
        elif not self._pressed:
            super().mousePressEvent(event)
            self.drag.press(index, event.position().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        pressed, self._pressed = self._pressed, ""
        self.drag.release(point)
        if event.button() == Qt.MouseButton.LeftButton and pressed:
            if self._quick_at(point) == pressed:
                self.quick.emit(pressed, self.indexAt(point))
        else:
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second click on a quick button, or with a key held, is one more; on a header it is none."""
        point = event.position().toPoint()
        if event.modifiers() or self._quick_at(point):
            self.mousePressEvent(event)
        elif self._row_at(point).isValid():
            super().mouseDoubleClickEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        before, self._delegate.pointer = self._delegate.pointer, point
        if self.drag.move(point):
            return
        super().mouseMoveEvent(event)
        if before is None or self._quick_at(before) != self._quick_at(point):
            self.viewport().update(self.visualRect(self.indexAt(point)))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._delegate.pointer = None
        return super().viewportEvent(event)

    def quick_box(self, index: QModelIndex, key: str) -> QRect:
        """Return where the row of ``index`` has its quick button ``key``, in the viewport."""
        return self._delegate.quick_box(self.row_rect(index), self.layoutDirection(), key)

    def _quick_at(self, point: QPoint) -> str:
        index = self.indexAt(point)
        row = index.data(ROW_ROLE) if index.isValid() else None
        if row is None or row.status == Status.RESOLVED:
            return ""
        return self._delegate.quick_at(self.row_rect(index), self.layoutDirection(), point)

    def set_row_height(self, height: int) -> None:
        """Give every row ``height`` pixels."""
        self.verticalHeader().setMinimumSectionSize(height)
        self.fit_sections()

    def fit_sections(self) -> None:
        """Give the first row of each section the room for its header, after ids or sections changed."""
        rows, height = self.verticalHeader(), self._delegate.row_height()
        rows.setDefaultSectionSize(height)
        for row in self._sections().starts:
            if row < rows.count():
                rows.resizeSection(row, height + HEADER_HEIGHT)
        self._sticky.follow()

    def row_rect(self, index: QModelIndex) -> QRect:
        """Return where a row is in the viewport, without the header above it."""
        above = HEADER_HEIGHT if self._sections().starting_at(index.row()) else 0
        return self.visualRect(index).adjusted(0, above, 0, 0)

    def scrollTo(
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Bring a row into sight, below the header that stays at the top."""
        super().scrollTo(index, hint)
        top = self.visualRect(index).top()
        if self._sections() and top < HEADER_HEIGHT and not self._sections().starting_at(index.row()):
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() - HEADER_HEIGHT + top)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._sticky.follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._sticky.follow()

    def _sections(self) -> Sections:
        model = self.model()
        return model.sections if isinstance(model, QueueModel) else Sections()

    def _row_at(self, point: QPoint) -> QModelIndex:
        """The row at ``point``; none on a header."""
        index = self.indexAt(point)
        return index if index.isValid() and self.row_rect(index).contains(point) else QModelIndex()


class StickyHeader(QWidget):
    """The header of the section at the top of the list; the next one pushes it out."""

    def __init__(self, table: QueueList) -> None:
        super().__init__(table)
        self._list = table
        self._heading: SectionHeading | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def heading(self) -> SectionHeading | None:
        """Return what it says; None while the list has no sections."""
        return self._heading

    def follow(self) -> None:
        """Say what the rows at the top belong to now."""
        model, view = self._list.model(), self._list.viewport()
        row = self._list.rowAt(0)
        if not isinstance(model, QueueModel) or not model.sections or row < 0:
            self._heading = None
            self.hide()
            return
        self._heading = model.sections.of(row)
        following = model.sections.next_start(row)
        pushed = 0
        if following is not None:
            pushed = min(0, self._list.rowViewportPosition(following) - HEADER_HEIGHT)
        self.setGeometry(view.x(), view.y() + pushed, view.width(), HEADER_HEIGHT)
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._heading is not None:
            paint_heading(QPainter(self), self.rect(), self.layoutDirection(), self._heading)


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
