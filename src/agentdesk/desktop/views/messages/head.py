"""The head of a message card: who wrote, to whom, about what, when."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.locale import isolate_ltr, time_text, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.avatar import Avatar
from agentdesk.desktop.widgets.button import IconButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.party import Party
from agentdesk.domain.subjects import bare_subject
from agentdesk.domain.templates import first_name
from agentdesk.queries.rows import MessageRow

__all__ = ["CardHead"]


class CardHead(QWidget):
    """``more_pressed`` asks for the menu of the message."""

    more_pressed = Signal()

    def __init__(self, row: MessageRow, *, channel: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        note = row.kind == "note"
        behind = "note.tint" if note else "bubble.out" if row.direction == "out" else "bg.canvas"
        self._note = note
        self._kept_icon = "lock" if row.whispered_to is None else "message-circle"
        self._channel = "" if note or row.direction == "out" else channel
        self._avatar = Avatar(20 if note else 28, behind=behind, parent=self)
        self._name = ElidedLabel("", "body", weight=600, parent=self)
        self._address = ElidedLabel("", "body" if not note else "small", "text.muted", parent=self)
        self._second = ElidedLabel("", "small", "text.muted", parent=self)
        self._time = Label("", "small", "note.text" if note else "text.muted", parent=self)
        self._lock = QLabel(self)
        self._lock.setVisible(note)
        self._more = IconButton("ellipsis", msg("More for this message"), parent=self)
        keep = self._more.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._more.setSizePolicy(keep)
        self._more.clicked.connect(self.more_pressed)
        self._more.hide()
        self._arrange()
        theme().changed.connect(self._dress)
        self._dress()

    def show_row(self, row: MessageRow, *, subject: str) -> None:
        """Show the message's head; ``subject`` is the conversation's, to say where this one differs."""
        known = row.author_name or (row.sender.name if row.sender else "")
        who = known or tr(msg("Unknown sender"))
        self._avatar.set_person(known, row.author_id or row.id, channel=self._channel or None)
        self._name.set_content(who)
        self._time.set_content(time_text(row.created_at))
        if self._note:
            self._address.set_color("note.text")
            self._address.set_content(_kept(row))
            self._second.hide()
            return
        if row.post is not None:  # who can read it stands in the band above
            self._address.set_content(_readable(row.sender))
            self._second.hide()
            return
        chat = row.sender is not None and row.sender.kind == CHANNEL  # between two, who have no addresses
        theirs = row.sender is not None and row.direction == "in" and not chat
        self._address.set_content(isolate_ltr(row.sender.value) if theirs and row.sender else "")
        self._address.setVisible(theirs)
        self._second.set_content("" if chat else _addressed(row, subject))
        self._second.setVisible(not chat)

    def set_hovered(self, hovered: bool) -> None:
        """Show or hide the button for more."""
        self._more.setVisible(hovered)

    def more_button(self) -> IconButton:
        """The button that asks for the menu."""
        return self._more

    def _arrange(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(theme().space(1) + 2)
        first.addWidget(self._name)
        first.addWidget(self._lock)
        first.addWidget(self._address, 1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(first)
        words.addWidget(self._second)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(2))
        row.addWidget(self._avatar, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(words, 1)
        row.addWidget(self._more)
        row.addWidget(self._time, 0, Qt.AlignmentFlag.AlignVCenter)

    def _dress(self) -> None:
        self._lock.setPixmap(pixmap(self._kept_icon, 14, "note.text", self.devicePixelRatioF()))


def _readable(party: Party | None) -> str:
    """Somebody's address on a network; many networks know people by numbers only."""
    return isolate_ltr(party.value) if party is not None and "@" in party.value else ""


def _kept(row: MessageRow) -> Msg:
    """Who sees what stays in the team."""
    whom = row.whispered_to
    if whom is None:
        return msg("Internal note, only your team sees this")
    name = first_name(whom.name) or whom.name
    return msg("Whisper to {name}, only your team sees this", name=name)


def _addressed(row: MessageRow, subject: str) -> Msg:
    to = _people(row.to)
    other = row.subject if row.subject and bare_subject(row.subject) != bare_subject(subject) else ""
    parts = [msg("to {people}", people=to) if to else None]
    parts.append(msg("cc {people}", people=_people(row.cc)) if row.cc else None)
    parts.append(msg("bcc {people}", people=_people(row.bcc)) if row.bcc else None)
    parts.append(msg("{subject}", subject=other) if other else None)
    said = [part for part in parts if part is not None]
    whole = said[0] if said else msg("to nobody")
    for part in said[1:]:
        whole = msg("{first} · {then}", first=whole, then=part)
    return whole


def _people(parties: Sequence[Party]) -> str:
    return ", ".join(isolate_ltr(party.value) for party in parties)
