"""Paints one conversation of the queue, 72 pixels high at normal text size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QTextLayout
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.desktop.locale import age_text, current_language, isolate, tr
from agentdesk.desktop.models.queue import HAS_DRAFT_ROLE, NO_SUBJECT, ROW_ROLE, UNKNOWN_SENDER
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.avatar import paint_avatar
from agentdesk.desktop.widgets.chip import Chip, chip_height, paint_chips
from agentdesk.desktop.widgets.rowtext import one_line, text_format
from agentdesk.queries.rows import QueueRow

__all__ = ["QueueDelegate"]

_AVATAR = 32
_TEXT_START = 60
_END = 12
_TOP = 9
_CACHED_LAYOUTS = 400

_Place = Callable[[int, int, int, int], QRect]
"""A rectangle measured from the start edge of the row: x, y, width, height."""


class _Style:
    """Fonts, metrics and colours for painting; rebuilt when theme, text size or language change."""

    def __init__(self) -> None:
        look = theme()
        self.name = look.font("body", 500)
        self.name_unread = look.font("body", 600)
        self.body = look.font("body", 400)
        self.subject_unread = look.font("body", 500)
        self.time = look.font("caption", 400, tabular=True)
        self.line = look.line_height("body")
        self.time_metrics = QFontMetrics(self.time)
        self.name_metrics = QFontMetrics(self.name_unread)
        self.primary = look.color("text.primary")
        self.secondary = look.color("text.secondary")
        self.muted = look.color("text.muted")
        self.selected = look.color("bg.selected")
        self.idle = look.color("bg.selectedIdle")
        self.hover = look.color("bg.hover")
        self.mark = look.color("accent.mark")
        self.divider = QPen(look.color("line.subtle"), 0)
        self.placeholder = look.color("bg.hover")
        self.height = _TOP * 2 + 2 * self.line + chip_height() - 4


class QueueDelegate(QStyledItemDelegate):
    """``now`` is the moment all ages are told from; set it once per tick."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.now: datetime = clock.now()
        self._style = _Style()
        self._layouts: dict[tuple[UUID, int, int, Qt.LayoutDirection], QTextLayout] = {}
        self.own_id: UUID | None = None
        theme().changed.connect(self.restyle)

    def restyle(self) -> None:
        """Make everything anew, after a change of theme, text size or language."""
        self._style = _Style()
        self._layouts.clear()

    def row_height(self) -> int:
        """The height of each row in pixels."""
        return self._style.height

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(280, self._style.height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        rect, direction = option.rect, option.direction
        state = option.state
        row: QueueRow | None = index.data(ROW_ROLE)
        painter.save()
        background = self._paint_background(painter, rect, direction, state)
        if row is None:
            self._paint_placeholder(painter, rect, direction)
        else:
            has_draft = bool(index.data(HAS_DRAFT_ROLE))
            self._paint_row(painter, rect, direction, row, has_draft, background)
        painter.restore()

    def _paint_background(
        self, painter: QPainter, rect: QRect, direction: Qt.LayoutDirection, state: QStyle.StateFlag
    ) -> str:
        style = self._style
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected:
            active = bool(state & QStyle.StateFlag.State_Active)
            painter.fillRect(rect, style.selected if active else style.idle)
            bar = QRect(rect.x(), rect.y(), 3, rect.height())
            painter.fillRect(QStyle.visualRect(direction, rect, bar), style.mark)
            return "bg.selected" if active else "bg.selectedIdle"
        if state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, style.hover)
            return "bg.hover"
        line = QRect(rect.x() + _TEXT_START, rect.bottom(), rect.width() - _TEXT_START - _END, 1)
        place = QStyle.visualRect(direction, rect, line)
        painter.setPen(style.divider)
        painter.drawLine(place.left(), rect.bottom(), place.right(), rect.bottom())
        return "bg.list"

    def _paint_row(
        self,
        painter: QPainter,
        rect: QRect,
        direction: Qt.LayoutDirection,
        row: QueueRow,
        has_draft: bool,
        background: str,
    ) -> None:
        style = self._style

        def at(x: int, y: int, width: int, height: int) -> QRect:
            return QStyle.visualRect(direction, rect, QRect(rect.x() + x, rect.y() + y, width, height))

        if row.unread:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(style.mark)
            painter.drawEllipse(QRectF(at(4, _TOP + 16, 8, 8)))
        avatar = at(16, _TOP + 5, _AVATAR, _AVATAR)
        paint_avatar(
            painter, avatar, row.contact_name, row.contact_id, channel=row.channel, behind=background
        )
        width = rect.width() - _TEXT_START - _END
        self._paint_first_line(painter, at, direction, row, width)
        layout = self._subject(row, width, direction)
        place = at(_TEXT_START, _TOP + style.line - 1, width, style.line)
        layout.draw(painter, QPointF(place.topLeft()))
        chips = at(_TEXT_START, _TOP + 2 * style.line - 1, width, chip_height())
        self._paint_last_line(painter, chips, direction, row, has_draft)

    def _paint_first_line(
        self, painter: QPainter, at: _Place, direction: Qt.LayoutDirection, row: QueueRow, width: int
    ) -> None:
        style = self._style
        time = age_text(row.last_customer_at or row.last_message_at, self.now)
        time_width = style.time_metrics.horizontalAdvance(time) + 2
        start = QStyle.visualAlignment(direction, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        end = QStyle.visualAlignment(direction, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.setFont(style.time)
        painter.setPen(style.muted)
        box = at(_TEXT_START + width - time_width, _TOP, time_width, style.line)
        painter.drawText(box, int(end | Qt.AlignmentFlag.AlignAbsolute), time)
        painter.setFont(style.name_unread if row.unread else style.name)
        painter.setPen(style.primary)
        room = width - time_width - 8
        words = row.contact_name or tr(UNKNOWN_SENDER)
        name = style.name_metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        box = at(_TEXT_START, _TOP, room, style.line)
        painter.drawText(box, int(start | Qt.AlignmentFlag.AlignAbsolute), isolate(name))

    def _subject(self, row: QueueRow, width: int, direction: Qt.LayoutDirection) -> QTextLayout:
        key = (row.id, row.ver, width, direction)
        found = self._layouts.get(key)
        if found is not None:
            return found
        style = self._style
        first: QColor = style.primary if row.unread else style.secondary
        font: QFont = style.body
        formats = (text_format(first, 500 if row.unread else None), text_format(style.muted))
        align = QStyle.visualAlignment(direction, Qt.AlignmentFlag.AlignLeft)
        subject = row.subject or tr(NO_SUBJECT)
        made = one_line(subject, row.preview, font, width, formats, align)
        if len(self._layouts) > _CACHED_LAYOUTS:
            self._layouts.clear()
        self._layouts[key] = made
        return made

    def _paint_last_line(
        self, painter: QPainter, rect: QRect, direction: Qt.LayoutDirection, row: QueueRow, has_draft: bool
    ) -> None:
        width = rect.width()
        if row.assignee_id is not None and row.assignee_id != self.own_id:
            box = QRect(rect.right() - 17, rect.y(), 18, 18)
            paint_avatar(painter, QStyle.visualRect(direction, rect, box), row.assignee_name, row.assignee_id)
            width -= 24
        room = QStyle.visualRect(direction, rect, QRect(rect.x(), rect.y(), width, rect.height()))
        paint_chips(painter, room, self._chips(row, has_draft), direction)

    def _chips(self, row: QueueRow, has_draft: bool) -> list[Chip]:
        chips: list[Chip] = []
        if row.failed:
            chips.append(Chip(msg("Not sent"), "bad", "circle-alert"))
        if row.waiting_since is not None:
            chips.append(Chip(age_text(row.waiting_since, self.now), "outline", "clock"))
        elif row.status == "open":
            chips.append(Chip(msg("Waiting for {name}", name=_short(row.contact_name)), "plain", "pause"))
        if row.status == "snoozed":
            chips.append(Chip(msg("Snoozed"), "plain", "alarm-clock"))
        if row.priority == "urgent":
            chips.append(Chip(msg("Urgent"), "bad_text", "chevrons-up"))
        if row.priority == "high":
            chips.append(Chip(msg("High"), "warn_text", "chevron-up"))
        if row.language and row.language.split("-")[0] != current_language():
            chips.append(Chip(row.language.split("-")[0].upper(), "code"))
        if has_draft:
            chips.append(Chip(msg("Draft"), "accent", "pencil-line"))
        chips += [Chip(tag) for tag in row.tags[:2]]
        return chips

    def _paint_placeholder(self, painter: QPainter, rect: QRect, direction: Qt.LayoutDirection) -> None:
        """Grey shapes where a row will be, without movement."""
        style = self._style
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.placeholder)
        shapes = (
            (QRect(rect.x() + 16, rect.y() + _TOP + 5, _AVATAR, _AVATAR), _AVATAR / 2),
            (QRect(rect.x() + _TEXT_START, rect.y() + _TOP + 5, 110, 10), 5.0),
            (QRect(rect.x() + _TEXT_START, rect.y() + _TOP + style.line + 5, 210, 10), 5.0),
        )
        for shape, radius in shapes:
            painter.drawRoundedRect(QRectF(QStyle.visualRect(direction, rect, shape)), radius, radius)


def _short(name: str) -> str:
    """The first word of a name, or a short piece of an address."""
    return (name.split("@")[0].split() or [name])[0][:20]
