"""The widgets of a transcript: which one shows which entry, and the column they stand in."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.card import CardLook, CardTools, MessageCard
from agentdesk.desktop.views.messages.folded import FoldedCard
from agentdesk.desktop.views.messages.lines import DayLine, EventGroup, EventLine, NewLine
from agentdesk.desktop.views.transcript_plan import Day, Events, Item, Mail, New

__all__ = ["EntryColumn", "build_entry"]


class EntryColumn(QWidget):
    """Holds the entries; ``grown`` says that one of them wants another height."""

    grown = Signal()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.grown.emit()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.canvas"))


def build_entry(item: Item, parent: QWidget, tools: CardTools, look: CardLook, now: datetime) -> QWidget:
    """Return a new widget for ``item``."""
    match item:
        case Day(moment=moment):
            return DayLine(moment, now, parent)
        case New():
            return NewLine(parent)
        case Events(rows=(row,)):
            return EventLine(row, parent)
        case Events(rows=rows):
            return EventGroup(rows, parent)
        case Mail(row=mail, folded=True):
            return FoldedCard(mail, parent)
        case Mail(row=mail):
            return MessageCard(mail, look, tools, parent)
    raise AssertionError(item)
