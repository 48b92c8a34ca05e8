"""What a row of the queue says, painted in one of three densities: 40, 72 or 92 pixels high."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QTextLayout

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.desktop.delegates.chat_chips import visitor_chips, waiting_chip
from agentdesk.desktop.delegates.queue_look import AVATAR, END, TOP, QueueLook
from agentdesk.desktop.icons import paint_icon, pixmap
from agentdesk.desktop.locale import age_text, current_language, isolate, tr
from agentdesk.desktop.models.colleagues import Colleague, words_for_all
from agentdesk.desktop.models.queue import UNKNOWN_SENDER, headline
from agentdesk.desktop.widgets.avatar import paint_avatar, paint_channel_tile
from agentdesk.desktop.widgets.chip import Chip, chip_height, chip_width, paint_chips
from agentdesk.desktop.widgets.mirror import AT_END, AT_START, mirrored
from agentdesk.desktop.widgets.rowtext import one_line, text_format, two_lines
from agentdesk.domain.posts import Visibility
from agentdesk.queries.rows import QueueRow

__all__ = ["RowPainter", "RowState"]

_CACHED_LAYOUTS = 400
_COMPACT_NAME = 104
_CHECK = 18
_WRITER = 16


@dataclass(frozen=True, slots=True)
class RowState:
    """How a row stands: ``background`` is the colour role behind it, ``chosen`` whether it is selected,
    ``quick`` the room its quick buttons take at the end of the first line, in pixels, ``writers`` which
    colleagues are writing there, ``mentioned`` whether this person is in a note that they have not seen,
    ``visitor`` whether the customer of a chat has their page open (None: not known, or no chat)."""

    background: str
    has_draft: bool
    chosen: bool
    quick: int = 0
    writers: tuple[Colleague, ...] = ()
    mentioned: bool = False
    visitor: bool | None = None


@dataclass(frozen=True, slots=True)
class _Cell:
    """A row on its way to the screen; ``width`` is the room for its texts."""

    painter: QPainter
    rect: QRect
    direction: Qt.LayoutDirection
    row: QueueRow
    state: RowState
    width: int

    def at(self, x: int, y: int, width: int, height: int) -> QRect:
        """Return a place that is measured from the row's start edge."""
        place = QRect(self.rect.x() + x, self.rect.y() + y, width, height)
        return mirrored(self.direction, self.rect, place)


