"""My chats above the conversation, so that several go on at once: a tab for each, with how long its visitor
waits. Each keeps its own draft and its own place in the transcript, and can be shown beside the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMenu, QSizePolicy, QWidget

from agentdesk.base import clock
from agentdesk.base.text import msg, plural
from agentdesk.desktop.delegates.chat_chips import waiting_chip
from agentdesk.desktop.icons import icon, paint_icon
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import current_language, isolate, tr
from agentdesk.desktop.models.colleagues import visitor_at
from agentdesk.desktop.models.queue import UNKNOWN_SENDER, spoken
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.chat_tab_drag import TabDrag
from agentdesk.desktop.widgets.avatar import paint_avatar
from agentdesk.desktop.widgets.button import IconButton
from agentdesk.desktop.widgets.chip import Chip, chip_height, chip_width, paint_chip
from agentdesk.desktop.widgets.menu import new_menu
from agentdesk.desktop.widgets.mirror import AT_START, mirrored
from agentdesk.domain.chat import CHANNEL
from agentdesk.queries.rows import QueueRow, View
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["ChatTab", "ChatTabs"]

_HEIGHT = 36
_FACE = 20
_WIDEST, _NARROWEST = 220, 64
_MOST = 9
_BADGE = 20
_TICK_MS = 1_000
_TICK = timedelta(microseconds=1)
_MINE = View(kind="mine", channel=CHANNEL, order="oldest")


class ChatTabs(QWidget):
    """Hidden while no other chats than those on screen are mine. ``chosen(id)``: a chat is to be shown;
    ``beside_wanted(id)``: beside the others; ``end_wanted(id)``: not beside them any more; ``next_wanted``:
    another one beside them. ``read``: these are my chats now."""

    chosen = Signal(object)
    beside_wanted = Signal(object)
    end_wanted = Signal(object)
    next_wanted = Signal()
    read = Signal()

    def __init__(self, desk: DeskPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "chat tabs")
        self._current: UUID | None = None
        self._on_screen: Collection[UUID] = frozenset()
        self._stale = False
        self._changed: set[UUID] | None = None
        self._seen: dict[UUID, datetime] = {}
        self.tabs: list[ChatTab] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme().space(2), 0, theme().space(2), 0)
        self._row.setSpacing(2)
        self._row.addStretch(1)
        self.button = IconButton("columns-2", msg("Show another of my chats beside this one"), parent=self)
        self.button.clicked.connect(self.next_wanted)
        self._row.addWidget(self.button)
        self.drag = TabDrag(self)
        self.setFixedHeight(_HEIGHT + 1)
        self.setAccessibleName(tr(msg("My chats")))
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.tick)
        theme().changed.connect(self.update)

    def refresh(self) -> None:
        """Read which chats are mine; what changes while they are being read, is read after."""
        self._stale, self._changed = True, None
        self._read_stale()

    def on_changes(self, changes: Changes) -> None:
        """Follow what has changed in the replica."""
        told = changes.get("conversation", set())
        if not changes or "contact" in changes or ("message" in changes and not told):
            self.refresh()
        elif told:
            if self._changed is not None:
                self._changed |= told
            elif not self._stale:
                self._changed = set(told)
            self._stale = True
            self._read_stale()
        elif "presence" in changes:
            self.tick()

    def set_current(self, conversation_id: UUID | None, on_screen: Collection[UUID] = ()) -> None:
        """This conversation has the focus now, or none has; all of ``on_screen`` stand beside it."""
        self._note_seen()
        self._current = conversation_id
        self._on_screen = {*on_screen, *(() if conversation_id is None else (conversation_id,))}
        self._note_seen()
        self._show()

    def ids(self) -> list[UUID]:
        """My chats, in the order of their tabs."""
        return [tab.row.id for tab in self.tabs]

    def following(self) -> UUID | None:
        """The chat whose tab has the keyboard, or else the next one, of those that are not on screen."""
        ids = self.ids()
        place = next((at for at, tab in enumerate(self.tabs) if tab.hasFocus()), None)
        if place is None:
            place = ids.index(self._current) + 1 if self._current in ids else 0
        return next((one for one in ids[place:] + ids[:place] if one not in self._on_screen), None)

    def step(self, by: int) -> None:
        """Show the chat ``by`` places on (negative: back), round the ends."""
        ids = self.ids()
        if not ids:
            return
        start = ids.index(self._current) if self._current in ids else (-1 if by > 0 else 0)
        self.chosen.emit(ids[(start + by) % len(ids)])

    def tick(self) -> None:
        """Tell the waits from now."""
        now = clock.now()
        for tab in self.tabs:
            tab.set_now(now, visitor_at(self._desk, tab.row), typing=self._is_typing(tab.row))

    def _read_stale(self) -> None:
        if not self._tasks.running("read"):
            self._tasks.start(self._read(), "read")

    async def _are_mine(self, changed: set[UUID]) -> bool:
        """Say whether one of these conversations is a chat of mine, or was."""
        me = self._desk.me
        if me is None or not changed.isdisjoint(tab.row.id for tab in self.tabs):
            return True
        rows = await self._desk.queue_rows(list(changed))
        return any(row.assignee_id == me.id and row.channel == CHANNEL for row in rows)

    async def _read(self) -> None:
        while self._stale:
            self._stale, changed, self._changed = False, self._changed, None
            if changed is not None and not await self._are_mine(changed):
                continue
            ids = await self._desk.queue_ids(_MINE)
            before = self.ids()
            kept = [one for one in before if one in set(ids)]  # tabs stand still; new ones come at the end
            wanted = [*kept, *(one for one in ids if one not in set(kept))][:_MOST]
            rows = await self._desk.queue_rows(wanted)
            news = await self._desk.written_since(
                {row.id: moment for row in rows if (moment := self._news_from(row)) is not None}
            )
            if not is_alive(self):
                return
            self._fill(rows, news)

    def _news_from(self, row: QueueRow) -> datetime | None:
        """After which moment what the visitor wrote is new here: since this chat was on screen last, or since
        they wait; None where nothing is unread."""
        since = None if row.waiting_since is None else row.waiting_since - _TICK
        seen = self._seen.get(row.id)
        return max(filter(None, (since, seen)), default=None) if row.unread else None

    def _note_seen(self) -> None:
        """What the chats on screen have now is not new."""
        for tab in self.tabs:
            if tab.row.id in self._on_screen:
                self._seen[tab.row.id] = tab.row.last_message_at
                tab.news = 0

    def _fill(self, rows: list[QueueRow], news: Mapping[UUID, int]) -> None:
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
            tab.row, tab.news = row, news.get(row.id, 0)
        known = {row.id for row in rows}
        self._seen = {one: moment for one, moment in self._seen.items() if one in known}
        self._note_seen()
        self._show()
        self.read.emit()

    def _show(self) -> None:
        others = [tab for tab in self.tabs if tab.row.id not in self._on_screen]
        for tab in self.tabs:
            tab.setChecked(tab.row.id == self._current)
            tab.beside = tab.row.id in self._on_screen and not tab.isChecked()
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

    def menu(self, tab: ChatTab) -> QMenu:
        """What can be done with a tab."""
        menu = new_menu(self)
        one = tab.row.id
        if one in self._on_screen:
            shown = QAction(icon("x"), tr(msg("Close this one of the chats side by side")), menu)
            shown.triggered.connect(partial(self.end_wanted.emit, one))
            shown.setEnabled(len(self._on_screen) > 1)
        else:
            shown = QAction(icon("columns-2"), tr(msg("Show it beside the others")), menu)
            shown.triggered.connect(partial(self.beside_wanted.emit, one))
        menu.addAction(shown)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

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
    """One chat: face, name, how much is unread (a dot where that is not known), a pencil while the visitor
    types, the wait. ``news`` is how many messages are new; ``beside``: it is shown beside the chosen one."""

    def __init__(self, row: QueueRow, tabs: ChatTabs) -> None:
        super().__init__(tabs)
        self.row = row
        self.news = 0
        self.beside = False
        self._tabs = tabs
        self._now: datetime = clock.now()
        self._typing = False
        self._shown: tuple[object, ...] = ()
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(_WIDEST)

    def set_now(self, now: datetime, visitor: bool | None, *, typing: bool) -> None:
        """Tell the wait from ``now``; ``visitor``: whether their page is open (None: not known)."""
        self._now, self._typing = now, typing
        shown = (self.row, self.news, self.beside, self.chip(), visitor, typing, current_language())
        if shown == self._shown:  # most seconds change nothing
            return
        self._shown = shown
        words = spoken(self.row, visitor=visitor)
        if self.news:
            new = plural(
                "{words}, {count} new message", "{words}, {count} new messages", self.news, words=words
            )
            words = tr(new)
        if self.beside:
            words = tr(msg("{words}, shown beside", words=words))
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
        return QSize(10 + _FACE + 8 + name + 26 + (chip_width(chip) + 6 if chip else 0) + 8, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, _HEIGHT)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._tabs.menu(self).popup(event.globalPos())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._tabs.drag.press(self.row.id, event.globalPosition().toPoint())
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._tabs.drag.move(event.globalPosition().toPoint()):
            self.setDown(False)
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._tabs.drag.release(event.globalPosition().toPoint()):
            super().mouseReleaseEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        direction, whole = self.layoutDirection(), self.rect()
        on_screen = self.isChecked() or self.beside
        ground = "bg.canvas" if on_screen else "bg.hover" if self.underMouse() else "bg.list"
        painter.fillRect(whole, theme().color(ground))
        if on_screen:
            mark = "line.strong" if self.beside else "accent.mark"
            painter.fillRect(QRect(0, 0, whole.width(), 2), theme().color(mark))
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
            side = _BADGE if self.news else 8
            box = mirrored(direction, whole, QRect(end - side, (_HEIGHT - side) // 2, side, side))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("accent.fill" if self.news else "accent.mark"))
            painter.drawEllipse(box)
            if self.news:
                painter.setFont(theme().font("caption", 600, tabular=True))
                painter.setPen(theme().color("text.onFill"))
                number = str(self.news) if self.news <= _MOST else f"{_MOST}+"
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, number)
            end -= side + 6
        return end

    def _name(self) -> str:
        return self.row.contact_name or tr(UNKNOWN_SENDER)
