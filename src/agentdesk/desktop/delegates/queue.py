"""Paints one conversation of the queue: its background, its words, its buttons under the pointer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from agentdesk.desktop.delegates.queue_look import AVATAR, END, QUICK, TOP, quick_at, quick_boxes
from agentdesk.desktop.delegates.queue_rows import RowPainter, RowState
from agentdesk.desktop.delegates.queue_sections import HEADER_HEIGHT, paint_heading
from agentdesk.desktop.icons import paint_icon
from agentdesk.desktop.models.queue import (
    HAS_DRAFT_ROLE,
    HEADING_ROLE,
    MENTIONED_ROLE,
    ROW_ROLE,
    SELECTED_ROLE,
    VISITOR_ROLE,
    WRITERS_ROLE,
)
from agentdesk.desktop.models.queue_sections import SectionHeading
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.mirror import mirrored
from agentdesk.queries.rows import QueueRow

__all__ = ["QueueDelegate"]

_QUICK_ICONS = {"resolve": "check", "snooze": "alarm-clock"}
_QUICK_ROOM = 28 * len(QUICK) - 6


class QueueDelegate(QStyledItemDelegate):
    """``now`` is the moment all ages are told from; set it once per tick. ``pointer`` is where the pointer is
    in the list, None outside; ``drop_target`` the conversation over which another one is held."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows = RowPainter()
        self.pointer: QPoint | None = None
        self.drop_target: UUID | None = None
        theme().changed.connect(self.restyle)

    def set_now(self, now: datetime) -> None:
        """Tell ages from another moment."""
        self._rows.now = now

    def set_own_id(self, user_id: UUID | None) -> bool:
        """Hide the face of one person: my own says nothing in my list. Says whether it was another one."""
        before, self._rows.own_id = self._rows.own_id, user_id
        return before != user_id

    def restyle(self) -> None:
        """Make everything anew, after a change of theme, text size, density or language."""
        self._rows.restyle()

    def row_height(self) -> int:
        """The height of each row in pixels."""
        return self._rows.look.height

    def quick_at(self, row: QRect, direction: Qt.LayoutDirection, point: QPoint) -> str:
        """Return which quick button of the row in ``row`` is at ``point``; nothing where there is none."""
        return quick_at(self._rows.look, row, direction, point)

    def quick_box(self, row: QRect, direction: Qt.LayoutDirection, key: str) -> QRect:
        """Return where a row has its quick button ``key``."""
        return quick_boxes(self._rows.look, row, direction)[key]

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(280, self._rows.look.height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        rect, direction, state = option.rect, option.direction, option.state
        heading: SectionHeading | None = index.data(HEADING_ROLE)
        if heading is not None:
            above = QRect(rect.x(), rect.y(), rect.width(), HEADER_HEIGHT)
            paint_heading(painter, above, direction, heading)
            rect = rect.adjusted(0, HEADER_HEIGHT, 0, 0)
        row: QueueRow | None = index.data(ROW_ROLE)
        chosen = bool(index.data(SELECTED_ROLE))
        painter.save()
        under = self.pointer is not None and rect.contains(self.pointer)
        background = self._paint_background(painter, rect, direction, state, chosen, under)
        if row is None:
            self._paint_placeholder(painter, rect, direction)
        else:
            quick = _QUICK_ROOM if under and row.status != "resolved" else 0
            drafted, mentioned = bool(index.data(HAS_DRAFT_ROLE)), bool(index.data(MENTIONED_ROLE))
            writers, visitor = index.data(WRITERS_ROLE), index.data(VISITOR_ROLE)
            stands = RowState(background, drafted, chosen, quick, writers, mentioned, visitor)
            self._rows.paint(painter, rect, direction, row, stands)
            if quick:
                self._paint_quick(painter, rect, direction)
            if self.drop_target == row.id:
                self._paint_target(painter, rect)
        painter.restore()

    def _paint_target(self, painter: QPainter, rect: QRect) -> None:
        """A frame: what is dragged would be merged with this one."""
        painter.setPen(QPen(self._rows.look.mark, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(rect).adjusted(3, 2, -3, -2), 6, 6)

    def _paint_background(
        self,
        painter: QPainter,
        rect: QRect,
        direction: Qt.LayoutDirection,
        state: QStyle.StateFlag,
        chosen: bool,
        under: bool,
    ) -> str:
        look = self._rows.look
        if state & QStyle.StateFlag.State_Selected:
            active = bool(state & QStyle.StateFlag.State_Active)
            painter.fillRect(rect, look.selected if active else look.idle)
            bar = QRect(rect.x(), rect.y(), 3, rect.height())
            painter.fillRect(mirrored(direction, rect, bar), look.mark)
            return "bg.selected" if active else "bg.selectedIdle"
        if chosen:
            painter.fillRect(rect, look.chosen)
        elif under:
            painter.fillRect(rect, look.hover)
            return "bg.hover"
        start = look.text_start
        line = mirrored(
            direction, rect, QRect(rect.x() + start, rect.bottom(), rect.width() - start - END, 1)
        )
        painter.setPen(look.divider)
        painter.drawLine(line.left(), rect.bottom(), line.right(), rect.bottom())
        return "accent.tint" if chosen else "bg.list"

    def _paint_quick(self, painter: QPainter, rect: QRect, direction: Qt.LayoutDirection) -> None:
        """Two buttons in the place of the time."""
        look = self._rows.look
        for key, box in quick_boxes(look, rect, direction).items():
            inside = self.pointer is not None and box.contains(self.pointer)
            if inside:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.idle)
                painter.drawRoundedRect(QRectF(box), theme().radius("control"), theme().radius("control"))
            role = "text.primary" if inside else "text.secondary"
            paint_icon(painter, box.adjusted(6, 6, -6, -6), _QUICK_ICONS[key], role)

    def _paint_placeholder(self, painter: QPainter, rect: QRect, direction: Qt.LayoutDirection) -> None:
        """Grey shapes where a row will be, without movement."""
        look = self._rows.look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.hover)
        side = 18 if look.density == "compact" else AVATAR
        top = (look.height - side) // 2 if look.density == "compact" else TOP + 5
        start = look.text_start
        shapes = [
            (QRect(rect.x() + 16, rect.y() + top, side, side), side / 2),
            (QRect(rect.x() + start, rect.y() + top, 110, 10), 5.0),
            (QRect(rect.x() + start, rect.y() + top + look.line, 210, 10), 5.0),
        ]
        for shape, radius in shapes[: 2 if look.density == "compact" else 3]:
            painter.drawRoundedRect(QRectF(mirrored(direction, rect, shape)), radius, radius)