class RowPainter:
    """``now`` is the moment ages are told from, ``own_id`` whose face is not shown."""

    def __init__(self) -> None:
        self.look = QueueLook()
        self.now: datetime = clock.now()
        self.own_id: UUID | None = None
        self._layouts: dict[tuple[UUID, int, int, Qt.LayoutDirection], QTextLayout] = {}

    def restyle(self) -> None:
        """Make everything anew, after a change of theme, text size, density or language."""
        self.look = QueueLook()
        self._layouts.clear()

    def paint(
        self, painter: QPainter, rect: QRect, direction: Qt.LayoutDirection, row: QueueRow, state: RowState
    ) -> None:
        """Paint ``row`` into ``rect``."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cell = _Cell(painter, rect, direction, row, state, rect.width() - self.look.text_start - END)
        if self.look.density == "compact":
            self._paint_compact(cell)
        else:
            self._paint_full(cell)

    def _paint_full(self, cell: _Cell) -> None:
        look, x = self.look, self.look.text_start
        painter, at, row, state, width = cell.painter, cell.at, cell.row, cell.state, cell.width
        if row.unread:
            self._paint_dot(painter, at(4, TOP + 16, 8, 8))
        if state.chosen:
            self._paint_check(painter, at(16 + (AVATAR - _CHECK) // 2, TOP + 12, _CHECK, _CHECK))
        else:
            face = at(16, TOP + 5, AVATAR, AVATAR)
            paint_avatar(
                painter, face, row.contact_name, row.contact_id, channel=row.channel, behind=state.background
            )
        self._paint_first_line(cell)
        roomy = look.density == "roomy"
        place = at(x, TOP + look.line - 1, width, look.line)
        if state.writers:
            self._paint_writers(painter, place, cell.direction, state.writers)
        else:
            self._subject(row, width, cell.direction).draw(painter, QPointF(place.topLeft()))
        top = TOP + (3 if roomy else 2) * look.line - 1
        last = at(x, top, width, chip_height())
        self._paint_last_line(cell, last)

    def _paint_first_line(self, cell: _Cell) -> None:
        taken = cell.state.quick or self._paint_time(cell, TOP)
        self._paint_name(cell, TOP, cell.width - taken - 8)

    def _paint_name(self, cell: _Cell, y: int, room: int) -> None:
        look, row, painter = self.look, cell.row, cell.painter
        painter.setFont(look.name_unread if row.unread else look.name)
        painter.setPen(look.primary)
        words = row.contact_name or tr(UNKNOWN_SENDER)
        name = look.name_metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        place = cell.at(look.text_start, y, room, look.line)
        painter.drawText(place, AT_START[cell.direction], isolate(name))

    def _paint_time(self, cell: _Cell, y: int) -> int:
        """Paint how long ago the customer wrote at the end of the texts; returns how wide it is."""
        look, painter = self.look, cell.painter
        time = age_text(cell.row.last_customer_at or cell.row.last_message_at, self.now)
        width = look.time_metrics.horizontalAdvance(time) + 2
        painter.setFont(look.time)
        painter.setPen(look.muted)
        place = cell.at(look.text_start + cell.width - width, y, width, look.line)
        painter.drawText(place, AT_END[cell.direction], time)
        return width

    def _paint_compact(self, cell: _Cell) -> None:
        look, x = self.look, self.look.text_start
        painter, at, direction, row, state = cell.painter, cell.at, cell.direction, cell.row, cell.state
        y = (look.height - look.line) // 2
        if row.unread:
            self._paint_dot(painter, at(4, look.height // 2 - 4, 8, 8))
        tile = at(18, look.height // 2 - 9, 18, 18)
        if state.chosen:
            self._paint_check(painter, tile)
        else:
            paint_channel_tile(painter, tile, row.channel)
        end = x + cell.width - (state.quick or self._paint_time(cell, y)) - 8
        for chip in self._compact_chips(row, state):
            wide = chip_width(chip)
            box = at(end - wide, (look.height - chip_height()) // 2, wide, chip_height())
            paint_chips(painter, box, [chip], direction)
            end -= wide + 6
        self._paint_name(cell, y, min(_COMPACT_NAME, end - x))
        start = x + _COMPACT_NAME + 8
        if end - start > 24:
            subject = self._subject(row, end - start, direction)
            subject.draw(painter, QPointF(at(start, y, end - start, look.line).topLeft()))

    def _paint_writers(
        self,
        painter: QPainter,
        rect: QRect,
        direction: Qt.LayoutDirection,
        writers: Sequence[Colleague],
    ) -> None:
        """Paint who is writing in the place of the subject: the first one's face, a pencil, and words."""
        words = words_for_all(writers)
        if words is None:
            return
        user_id, name, _ = writers[0]
        top = rect.y() + (rect.height() - _WRITER) // 2
        face = QRect(rect.x(), top, _WRITER, _WRITER)
        paint_avatar(painter, mirrored(direction, rect, face), name, user_id)
        pencil = QRect(rect.x() + _WRITER + 6, top + 1, 14, 14)
        paint_icon(painter, mirrored(direction, rect, pencil), "pencil", "accent.text")
        rest = mirrored(direction, rect, rect.adjusted(_WRITER + 26, 0, 0, 0))
        painter.setFont(self.look.body)
        painter.setPen(self.look.writer)
        text = self.look.body_metrics.elidedText(tr(words), Qt.TextElideMode.ElideRight, rest.width())
        painter.drawText(rest, AT_START[direction], text)

    def _subject(self, row: QueueRow, width: int, direction: Qt.LayoutDirection) -> QTextLayout:
        key = (row.id, row.ver, width, direction)
        found = self._layouts.get(key)
        if found is not None:
            return found
        look = self.look
        first = look.primary if row.unread else look.secondary
        formats = (text_format(first, 500 if row.unread else None), text_format(look.muted))
        align = Qt.AlignmentFlag.AlignLeft
        if direction == Qt.LayoutDirection.RightToLeft:
            align = Qt.AlignmentFlag.AlignRight
        subject, preview = headline(row)
        if look.density == "roomy":
            made = two_lines(subject, preview, look.body, width, formats, align, look.line)
        else:
            preview = "" if look.density == "compact" else preview
            made = one_line(subject, preview, look.body, width, formats, align)
        if len(self._layouts) > _CACHED_LAYOUTS:
            self._layouts.clear()
        self._layouts[key] = made
        return made

    def _paint_last_line(self, cell: _Cell, whole: QRect) -> None:
        painter, direction, row = cell.painter, cell.direction, cell.row
        width = whole.width()
        if row.assignee_id is not None and row.assignee_id != self.own_id:
            face = mirrored(direction, whole, QRect(whole.right() - 17, whole.y(), 18, 18))
            paint_avatar(painter, face, row.assignee_name, row.assignee_id)
            width -= 24
        room = mirrored(direction, whole, QRect(whole.x(), whole.y(), width, whole.height()))
        chips = [Chip(msg("Mentions you"), "accent", "at-sign")] if cell.state.mentioned else []
        chips += chips_of(row, self.now, has_draft=cell.state.has_draft, visitor=cell.state.visitor)
        paint_chips(painter, room, chips, direction)

    def _compact_chips(self, row: QueueRow, state: RowState) -> list[Chip]:
        """The few that one line has room for, from its end."""
        chips: list[Chip] = [Chip("", "accent", "pencil")] if state.writers else []
        if state.mentioned:
            chips.append(Chip("", "accent", "at-sign"))
        if row.failed:
            chips.append(Chip("", "bad_text", "circle-alert"))
        elif (waiting := waiting_chip(row, self.now)) is not None:
            chips.append(waiting)
        chips += [replace(chip, text="") for chip in visitor_chips(state.visitor)]
        if row.priority == "urgent":
            chips.append(Chip("", "bad_text", "chevrons-up"))
        if row.priority == "high":
            chips.append(Chip("", "warn_text", "chevron-up"))
        return chips

    def _paint_dot(self, painter: QPainter, box: QRect) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.mark)
        painter.drawEllipse(QRectF(box))

    def _paint_check(self, painter: QPainter, box: QRect) -> None:
        """A ticked box where the face was: the row is selected."""
        painter.setPen(QPen(Qt.PenStyle.NoPen))
        painter.setBrush(self.look.check)
        painter.drawRoundedRect(QRectF(box), 4, 4)
        side = box.width() - 4
        tick = pixmap("check", side, "text.onFill", painter.device().devicePixelRatioF())
        painter.drawPixmap(box.x() + 2, box.y() + 2, tick)


