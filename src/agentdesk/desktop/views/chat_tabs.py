"""My chats above the conversation, so that several go on at once: a tab for each, with how long its visitor
waits. Each keeps its own draft and its own place in the transcript."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.desktop.delegates.chat_chips import waiting_chip
from agentdesk.desktop.icons import paint_icon
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import isolate, tr
from agentdesk.desktop.models.colleagues import visitor_at
from agentdesk.desktop.models.queue import UNKNOWN_SENDER, spoken
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.avatar import paint_avatar
from agentdesk.desktop.widgets.chip import Chip, chip_height, chip_width, paint_chip
from agentdesk.desktop.widgets.mirror import AT_START, mirrored
from agentdesk.domain.chat import CHANNEL
from agentdesk.queries.rows import QueueRow, View
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["ChatTab", "ChatTabs"]

_HEIGHT = 36
_FACE = 20
_WIDEST, _NARROWEST = 220, 64
_MOST = 9
_TICK_MS = 1_000
_MINE = View(kind="mine", channel=CHANNEL, order="oldest")
_TABLES = ("conversation", "contact", "message")


class ChatTabs(QWidget):
    """Hidden while no other chat than the one on screen is mine. ``chosen(id)``: a chat is to be shown."""

    chosen = Signal(object)

    def __init__(self, desk: DeskPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "chat tabs")
        self._current: UUID | None = None
        self._stale = False
        self.tabs: list[ChatTab] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme().space(2), 0, theme().space(2), 0)
        self._row.setSpacing(2)
        self._row.addStretch(1)
        self.setFixedHeight(_HEIGHT + 1)
        self.setAccessibleName(tr(msg("My chats")))
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.tick)
        theme().changed.connect(self.update)

    def refresh(self) -> None:
        """Read which chats are mine; what changes while they are being read, is read after."""
        self._stale = True
        if not self._tasks.running("read"):
            self._tasks.start(self._read(), "read")

    def on_changes(self, changes: Changes) -> None:
        """Follow what has changed in the replica."""
        if not changes or any(table in changes for table in _TABLES):
            self.refresh()
        elif "presence" in changes:
            self.tick()

    def set_current(self, conversation_id: UUID | None) -> None:
        """This conversation is on screen now, or none is."""
        self._current = conversation_id
        self._show()

    def step(self, by: int) -> None:
        """Show the chat ``by`` places on (negative: back), round the ends."""
        ids = [tab.row.id for tab in self.tabs]
        if not ids:
            return
        start = ids.index(self._current) if self._current in ids else (-1 if by > 0 else 0)
        self.chosen.emit(ids[(start + by) % len(ids)])

    def tick(self) -> None:
        """Tell the waits from now."""
        now = clock.now()
        for tab in self.tabs:
            tab.set_now(now, visitor_at(self._desk, tab.row), typing=self._is_typing(tab.row))

    async def _read(self) -> None:
        while self._stale:
            self._stale = False
            ids = await self._desk.queue_ids(_MINE)
            before = [tab.row.id for tab in self.tabs]
            kept = [one for one in before if one in set(ids)]  # tabs stand still; new ones come at the end
            wanted = [*kept, *(one for one in ids if one not in set(kept))][:_MOST]
            rows = await self._desk.queue_rows(wanted)
            if not is_alive(self):
                return
            self._fill(rows)

    def _fill(self, rows: list[QueueRow]) -> None:
        for tab in self.tabs[len(rows) :]:
            self._row.removeWidget(tab)
            tab.hide()
            tab.deleteLater()
        del self.tabs[len(rows) :]
        while len(self.tabs) < len(rows):
            tab = ChatTab(rows[len(self.tabs)], self)
            tab.clicked.connect(self._on_clicked)
            self._row.insertWidget(len(self.tabs), tab)
            self.tabs.append(tab)
        for tab, row in zip(self.tabs, rows, strict=True):
            tab.row = row
        self._show()

    def _show(self) -> None:
        others = [tab for tab in self.tabs if tab.row.id != self._current]
        for tab in self.tabs:
            tab.setChecked(tab.row.id == self._current)
        self.setVisible(bool(others))
        waiting = any(tab.row.waiting_since is not None for tab in self.tabs)
        if others and waiting:
            self._timer.start()
        else:
            self._timer.stop()
        self.tick()

    def _is_typing(self, row: QueueRow) -> bool:
        return any(one.writing and one.user_id == row.contact_id for one in self._desk.others_at(row.id))

    def _on_clicked(self) -> None:
        tab = self.sender()
        if isinstance(tab, ChatTab):
            tab.setChecked(tab.row.id == self._current)  # what is on screen decides, not the click
            self.chosen.emit(tab.row.id)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.setAccessibleName(tr(msg("My chats")))
            self.tick()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("bg.list"))
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), theme().color("line.subtle"))


class ChatTab(QAbstractButton):
    """One chat: face, name, a dot where something is unread, a pencil while the visitor types, the wait."""

    def __init__(self, row: QueueRow, parent: QWidget) -> None:
        super().__init__(parent)
        self.row = row
        self._now: datetime = clock.now()
        self._typing = False
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(_WIDEST)

    def set_now(self, now: datetime, visitor: bool | None, *, typing: bool) -> None:
        """Tell the wait from ``now``; ``visitor``: whether their page is open (None: not known)."""
        self._now, self._typing = now, typing
        words = spoken(self.row, visitor=visitor)
        self.setAccessibleName(words)
        self.setToolTip(tip(words))
        self.updateGeometry()
        self.update()

    def chip(self) -> Chip | None:
        """The wait, as it is shown."""
        return waiting_chip(self.row, self._now)

    def sizeHint(self) -> QSize:
        name = QFontMetrics(theme().font("body", 600)).horizontalAdvance(self._name())
        chip = self.chip()
        return QSize(10 + _FACE + 8 + name + 22 + (chip_width(chip) + 6 if chip else 0) + 8, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        direction, whole = self.layoutDirection(), self.rect()
        ground = "bg.canvas" if self.isChecked() else "bg.hover" if self.underMouse() else "bg.list"
        painter.fillRect(whole, theme().color(ground))
        if self.isChecked():
            painter.fillRect(QRect(0, 0, whole.width(), 2), theme().color("accent.mark"))
        face = mirrored(direction, whole, QRect(10, (_HEIGHT - _FACE) // 2, _FACE, _FACE))
        paint_avatar(painter, face, self.row.contact_name, self.row.contact_id, behind=ground)
        end = self._paint_end(painter, whole, direction)
        room = max(0, end - 10 - _FACE - 8)
        painter.setFont(theme().font("body", 600 if self.row.unread else 400))
        painter.setPen(theme().color("text.primary"))
        name = painter.fontMetrics().elidedText(self._name(), Qt.TextElideMode.ElideRight, room)
        place = mirrored(direction, whole, QRect(10 + _FACE + 8, 0, room, _HEIGHT))
        painter.drawText(place, AT_START[direction], isolate(name))
        if self.hasFocus():
            painter.setPen(QPen(theme().color("focus.ring"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(whole.adjusted(2, 2, -2, -2), 4, 4)

    def _paint_end(self, painter: QPainter, whole: QRect, direction: Qt.LayoutDirection) -> int:
        """Paint the wait and the mark before it; returns where the name has to end."""
        end = whole.width() - 8
        chip = self.chip()
        if chip is not None:
            wide = chip_width(chip)
            box = QRect(end - wide, (_HEIGHT - chip_height()) // 2, wide, chip_height())
            paint_chip(painter, mirrored(direction, whole, box), chip, direction)
            end -= wide + 6
        if self._typing:
            box = QRect(end - 14, (_HEIGHT - 14) // 2, 14, 14)
            paint_icon(painter, mirrored(direction, whole, box), "pencil", "accent.text")
            end -= 18
        elif self.row.unread:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("accent.mark"))
            painter.drawEllipse(mirrored(direction, whole, QRect(end - 10, _HEIGHT // 2 - 4, 8, 8)))
            end -= 16
        return end

    def _name(self) -> str:
        return self.row.contact_name or tr(UNKNOWN_SENDER)
