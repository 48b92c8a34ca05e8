"""The rows of the queue as a widget: one column, rows of one height, letters left to the shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QToolButton, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.locale import tr

__all__ = ["HeldBar", "QueueList"]


class QueueList(QTableView):
    """One column of rows. Letters are commands here, never a search by typing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)  # the pane paints behind the rows
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def keyboardSearch(self, search: str) -> None:
        """Letters are shortcuts in the queue."""

    def set_row_height(self, height: int) -> None:
        """Give every row ``height`` pixels."""
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)


class HeldBar(QToolButton):
    """Says what waits to be shown while the rows stand still under the pointer; a click shows it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "held")
        self.setFixedHeight(28)
        self.hide()

    def tell(self, shown: Sequence[UUID], waiting: Sequence[UUID]) -> None:
        """Count what is new and what has moved."""
        known = set(shown)
        new = sum(1 for one in waiting if one not in known)
        pairs = zip(waiting, shown, strict=False)
        moved = sum(1 for one, other in pairs if one != other and one in known)
        self.setText(f"{tr(msg('{new} new, {moved} moved', new=new, moved=moved))}  (.)")
        self.show()
