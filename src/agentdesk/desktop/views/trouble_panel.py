"""What is wrong at present, above the status bar: since when, what helps, and what can be done here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.floating import SHADOW, Popover
from agentdesk.desktop.widgets.strip import Strip, StripKind

__all__ = ["Trouble", "TroublePanel"]

_WIDTH = 420


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble: what happened, what is safe or helps, and buttons by key."""

    key: str
    kind: StripKind
    title: Msg
    text: Msg | None = None
    buttons: tuple[tuple[str, Msg], ...] = ()


class TroublePanel(Popover):
    """``pressed(trouble, button)`` names what was used, by their keys."""

    pressed = Signal(str, str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._strips: list[Strip] = []
        self._troubles: tuple[Trouble, ...] = ()
        self._column = QVBoxLayout(self)
        margin = SHADOW + theme().space(2)
        self._column.setContentsMargins(margin, margin, margin, margin)
        self._column.setSpacing(theme().space(2))
        self.setFixedWidth(_WIDTH + 2 * SHADOW)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr(msg("Troubles")))

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What it tells of."""
        return self._troubles

    def strip(self, key: str) -> Strip:
        """Return the part that tells of one trouble."""
        return next(strip for strip in self._strips if strip.objectName() == key)

    def show_troubles(self, troubles: Sequence[Trouble]) -> None:
        """Tell of ``troubles``; none of them closes it."""
        if tuple(troubles) == self._troubles:
            return
        self._troubles = tuple(troubles)
        for strip in self._strips:
            self._column.removeWidget(strip)
            strip.hide()
            strip.deleteLater()
        self._strips = [self._made(trouble) for trouble in troubles]
        if self.isVisible():
            self.place()
        if not troubles:
            self.dismiss()

    def open_at(self, anchor: QWidget) -> None:
        """Open at ``anchor`` and take the focus."""
        self.appear(anchor, self)

    def fit(self) -> None:
        """Be as high as the strips need."""
        self._column.activate()
        height = self.heightForWidth(self.width()) if self.hasHeightForWidth() else self.sizeHint().height()
        self.resize(self.width(), height)

    def _made(self, trouble: Trouble) -> Strip:
        strip = Strip(parent=self)
        strip.setObjectName(trouble.key)
        strip.show_message(trouble.kind, trouble.title, trouble.text)
        for key, words in trouble.buttons:
            strip.add_button(key, words)
        strip.pressed.connect(self._on_pressed)
        self._column.addWidget(strip)
        return strip

    def _on_pressed(self, button: str) -> None:
        key = self.sender().objectName()
        self.dismiss()
        self.pressed.emit(key, button)
