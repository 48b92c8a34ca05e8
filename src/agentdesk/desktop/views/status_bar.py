"""The line at the bottom: how the desk stands with its server, troubles, language, shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import current_language, time_text, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.toast import announce
from agentdesk.queries.rows import AccountRow
from agentdesk.sync.desk import Link, LinkStatus

__all__ = ["StatusBar", "link_words"]

_HEIGHT = 24
_TICK_MS = 1_000
_TROUBLED = ("unreachable", "auth_failed", "error")


def link_words(status: LinkStatus, now: datetime) -> tuple[str, str, Msg]:
    """Return icon, colour role and sentence for the state of the connection."""
    if status.link is Link.SYNCED:
        return "", "ok.mark", _synced(status, now)
    if status.link is Link.FILLING:
        if status.total:
            words = msg("Getting conversations, {done} of {total}", done=status.done, total=status.total)
        else:
            words = msg("Getting your team's conversations")
        return "refresh-cw", "text.secondary", words
    if status.link is Link.SIGN_IN:
        return "key", "bad.text", msg("Please sign in again to send and receive. Your changes are safe.")
    if status.link is Link.TOO_OLD:
        return "download", "warn.text", msg("This version is too old for the server. Update to continue.")
    if status.link is Link.CONNECTING:
        return "refresh-cw", "text.secondary", msg("Connecting")
    return "cloud-off", "warn.text", _offline(status)


def _synced(status: LinkStatus, now: datetime) -> Msg:
    if status.waiting:
        return plural("Sending {count} change", "Sending {count} changes", status.waiting)
    seconds = int((now - (status.synced_at or now)).total_seconds())
    if seconds < 60:
        return msg("Synced {seconds} s ago", seconds=max(0, seconds))
    return msg("Synced at {time}", time=time_text(status.synced_at or now))


def _offline(status: LinkStatus) -> Msg:
    time = time_text(status.since)
    if not status.waiting:
        return msg("Offline since {time}. You can keep working.", time=time)
    return plural(
        "Offline since {time}. {count} change is saved here and goes out when you are back.",
        "Offline since {time}. {count} changes are saved here and go out when you are back.",
        status.waiting,
        time=time,
    )


class StatusBar(QWidget):
    """Each part is a button: ``reconnect_wanted``, ``language_wanted``, ``shortcuts_wanted``."""

    reconnect_wanted = Signal()
    language_wanted = Signal()
    shortcuts_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._status: LinkStatus | None = None
        self._accounts: Sequence[AccountRow] = ()
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._link = self._button()
        self._link.clicked.connect(self.reconnect_wanted)
        self._trouble = self._button()
        self._trouble.hide()
        self._language = self._button()
        self._language.clicked.connect(self.language_wanted)
        self._shortcuts = self._button()
        self._shortcuts.setIcon(icon("keyboard"))
        self._shortcuts.clicked.connect(self.shortcuts_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self._link)
        row.addWidget(self._trouble)
        row.addStretch(1)
        row.addWidget(self._language)
        row.addWidget(self._shortcuts)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        theme().changed.connect(self._show)
        self._show()

    def set_status(self, status: LinkStatus) -> None:
        """Show another state; the beginning and the end of trouble are announced."""
        before, self._status = self._status, status
        self._show()
        if before is not None and (before.link is Link.OFFLINE) != (status.link is Link.OFFLINE):
            announce(self, self._link.text())
        if status.link is Link.SYNCED:
            self._timer.start()
        else:
            self._timer.stop()

    def set_accounts(self, accounts: Sequence[AccountRow]) -> None:
        """Show the trouble of channels, where there is any."""
        self._accounts = accounts
        self._show()

    def words(self) -> str:
        """Return what stands at the start, as shown."""
        return self._link.text()

    def trouble_words(self) -> str:
        """Return the trouble of channels, as shown; empty where there is none."""
        return self._trouble.text() if self._trouble.isVisibleTo(self) else ""

    def _button(self) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("kind", "status")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(13, 13))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _show(self) -> None:
        font = theme().font("caption", tabular=True)
        for button in (self._link, self._trouble, self._language, self._shortcuts):
            button.setFont(font)
        if self._status is not None:
            self._show_link(self._status)
        self._show_trouble()
        self._language.setText(current_language().upper())
        self._language.setAccessibleName(tr(msg("Language of the app")))
        self._shortcuts.setText(tr(msg("Shortcuts")))
        self.update()

    def _show_link(self, status: LinkStatus) -> None:
        icon_name, role, words = link_words(status, clock.now())
        self._link.setText(tr(words))
        self._link.setToolTip(tr(status.problem) if status.problem else tr(words))
        self._link.setIcon(icon(icon_name or "dot", role))
        palette = self._link.palette()
        ink = "text.secondary" if role == "ok.mark" else role
        palette.setColor(self._link.foregroundRole(), theme().color(ink))
        self._link.setPalette(palette)

    def _show_trouble(self) -> None:
        troubled = [a for a in self._accounts if a.state in _TROUBLED and not a.paused]
        self._trouble.setVisible(bool(troubled))
        if not troubled:
            return
        first = troubled[0]
        problem = first.problem or {"text": "It cannot be reached."}
        said = tr(Msg(problem["text"], problem.get("args", {})))
        more = f" +{len(troubled) - 1}" if len(troubled) > 1 else ""
        self._trouble.setText(tr(msg("{name}: {problem}", name=first.name, problem=said)) + more)
        remedy = first.remedy
        if remedy:
            self._trouble.setToolTip(tr(Msg(remedy["text"], remedy.get("args", {}))))
        self._trouble.setIcon(icon("triangle-alert", "warn.mark"))

    def _on_tick(self) -> None:
        if self._status is not None and self.isVisible():
            self._show_link(self._status)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "_timer"):
            self._show()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().color("bg.window"))
        painter.setPen(theme().color("line.subtle"))
        painter.drawLine(0, 0, self.width(), 0)
