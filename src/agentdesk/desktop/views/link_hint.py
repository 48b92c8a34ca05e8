"""Where the link below the pointer leads, at the lower edge of the transcript, as browsers show it."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QStyle, QWidget

from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.surface import Surface

__all__ = ["LinkHint"]

_PAD = 8
_HEIGHT = 22


class LinkHint(Surface):
    """Lies over the start corner at the bottom of its parent."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("bg.raised", "line.subtle", "tag", parent)
        self._words = ElidedLabel("", "caption", "text.secondary", middle=True, parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(_PAD, 0, _PAD, 0)
        row.addWidget(self._words)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def text(self) -> str:
        """The address shown."""
        return self._words.text() if self.isVisible() else ""

    def show_address(self, address: str) -> None:
        """Show ``address``; an empty one takes the hint away."""
        parent = self.parentWidget()
        if not address or parent is None:
            self.hide()
            return
        self._words.set_content(address)
        wanted = QFontMetrics(theme().font("caption")).horizontalAdvance(address) + 2 * _PAD + 6
        width = min(wanted, parent.width() - 2 * _PAD)
        spot = QRect(0, parent.height() - _HEIGHT, width, _HEIGHT)
        self.setGeometry(QStyle.visualRect(self.layoutDirection(), parent.rect(), spot))
        self.raise_()
        self.show()
