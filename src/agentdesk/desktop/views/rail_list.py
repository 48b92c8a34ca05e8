"""The list in the rail: a menu opens on an entry by mouse and by key."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QWidget

from agentdesk.desktop.models.rail import ENTRY_ROLE

__all__ = ["RailList"]


class RailList(QListView):
    """``menu_wanted(Entry, QPoint)``: a menu is wanted on an entry, at a place of the screen."""

    menu_wanted = Signal(object, QPoint)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setAutoFillBackground(False)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By key, it is about the current entry and opens there."""
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            index, place = self.indexAt(event.pos()), event.globalPos()
        else:
            index = self.currentIndex()
            place = self.viewport().mapToGlobal(self.visualRect(index).center())
        entry = index.data(ENTRY_ROLE) if index.isValid() else None
        if entry is not None and entry.view is not None:
            self.menu_wanted.emit(entry, place)
        event.accept()
