"""Telling a person who looks elsewhere: banners of the system, and the number on the program's icon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from agentdesk.base import clock
from agentdesk.base.text import msg, plural
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.plain import banner
from agentdesk.queries.rows import QueueRow
from agentdesk.sync.desk import Changes, DeskPort, Link

__all__ = ["Notifier"]

_JOIN_MS = 1_500
_LONGEST = 120
_NEWS_AGE = timedelta(hours=1)
"""What customers wrote longer than this before the window opened is old: the list shows it, that is all."""


class Notifier(QObject):
    """``clicked(id)`` tells that the banner of a conversation was used.

    Several messages within a moment become one banner. Nothing is told of what is on screen already:
    ``is_shown(id)`` says so of a conversation.
    """

    clicked = Signal(object)

    def __init__(self, window: QWidget, desk: DeskPort, is_shown: Callable[[UUID], bool]) -> None:
        super().__init__(window)
        self._window, self._desk, self._is_shown = window, desk, is_shown
        self._tasks = tasks_of(self, "notifier")
        self._waiting: dict[UUID, QueueRow] = {}
        self._mentions: set[UUID] = set()
        self._last: UUID | None = None
        self._heard: dict[UUID, datetime] = {}
        self._since = clock.now() - _NEWS_AGE
        self._tray: QSystemTrayIcon | None = None
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._tray = QSystemTrayIcon(window.windowIcon(), self)
            self._tray.messageClicked.connect(self._on_clicked)
            self._tray.activated.connect(self._on_activated)
            self._tray.show()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_JOIN_MS)
        self._timer.timeout.connect(self._tell)

    def on_changes(self, changes: Changes) -> None:
        """Look for conversations in which a customer wrote."""
        if changes.get("mention"):
            self._tasks.start(self._look_for_mentions(), "mentions")
        if changes.get("message"):
            self._tasks.start(self._look(set(changes.get("conversation", ()))), "news")

    async def _look(self, ids: set[UUID]) -> None:
        """Tell of conversations that became unread: mine, and those that nobody has."""
        if self._desk.status.link is Link.FILLING or self._desk.status.synced_at is None:
            return  # what a first fill brings is not news
        rows = await self._desk.queue_rows(list(ids))
        if not is_alive(self):
            return
        me = self._desk.me.id if self._desk.me else None
        for row in rows:
            if self._is_news(row, me) and not (self._is_shown(row.id) and self._window.isActiveWindow()):
                self._waiting[row.id] = row
        if self._waiting and not self._timer.isActive():
            self._timer.start()

    async def _look_for_mentions(self) -> None:
        """Tell at once where a colleague mentioned this person."""
        if self._desk.status.link is Link.FILLING or self._desk.status.synced_at is None:
            return
        rows = await self._desk.unseen_mentions()
        if not is_alive(self):
            return
        for row in rows:
            shown = self._is_shown(row.conversation_id) and self._window.isActiveWindow()
            if row.id not in self._mentions and row.created_at >= self._since and not shown:
                self._last = row.conversation_id
                title = msg("{name} mentioned you", name=row.author_name)
                if row.whisper:
                    title = msg("{name} whispers to you", name=row.author_name)
                self._show(tr(title), " ".join(row.text.split()))
        self._mentions.update(row.id for row in rows)

    def _is_news(self, row: QueueRow, me: UUID | None) -> bool:
        """Say whether a changed conversation has something to tell of: a customer wrote anew, to me or to
        nobody in particular."""
        if not row.unread or row.last_customer_at is None or row.assignee_id not in (None, me):
            return False
        if self._heard.get(row.id) == row.last_customer_at or row.last_customer_at < self._since:
            return False
        self._heard[row.id] = row.last_customer_at
        return True

    def ring(self, conversation_id: UUID, title: str, text: str) -> None:
        """Tell of a chat that this person is asked to take."""
        self._last = conversation_id
        self._show(title, text)

    def set_unread(self, count: int) -> None:
        """Show how many conversations of mine are unread, on the program's icon."""
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.setBadgeNumber(count)
        if self._tray is not None:
            words = plural("{count} unread conversation", "{count} unread conversations", count)
            self._tray.setToolTip(tr(words) if count else "AgentDesk")

    def _tell(self) -> None:
        rows = list(self._waiting.values())
        self._waiting = {}
        if not rows:
            return
        self._last = rows[-1].id
        if len(rows) == 1:
            title, text = rows[0].contact_name, rows[0].preview or rows[0].subject
        else:
            title = tr(plural("{count} new message", "{count} new messages", len(rows)))
            text = tr(msg("From {names}", names=", ".join(row.contact_name for row in rows[:4])))
        self._show(title, text)

    def _show(self, title: str, text: str) -> None:
        text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        QApplication.alert(self._window)
        if self._tray is not None:
            self._tray.showMessage(banner(title), banner(text))

    def _on_clicked(self) -> None:
        """A click on the last banner comes to the front and opens its conversation."""
        self._window.raise_()
        self._window.activateWindow()
        if self._last is not None:
            self.clicked.emit(self._last)

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self._window.showNormal()
            self._window.activateWindow()
