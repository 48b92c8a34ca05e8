"""Where a part of the window will be: plain ground until the part is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agentdesk.desktop.theme import theme

__all__ = ["Place"]


class Place(QWidget):
    """Ground in the colour of ``role``; takes the part's place in sizes, in the order of panes and for the
    focus."""

    def __init__(self, role: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._role = role
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)

    def fill(self, part: QWidget) -> None:
        """Show ``part``, which was made in here: to move it would make Qt style all that is in it anew."""
        self._layout.addWidget(part)
        self._put_in_order(part)
        if part.focusProxy() is not None:
            self.setFocusProxy(part)
        part.show()

    def _put_in_order(self, part: QWidget) -> None:
        """Let Tab come to ``part`` where the place stands; what is made last would be met last."""
        stops = [one for one in _ring(part, QWidget.nextInFocusChain) if part.isAncestorOf(one)]
        before = next(iter(_ring(self, QWidget.previousInFocusChain)), None)
        if before is not None:
            for one, following in pairwise((before, *stops)):
                QWidget.setTabOrder(one, following)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color(self._role))


def _ring(start: QWidget, following: Callable[[QWidget], QWidget | None]) -> Iterator[QWidget]:
    """The widgets that Tab stops at, from ``start`` round the window."""
    widget = following(start)
    while widget is not None and widget is not start:
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            yield widget
        widget = following(widget)
