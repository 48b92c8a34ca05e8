"""What the window shows when nothing else can be shown: one sentence, what to do, and a button for it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.empty import EmptyState

__all__ = ["TroublePage"]


class TroublePage(QWidget):
    """``retry`` asks to try it again (offered where ``can_retry``), ``close_wanted`` to close the window;
    ``other_wanted`` to go another way, which ``other`` names."""

    retry = Signal()
    other_wanted = Signal()
    close_wanted = Signal()

    def __init__(
        self,
        title: Msg,
        text: Msg | None,
        *,
        can_retry: bool,
        icon_name: str = "circle-alert",
        other: Msg | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._can_retry = can_retry
        self._words = EmptyState(self)
        button = msg("Try again") if can_retry else msg("Close")
        self._words.show_message(icon_name, title, text, button, kind="warn")
        self._words.pressed.connect(self._on_pressed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._words, 1)
        if other is not None:
            away = LinkButton(other, self)
            away.clicked.connect(self.other_wanted)
            self._words.add_below(away)
        if can_retry:
            close = LinkButton(msg("Close"), self)
            close.clicked.connect(self.close_wanted)
            self._words.add_below(close)

    def _on_pressed(self) -> None:
        (self.retry if self._can_retry else self.close_wanted).emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.canvas"))
