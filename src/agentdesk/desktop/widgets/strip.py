"""A strip above or below content: what happened, what is safe, and buttons for what can be done."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.surface import Surface

__all__ = ["Strip", "StripKind"]

StripKind = Literal["info", "warn", "bad", "ok", "note", "public", "bot", "quiet"]

_LOOKS: dict[StripKind, tuple[str, str, str]] = {
    "info": ("accent.tint", "accent.text", "circle-alert"),
    "warn": ("warn.tint", "warn.text", "triangle-alert"),
    "bad": ("bad.tint", "bad.text", "circle-alert"),
    "ok": ("ok.tint", "ok.text", "check"),
    "note": ("note.tint", "note.text", "lock"),
    "public": ("public.tint", "public.text", "globe"),
    "bot": ("bot.tint", "bot.text", "bot"),
    "quiet": ("bg.sunken", "text.secondary", "clock"),
}
_ICON = 16
_MOST_FOR_BUTTONS = 0.45
"""The share of the width that buttons may take beside the words."""


class Strip(Surface):
    """A coloured line with an icon, words and link buttons. ``pressed(key)`` tells which button was used."""

    pressed = Signal(str)

    def __init__(self, kind: StripKind = "info", parent: QWidget | None = None) -> None:
        super().__init__("accent.tint", "", "card", parent)
        self._kind: StripKind = kind
        self._icon_name = ""
        self._buttons: dict[str, QPushButton] = {}
        self._icon = QLabel(self)
        self._icon.setFixedSize(_ICON, theme().line_height("body"))
        self._title = Label("", "body", weight=600, wrap=True)
        self._text = Label("", "body", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._text)
        self._actions = QWidget(self)
        self._actions_row = QHBoxLayout(self._actions)
        self._actions_row.setContentsMargins(0, 0, 0, 0)
        self._actions_row.addStretch()
        self._grid = QGridLayout(self)
        tight = theme().space(1) + 2
        self._grid.setContentsMargins(theme().space(3), tight, theme().space(2), tight)
        self._grid.setHorizontalSpacing(theme().space(2))
        self._grid.setVerticalSpacing(theme().space(0))
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(self._icon, 0, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addLayout(words, 0, 1)
        self._below = False
        self._actions.hide()
        theme().changed.connect(self._dress)
        self._dress()

    def show_message(
        self, kind: StripKind, title: Msg, text: Msg | None = None, *, icon_name: str = ""
    ) -> None:
        """Say ``title`` (and ``text`` below it) in the look of ``kind``; buttons of before are removed."""
        self._kind, self._icon_name = kind, icon_name
        self._title.set_content(title)
        self._text.set_content(text if text is not None else "")
        self._text.setVisible(text is not None)
        self.clear_buttons()
        self._dress()
        if self.parentWidget() is not None:  # alone it would come up as a window
            self.show()

    def add_button(self, key: str, text: Msg) -> QPushButton:
        """Offer something to do, at the end of the strip."""
        button = LinkButton(text, self)
        button.setObjectName(key)
        button.clicked.connect(self._on_pressed)
        self._actions_row.addWidget(button)
        self._buttons[key] = button
        self._actions.show()
        self._place_actions()
        return button

    def button(self, key: str) -> QPushButton:
        """The button that was added as ``key``."""
        return self._buttons[key]

    def clear_buttons(self) -> None:
        """Take all buttons away."""
        for button in self._buttons.values():
            self._actions_row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = {}
        self._actions.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_actions()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._place_actions()

    def _place_actions(self) -> None:
        """Buttons stand beside the words; below them where they would leave less than half to the words."""
        needed = sum(button.sizeHint().width() for button in self._buttons.values())
        below = needed > self.width() * _MOST_FOR_BUTTONS
        if below != self._below or self._grid.indexOf(self._actions) < 0:
            self._below = below
            self._grid.removeWidget(self._actions)
            self._grid.addWidget(self._actions, int(below), 1 if below else 2)

    def _dress(self) -> None:
        fill, ink, own_icon = _LOOKS[self._kind]
        self.set_look(fill, ink if theme().high_contrast else "")
        self._title.set_color(ink)
        self._text.set_color(ink)
        self._icon.setPixmap(
            icon(self._icon_name or own_icon, ink).pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF())
        )

    def _on_pressed(self) -> None:
        self.pressed.emit(self.sender().objectName())
