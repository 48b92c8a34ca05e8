"""Lines of the customer panel: an address with its state, a past conversation."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import date_text, isolate_ltr, number_text, q_locale, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.post_band import can_open
from agentdesk.desktop.views.messages.words import catalogue_text
from agentdesk.desktop.views.view_names import channel_name
from agentdesk.desktop.widgets.avatar import ChannelTile
from agentdesk.desktop.widgets.button import IconButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.chat import CHANNEL
from agentdesk.queries.rows import IdentityRow, PastConversation

__all__ = ["IdentityLine", "PastLine", "local_time"]

_TILE = 18
_CHANNELS = {"email": msg("Email"), "phone": msg("Phone"), "chat": msg("Live chat")}


def local_time(zone: str, now: datetime) -> str:
    """Return the clock time in the time zone ``zone`` (``Europe/Madrid``); empty where that is none."""
    try:
        there = now.astimezone(ZoneInfo(zone)) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    if there is None:
        return ""
    from PySide6.QtCore import QLocale, QTime

    return q_locale().toString(QTime(there.hour, there.minute), QLocale.FormatType.ShortFormat)


class IdentityLine(QWidget):
    """An address the customer is known by: proved to be theirs, or not working; on a network with the way to
    their page and how many follow them. ``open_wanted(address)`` wants that page."""

    open_wanted = Signal(str)

    def __init__(self, row: IdentityRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        is_visitor = row.kind == CHANNEL and row.display in ("", row.value)
        shown = tr(msg("Visitor")) if is_visitor else isolate_ltr(row.display or row.value)
        name = tr(_CHANNELS.get(row.kind) or channel_name(row.kind))
        tile = ChannelTile(row.kind, name, _TILE, parent=self)
        address = ElidedLabel(shown, "body", middle=True, parent=self)
        row_layout = QHBoxLayout()
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.setSpacing(theme().space(2))
        row_layout.addWidget(tile)
        row_layout.addWidget(address, 1)
        self.link: IconButton | None = None
        self._url = str((row.profile or {}).get("url") or "")
        if can_open(self._url):
            self.link = IconButton(
                "external-link", msg("Open their page on {network}", network=name), parent=self
            )
            self.link.clicked.connect(self._on_open)
            row_layout.addWidget(self.link)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(0)
        column.addLayout(row_layout)
        if row.bouncing is not None:
            address.set_color("bad.text")
            row_layout.addWidget(
                _mark("circle-alert", "bad.text", msg("Mail to this address comes back"), self)
            )
            reason = catalogue_text(row.bouncing) or msg("Mail to this address comes back.")
            line = Label(reason, "caption", "bad.text", wrap=True, parent=self)
            line.setContentsMargins(_TILE + theme().space(2), 0, 0, 0)
            column.addWidget(line)
        elif row.verified:
            row_layout.addWidget(_mark("badge-check", "ok.text", msg("Proved to be theirs"), self))
        else:
            row_layout.addWidget(Label(msg("linked"), "caption", "text.muted", parent=self))
        said = _said_of(row)
        if said is not None:
            line = Label(said, "caption", "text.muted", wrap=True, parent=self)
            line.setContentsMargins(_TILE + theme().space(2), 0, 0, 0)
            column.addWidget(line)

    def _on_open(self) -> None:
        self.open_wanted.emit(self._url)


class PastLine(QWidget):
    """A conversation of before; ``pressed(id)`` opens it."""

    pressed = Signal(object)

    def __init__(self, row: PastConversation, now: datetime, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._id = row.id
        chat = row.channel == CHANNEL
        subject = row.subject or tr(_CHANNELS[CHANNEL] if chat else msg("No subject"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(subject)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 2, 0, 2)
        line.setSpacing(theme().space(2))
        line.addWidget(
            ChannelTile(row.channel, tr(_CHANNELS.get(row.channel, msg("Other"))), _TILE, parent=self)
        )
        line.addWidget(ElidedLabel(subject, "body", parent=self), 1)
        if row.status == "open":
            line.addWidget(Label(msg("open"), "caption", "accent.text", parent=self))
        line.addWidget(Label(date_text(row.last_message_at, now), "caption", "text.muted", parent=self))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.pressed.emit(self._id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit(self._id)
        else:
            super().keyPressEvent(event)


def _said_of(row: IdentityRow) -> Msg | None:
    """What a network says of somebody: who follows them, and whether it vouches for who they are."""
    profile = row.profile or {}
    count = profile.get("followers")
    followers = None
    if isinstance(count, int) and count > 0:
        followers = plural("{number} follower", "{number} followers", count, number=number_text(count))
    if not profile.get("verified"):
        return followers
    if followers is None:
        return msg("Verified by the network")
    return msg("{followers}, verified by the network", followers=followers)


def _mark(name: str, role: str, words: Msg, parent: QWidget) -> QLabel:
    mark = QLabel(parent)
    mark.setPixmap(icon(name, role).pixmap(QSize(16, 16), parent.devicePixelRatioF()))
    mark.setToolTip(tr(words))
    mark.setAccessibleName(tr(words))
    return mark
