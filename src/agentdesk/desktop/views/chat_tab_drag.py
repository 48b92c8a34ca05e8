"""Dragging the tab of a chat onto the conversations, to show it beside them."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QApplication, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.views.dragging import Dragging

__all__ = ["TabDrag"]


class TabDrag(Dragging):
    """``dropped(id, point)``: a tab was let go over the conversations, at a point of the screen."""

    dropped = Signal(object, object)

    def __init__(self, tabs: QWidget) -> None:
        super().__init__(tabs)
        self._tabs = tabs
        self._onto: QWidget | None = None
        self._chat: UUID | None = None
        self._from = QPoint()

    def allow_onto(self, target: QWidget) -> None:
        """Tabs can be let go over ``target``."""
        self._onto = target

    def press(self, chat: UUID, point: QPoint) -> None:
        """The mouse was pressed on the tab of ``chat``: it may be the beginning."""
        self._chat, self._from = chat, point

    def move(self, point: QPoint) -> bool:
        """The mouse has moved while pressed; returns whether a tab is being dragged."""
        if self._chat is None or self._onto is None:
            return False
        if not self.is_on:
            if (point - self._from).manhattanLength() < QApplication.startDragDistance():
                return False
            self._begin()
        words = msg("Show it beside the others") if self._is_over(point) else None
        self._say(words, self._tabs.window().mapFromGlobal(point))
        return True

    def release(self, point: QPoint) -> bool:
        """The mouse was let go; returns whether a tab was being dragged."""
        chat, was_on = self._chat, self.is_on
        self.cancel()
        if was_on and chat is not None and self._is_over(point):
            self.dropped.emit(chat, point)
        return was_on

    def cancel(self) -> None:
        """End it without anything."""
        self._chat = None
        super().cancel()

    def _is_over(self, point: QPoint) -> bool:
        onto = self._onto
        return onto is not None and onto.isVisible() and onto.rect().contains(onto.mapFromGlobal(point))
