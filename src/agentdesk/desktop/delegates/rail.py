"""Paints one entry of the rail: open with words, or folded to its icon."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from agentdesk.desktop.icons import paint_icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.rail import ENTRY_ROLE, Entry
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.avatar import paint_channel_tile

__all__ = ["RailDelegate"]

_ICON = 16
_ICON_FOLDED = 18
_SIDE = 8


class RailDelegate(QStyledItemDelegate):
    """``folded`` paints icons with a small count and no words."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folded = False

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(56, 38 if self.folded else theme().size("row"))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        entry: Entry = index.data(ENTRY_ROLE)
        rect, direction, state = option.rect, option.direction, option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if entry.view is None:
            self._paint_heading(painter, rect, direction, entry)
        else:
            self._paint_surface(painter, rect, state)
            paint = self._paint_folded if self.folded else self._paint_open
            paint(painter, rect, direction, entry, bool(state & QStyle.StateFlag.State_Selected))
        painter.restore()

    def _paint_surface(self, painter: QPainter, rect: QRect, state: QStyle.StateFlag) -> None:
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if not selected and not state & QStyle.StateFlag.State_MouseOver:
            return
        box = QRectF(rect).adjusted(_SIDE, 0.5, -_SIDE, -0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("bg.selected" if selected else "bg.hover"))
        painter.drawRoundedRect(box, theme().radius("control"), theme().radius("control"))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme().color("focus.ring"))
            painter.drawRoundedRect(box, theme().radius("control"), theme().radius("control"))

    def _paint_heading(
        self, painter: QPainter, rect: QRect, direction: Qt.LayoutDirection, entry: Entry
    ) -> None:
        if self.folded:
            painter.setPen(theme().color("line.subtle"))
            painter.drawLine(rect.left() + 18, rect.center().y(), rect.right() - 18, rect.center().y())
            return
        painter.setFont(theme().font("small", 500))
        painter.setPen(theme().color("text.muted"))
        box = rect.adjusted(16, 0, -16, 0)
        align = QStyle.visualAlignment(direction, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(box, int(align | Qt.AlignmentFlag.AlignAbsolute), tr(entry.title))

    def _paint_open(
        self,
        painter: QPainter,
        rect: QRect,
        direction: Qt.LayoutDirection,
        entry: Entry,
        selected: bool,
    ) -> None:
        strong = selected or entry.unread
        start = QStyle.visualAlignment(direction, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        end = QStyle.visualAlignment(direction, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

        def at(x: int, width: int) -> QRect:
            return QStyle.visualRect(direction, rect, QRect(rect.x() + x, rect.y(), width, rect.height()))

        side = 18 if entry.channel else _ICON
        self._paint_glyph(painter, at(16, side), entry, side, strong)
        font = theme().font("body", 600 if selected else (500 if strong else 400))
        painter.setFont(theme().font("body", 600 if selected else 400, tabular=True))
        painter.setPen(theme().color("text.primary" if strong else "text.secondary"))
        room = rect.width() - 44 - 16
        if entry.count:
            painter.drawText(at(44, room), int(end | Qt.AlignmentFlag.AlignAbsolute), str(entry.count))
        taken = QFontMetrics(painter.font()).horizontalAdvance(str(entry.count)) + 8 if entry.count else 0
        if entry.trouble:
            box = at(44 + room - taken - 14, 14)
            paint_icon(painter, QRect(box.x(), box.center().y() - 6, 14, 14), "triangle-alert", "warn.mark")
            taken += 20
        painter.setFont(font)
        words = QFontMetrics(font).elidedText(tr(entry.title), Qt.TextElideMode.ElideRight, room - taken)
        painter.drawText(at(44, room - taken), int(start | Qt.AlignmentFlag.AlignAbsolute), words)

    def _paint_folded(
        self,
        painter: QPainter,
        rect: QRect,
        direction: Qt.LayoutDirection,
        entry: Entry,
        selected: bool,
    ) -> None:
        side = _ICON_FOLDED
        box = QRect(0, 0, side, side)
        box.moveCenter(rect.center())
        self._paint_glyph(painter, box, entry, side, selected or entry.unread)
        if not entry.count:
            return
        painter.setFont(theme().font("caption", 600, tabular=True))
        painter.setPen(theme().color("text.secondary"))
        corner = QStyle.visualRect(direction, rect, QRect(rect.x() + 32, rect.y() + 2, 24, 14))
        painter.drawText(corner, Qt.AlignmentFlag.AlignCenter, str(entry.count))

    def _paint_glyph(self, painter: QPainter, box: QRect, entry: Entry, side: int, strong: bool) -> None:
        place = QRect(box.x(), box.center().y() - side // 2 + 1, side, side)
        if entry.channel:
            paint_channel_tile(painter, place, entry.channel)
        else:
            paint_icon(painter, place, entry.icon, "text.primary" if strong else "text.secondary")
