"""A strip above or below content: what happened, what is safe, and buttons for what can be done."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

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
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(
            theme().space(3), theme().space(1) + 2, theme().space(2), theme().space(1) + 2
        )
        self._row.setSpacing(theme().space(2))
        self._row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addLayout(words, 1)
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
        self._row.addWidget(button)
        self._buttons[key] = button
        return button

    def button(self, key: str) -> QPushButton:
        """The button that was added as ``key``."""
        return self._buttons[key]

    def clear_buttons(self) -> None:
        """Take all buttons away."""
        for button in self._buttons.values():
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = {}

    def _dress(self) -> None:
        fill, ink, own_icon = _LOOKS[self._kind]
        self.set_look(fill)
        self._title.set_color(ink)
        self._text.set_color(ink)
        self._icon.setPixmap(
            icon(self._icon_name or own_icon, ink).pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF())
        )

    def _on_pressed(self) -> None:
        self.pressed.emit(self.sender().objectName())
