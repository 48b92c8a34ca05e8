"""The widgets of a transcript: which one shows which entry, and the column they stand in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from PySide6.QtCore import QEvent, Signal, SignalInstance
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.card import CardLook, CardTools, MessageCard
from agentdesk.desktop.views.messages.folded import FoldedCard
from agentdesk.desktop.views.messages.lines import DayLine, EventGroup, MergedLine, NewLine, event_line
from agentdesk.desktop.views.transcript_plan import Day, Events, Item, Mail, New
from agentdesk.domain.authority import Permission

__all__ = ["EntryColumn", "Heard", "build_entry", "connect_entry"]


class EntryColumn(QWidget):
    """Holds the entries; ``grown`` says that one of them wants another height."""

    grown = Signal()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.grown.emit()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.canvas"))


class Heard(Protocol):
    """What entries are connected to: the signals of the transcript that tell of theirs."""

    @property
    def asked(self) -> SignalInstance: ...

    @property
    def file_asked(self) -> SignalInstance: ...

    @property
    def menu_asked(self) -> SignalInstance: ...

    @property
    def link_hovered(self) -> SignalInstance: ...

    def unfold(self, message_id: UUID) -> None: ...


def connect_entry(entry: QWidget, transcript: Heard) -> None:
    """Let the transcript tell of what is done in ``entry``."""
    if isinstance(entry, FoldedCard):
        entry.unfold_wanted.connect(transcript.unfold)
        entry.menu_asked.connect(transcript.menu_asked)
    elif isinstance(entry, MessageCard):
        entry.asked.connect(transcript.asked)
        entry.file_asked.connect(transcript.file_asked)
        entry.menu_asked.connect(transcript.menu_asked)
        entry.link_hovered.connect(transcript.link_hovered)
    elif isinstance(entry, EventGroup | MergedLine):
        entry.asked.connect(transcript.asked)


def build_entry(item: Item, parent: QWidget, tools: CardTools, look: CardLook, now: datetime) -> QWidget:
    """Return a new widget for ``item``."""
    merged = look.merged if tools.may(Permission.MERGE) else ()
    match item:
        case Day(moment=moment):
            return DayLine(moment, now, parent)
        case New():
            return NewLine(parent)
        case Events(rows=(row,)):
            return event_line(row, merged, parent)
        case Events(rows=rows):
            return EventGroup(rows, merged, parent)
        case Mail(row=mail, folded=True):
            return FoldedCard(mail, parent)
        case Mail(row=mail):
            return MessageCard(mail, look, tools, parent)
    raise AssertionError(item)