def chips_of(row: QueueRow, now: datetime, *, has_draft: bool, visitor: bool | None = None) -> list[Chip]:
    """Return what the last line of a row says, the most urgent first; ages are told from ``now`` (UTC)."""
    chips: list[Chip] = []
    if row.failed:
        chips.append(Chip(msg("Not sent"), "bad", "circle-alert"))
    waiting = waiting_chip(row, now)
    if waiting is not None:
        chips.append(waiting)
    elif row.status == "open" and row.last_customer_at is None:
        chips.append(Chip(msg("Written by a program"), "plain", "bot"))
    elif row.status == "open":
        chips.append(Chip(msg("Waiting for {name}", name=_short(row.contact_name)), "plain", "pause"))
    if row.status == "snoozed":
        chips.append(Chip(msg("Snoozed"), "plain", "alarm-clock"))
    chips += visitor_chips(visitor)
    if row.priority == "urgent":
        chips.append(Chip(msg("Urgent"), "bad_text", "chevrons-up"))
    if row.priority == "high":
        chips.append(Chip(msg("High"), "warn_text", "chevron-up"))
    if row.priority == "low":
        chips.append(Chip(msg("Low"), "plain", "chevron-down"))
    chips += _reader_chips(row)
    if row.language and row.language.split("-")[0] != current_language():
        chips.append(Chip(row.language.split("-")[0].upper(), "code"))
    if has_draft:
        chips.append(Chip(msg("Draft"), "accent", "pencil-line"))
    chips += [Chip(tag) for tag in row.tags[:2]]
    return chips


def _reader_chips(row: QueueRow) -> list[Chip]:
    """Who reads what is said there, besides the customer."""
    if row.visibility == Visibility.PUBLIC:
        return [Chip(msg("Public"), "public", "globe")]
    if row.visibility == Visibility.LIMITED:
        return [Chip(msg("Followers"), "public", "users")]
    return []


def _short(name: str) -> str:
    """The first word of a name, or a short piece of an address."""
    return (name.split("@")[0].split() or [name])[0][:20]
