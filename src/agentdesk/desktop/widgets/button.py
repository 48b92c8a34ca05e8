"""Buttons that know their words in every language: icon buttons with a spoken name, and main buttons with a
menu.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme

__all__ = ["Button", "ButtonKind", "IconButton", "LinkButton", "PrimaryButton", "set_kind"]

ButtonKind = Literal["", "primary", "danger", "note", "ghost", "link"]

_ICON = QSize(16, 16)
_ICON_AND_GAP = QSize(20, 16)
"""The icon, and its distance from the words."""

_ICON_ROLES: dict[str, str] = {
    "primary": "text.onFill",
    "danger": "text.onFill",
    "note": "note.onFill",
    "link": "accent.text",
    "ghost": "text.secondary",
}


def set_kind(widget: QWidget, kind: str) -> None:
    """Give ``widget`` another look of the style sheet, now."""
    if widget.property("kind") != kind:
        widget.setProperty("kind", kind)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Button(QPushButton):
    """A button with a catalogue text; ``kind`` is its look."""

    def __init__(
        self, text: Msg, kind: ButtonKind = "", icon_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._text, self._icon_name = text, icon_name
        self._short = False
        self.setProperty("kind", kind)
        self.setIconSize(_ICON_AND_GAP)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._show()

    def set_text(self, text: Msg) -> None:
        """Show another text."""
        self._text = text
        self._show()

    def set_short(self, short: bool) -> None:
        """Show the icon alone; the text is spoken, and the tooltip."""
        if short != self._short:
            self._short = short
            self.setIconSize(_ICON if short else _ICON_AND_GAP)
            self.setToolTip("")
            self._show()

    def set_look(self, kind: ButtonKind, icon_name: str = "") -> None:
        """Take another look and icon."""
        self._icon_name = icon_name
        if not icon_name:
            self.setIcon(QIcon())
        set_kind(self, kind)
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        words = tr(self._text)
        self.setText("" if self._short else words.replace("&", "&&"))
        self.setAccessibleName(words)
        if self._short:
            self.setToolTip(tip(words))
        if self._icon_name:
            self.setIcon(icon(self._icon_name, _ICON_ROLES.get(self.property("kind"), "text.primary")))


class LinkButton(Button):
    """A button that looks like a link: for actions inside text and strips."""

    def __init__(self, text: Msg, parent: QWidget | None = None) -> None:
        super().__init__(text, "link", parent=parent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)


class IconButton(QToolButton):
    """A button of 28 by 28 pixels that shows only an icon; ``name`` is spoken and is its tooltip."""

    def __init__(
        self, icon_name: str, name: Msg, role: str = "text.secondary", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name, self._key = name, ""
        self.setProperty("kind", "icon")
        self.setIcon(icon(icon_name, role))
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._show()

    def set_icon(self, icon_name: str, role: str = "text.secondary") -> None:
        """Show another icon."""
        self.setIcon(icon(icon_name, role))

    def set_name(self, name: Msg, key: str = "") -> None:
        """Take another spoken name; ``key`` is the shortcut to show beside it."""
        self._name, self._key = name, key
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        name = tr(self._name)
        self.setAccessibleName(name)
        self.setToolTip(tip(f"{name} ({self._key})" if self._key else name))


class PrimaryButton(QWidget):
    """A main button, with a menu at its end where one is given: Send, and the other ways to send."""

    clicked = Signal()

    def __init__(
        self, text: Msg, kind: ButtonKind = "primary", icon_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._main = Button(text, kind, icon_name, self)
        self._more = QPushButton(self)
        self._more.setIconSize(QSize(14, 14))
        self._more.setProperty("half", "more")
        self._more.setFixedWidth(28)
        self._more.setVisible(False)
        self._menu: QMenu | None = None
        self._reason: Msg | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self._main)
        row.addWidget(self._more)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self._main)
        self._main.clicked.connect(self._on_clicked)
        self._more.clicked.connect(self.open_menu)
        self._dress()

    def set_menu(self, menu: QMenu | None) -> None:
        """Offer ``menu`` at the end of the button; ``None`` takes it away."""
        self._menu = menu
        self._more.setVisible(menu is not None)
        self._dress()

    def set_text(self, text: Msg) -> None:
        """Show another text: it says what will happen."""
        self._main.set_text(text)

    def set_look(self, kind: ButtonKind, icon_name: str = "") -> None:
        """Take another look and icon."""
        self._main.set_look(kind, icon_name)
        self._dress()

    def set_possible(self, possible: bool, reason: Msg | None = None) -> None:
        """Enable or disable the button (not its menu); ``reason`` says why it is disabled."""
        self._main.setEnabled(possible)
        self._reason = None if possible else reason
        self._main.setToolTip(tr(self._reason) if self._reason is not None else "")

    def text(self) -> str:
        """The text shown now."""
        return self._main.text()

    def is_possible(self) -> bool:
        """Whether the button can be pressed."""
        return self._main.isEnabled()

    def click(self) -> None:
        """Press it."""
        self._main.click()

    def open_menu(self) -> None:
        """Show the menu above or below the button."""
        if self._menu is not None:
            end = self._more.width() if self.layoutDirection() == Qt.LayoutDirection.LeftToRight else 0
            corner = self._more.mapToGlobal(QPoint(end, -4))
            size = self._menu.sizeHint()
            left = corner.x() - (size.width() if end else 0)
            self._menu.popup(QPoint(left, corner.y() - size.height()))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.LanguageChange, QEvent.Type.LayoutDirectionChange):
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        """Join the two halves: round outside, straight between, whichever side is the start."""
        kind = str(self._main.property("kind"))
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        joined = self._menu is not None
        for button, side in (
            (self._main, "right" if rtl else "left"),
            (self._more, "left" if rtl else "right"),
        ):
            button.setProperty("joint", side if joined else "")
            button.setProperty("kind", kind)
            button.style().unpolish(button)
            button.style().polish(button)
        self._more.setIcon(icon("chevron-down", _ICON_ROLES.get(kind, "text.primary")))
        self._main.setToolTip(tr(self._reason) if self._reason is not None else "")
        self._more.setAccessibleName(tr(msg("More ways to do this")))
        self.setMinimumHeight(theme().size("button"))

    def _on_clicked(self) -> None:
        self.clicked.emit()
