"""The line at the bottom: how the desk stands with its server, troubles, language, shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import current_language, time_text, tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.view_names import catalogued
from agentdesk.desktop.widgets.toast import announce
from agentdesk.domain.channels import TROUBLED
from agentdesk.queries.rows import AccountRow
from agentdesk.sync.desk import Link, LinkStatus

__all__ = ["StatusBar", "link_words"]

_HEIGHT = 24
_TICK_MS = 1_000
_GAP = 8
_AROUND = 44
"""Pixels of a button beside its words: icon, padding, distance to the next."""


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
        return "key", "bad.text", _signed_out(status)
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


def _signed_out(status: LinkStatus) -> Msg:
    if not status.waiting:
        return msg("Please sign in again to send and receive. Your changes are safe.")
    return plural(
        "Please sign in again to send and receive. {count} change is safe.",
        "Please sign in again to send and receive. {count} changes are safe.",
        status.waiting,
    )


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
    """Each part is a button: ``reconnect_wanted``, ``trouble_pressed``, ``language_wanted``,
    ``shortcuts_wanted``."""

    reconnect_wanted = Signal()
    language_wanted = Signal()
    shortcuts_wanted = Signal()
    trouble_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._status: LinkStatus | None = None
        self._accounts: Sequence[AccountRow] = ()
        self._refused = 0
        self._link_words = self._trouble_words = ""
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.link_button = self._button()
        self.link_button.clicked.connect(self.reconnect_wanted)
        self.trouble_button = self._button()
        self.trouble_button.clicked.connect(self.trouble_pressed)
        self.trouble_button.hide()
        self._language = self._button()
        self._language.clicked.connect(self.language_wanted)
        self._shortcuts = self._button()
        self._shortcuts.setIcon(icon("keyboard"))
        self._shortcuts.clicked.connect(self.shortcuts_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(_GAP, 0, _GAP, 0)
        row.setSpacing(_GAP)
        row.addWidget(self.link_button)
        row.addWidget(self.trouble_button)
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
            announce(self, self._link_words)
        if status.link is Link.SYNCED:
            self._timer.start()
        else:
            self._timer.stop()

    def set_accounts(self, accounts: Sequence[AccountRow]) -> None:
        """Show the trouble of channels, where there is any."""
        self._accounts = accounts
        self._show()

    def set_refused(self, count: int) -> None:
        """Show how many changes the server did not take."""
        if count != self._refused:
            self._refused = count
            self._show()
            if count:
                announce(self, self._trouble_words, assertive=True)

    def words(self) -> str:
        """Return what stands at the start, as shown."""
        return self._link_words

    def trouble_words(self) -> str:
        """Return the trouble of channels, as shown; empty where there is none."""
        return self._trouble_words

    def _button(self) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("kind", "status")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 13))  # the icon is 13; the rest is its distance from the words
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _show(self) -> None:
        font = theme().font("caption", tabular=True)
        for button in (self.link_button, self.trouble_button, self._language, self._shortcuts):
            button.setFont(font)
        if self._status is not None:
            self._show_link(self._status)
        self._show_trouble()
        self._language.setText(current_language().upper())
        self._language.setAccessibleName(tr(msg("Language of the app")))
        self._shortcuts.setText(tr(msg("Shortcuts")))
        self._fit()
        self.update()

    def _show_link(self, status: LinkStatus) -> None:
        icon_name, role, words = link_words(status, clock.now())
        self._link_words = tr(words)
        self.link_button.setAccessibleName(self._link_words)
        self.link_button.setToolTip(tip(tr(status.problem) if status.problem else self._link_words))
        self.link_button.setIcon(icon(icon_name or "dot", role))
        palette = self.link_button.palette()
        ink = "text.secondary" if role == "ok.mark" else role
        palette.setColor(self.link_button.foregroundRole(), theme().color(ink))
        self.link_button.setPalette(palette)

    def _show_trouble(self) -> None:
        troubled = [a for a in self._accounts if a.state in TROUBLED and not a.paused]
        count = len(troubled) + self._refused
        self.trouble_button.setVisible(bool(count))
        if not count:
            self._trouble_words = ""
            return
        picture, role, advice = "triangle-alert", "warn.mark", None
        if self._refused:
            picture, role = "circle-alert", "bad.fill"
            words = plural(
                "{count} change was not accepted", "{count} changes were not accepted", self._refused
            )
            more = len(troubled)
        else:
            first = troubled[0]
            problem = catalogued(first.problem) or msg("It cannot be reached.")
            words = msg("{name}: {problem}", name=first.name, problem=problem)
            advice, more = catalogued(first.remedy), len(troubled) - 1
        self._trouble_words = tr(words) + (f" +{more}" if more else "")
        self.trouble_button.setAccessibleName(self._trouble_words)
        self.trouble_button.setToolTip(tip(f"{self._trouble_words}\n{tr(advice) if advice else ''}".strip()))
        self.trouble_button.setIcon(icon(picture, role))

    def _fit(self) -> None:
        """Cut the sentences at their end where the bar is too narrow for both; their tooltips say all."""
        taken = sum(button.sizeHint().width() + _GAP for button in (self._language, self._shortcuts))
        room = max(0, self.width() - 2 * _GAP - taken)
        metrics = self.link_button.fontMetrics()
        link = metrics.horizontalAdvance(self._link_words) + _AROUND + 4
        trouble = metrics.horizontalAdvance(self._trouble_words) + _AROUND + 4 if self._trouble_words else 0
        if link + trouble > room and trouble:
            trouble = max(room - link, min(trouble, room // 2))
        parts = (
            (self.link_button, self._link_words, room - trouble),
            (self.trouble_button, self._trouble_words, trouble),
        )
        for button, words, width in parts:
            button.setText(metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(0, width - _AROUND)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _on_tick(self) -> None:
        if self._status is not None and self.isVisible():
            self._show_link(self._status)
            self._fit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "_timer"):
            self._show()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().color("bg.window"))
        painter.setPen(theme().color("line.subtle"))
        painter.drawLine(0, 0, self.width(), 0)
