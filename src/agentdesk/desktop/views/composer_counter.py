"""How much room a text has left, as a ring and in words."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import number_text, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.ring import CountdownRing

__all__ = ["TextCounter"]

_SHOWN_FROM = 0.8
"""The share of a long limit from which on it is shown; a short one is shown always."""
_SHORT = 1_000
_FEW = 20


class TextCounter(QWidget):
    """Quiet, amber where little is left, red where it is too much; a screen reader is told of both once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ring = CountdownRing(16, self)
        self.words = Label("", "small", "text.muted", parent=self)
        self._state = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(1))
        row.addWidget(self._ring)
        row.addWidget(self.words)
        self.hide()

    def show_length(self, length: int, most: int | None) -> None:
        """Show what is left of ``most``; nothing where that is None, or far away."""
        shown = most is not None and (most <= _SHORT or length >= most * _SHOWN_FROM)
        self.setVisible(shown)
        if most is None or not shown:
            self._state = ""
            return
        left = most - length
        state, role, mark = _state_of(left, most)
        self._ring.set_share(length / most if most else 1.0, mark)
        self.words.set_color(role)
        self.words.set_content(_words_of(left))
        spoken = tr(_words_of(left))
        self.setAccessibleName(spoken)
        if state != self._state and state and self.window().isActiveWindow():
            announce(self, spoken)
        self._state = state


def _words_of(left: int) -> Msg:
    if left < 0:
        return msg("{number} too many", number=number_text(-left))
    return msg("{number} left", number=number_text(left))


def _state_of(left: int, most: int) -> tuple[str, str, str]:
    """How it stands, with the colours of words and ring."""
    if left < 0:
        return "over", "bad.text", "bad.fill"
    if left <= min(_FEW, most // 10):
        return "few", "warn.text", "warn.mark"
    return "", "text.muted", "accent.mark"
