"""The line below a message of ours: how far it has come, and what can be done where it did not."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.away import Away
from agentdesk.desktop.views.messages.words import delivery_words
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.queries.rows import MessageRow

__all__ = ["DeliveryLine"]

_LABELS: dict[str, Msg] = {
    "now": msg("Try now"),
    "retry": msg("Try again"),
    "edit": msg("Edit"),
    "check": msg("Check now"),
    "arrived": msg("It arrived"),
    "again": msg("Send again"),
}
_ICON = 14
_GAP = 5
_TOP = 3


class DeliveryLine(QWidget):
    """Stands at the end side. ``asked(key)`` tells what the person wants done: now, retry, edit, check,
    arrived or again."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = ""
        self._icon_name, self._role = "", "text.muted"
        self._icon = QLabel(self)
        self._words = Label("", "small", "text.muted", wrap=True, parent=self)
        self._buttons: dict[str, LinkButton] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme().changed.connect(self._dress)

    def show_row(self, row: MessageRow, away: Away | None = None) -> None:
        """Show the state of ``row``; the line hides where there is none."""
        words = delivery_words(row, away)
        self.setVisible(words is not None)
        if words is None:
            return
        self._icon_name, self._role = words.icon, words.role
        self._words.set_content(words.text)
        self._words.set_color(words.role)
        self._words.setToolTip(tip(str((row.delivery_detail or {}).get("words") or "")))
        for key in (*self._buttons, *words.actions):
            self._button(key).setVisible(key in words.actions)
        self._tell(row.delivery, words.text, assertive=row.delivery == "failed")
        self._dress()
        self.updateGeometry()
        self._arrange(self.width(), move=True)

    def button(self, key: str) -> LinkButton:
        """The button of an action."""
        return self._buttons[key]

    def text(self) -> str:
        """The words shown now."""
        return self._words.text()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(width, move=False)

    def sizeHint(self) -> QSize:
        width = max(self.width(), 200)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, theme().line_height("small") + _TOP)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(self.width(), move=True)

    def _arrange(self, width: int, *, move: bool) -> int:
        """Put words and buttons on one line where they fit, else the buttons below; returns the height."""
        shown = [self._buttons[key] for key in _LABELS if key in self._buttons]
        shown = [button for button in shown if not button.isHidden()]
        sizes = [button.sizeHint() for button in shown]
        taken = sum(size.width() + _GAP for size in sizes)
        natural = QFontMetrics(self._words.font()).horizontalAdvance(self._words.text()) + 2
        lead = _ICON + _GAP
        together = lead + natural + taken <= width
        room = natural if together else max(60, min(natural, width - lead))
        height = max(theme().line_height("small"), self._words.heightForWidth(room))
        lines = [shown] if together else _lines(shown, width)
        deep = max((size.height() for size in sizes), default=0) + 2
        if move:
            self._place(width, room, height, lines, deep, together=together)
        return _TOP + height + (0 if together else len(lines) * deep) + 2

    def _place(
        self, width: int, room: int, height: int, lines: list[list[LinkButton]], deep: int, *, together: bool
    ) -> None:
        line, x = theme().line_height("small"), width
        for at, buttons in enumerate(lines):
            x = width
            for button in reversed(buttons):
                size = button.sizeHint()
                x -= size.width()
                y = _TOP + (line - size.height()) // 2 if together else _TOP + height + 2 + at * deep
                self._put(button, QRect(x, y, size.width(), size.height()))
                x -= _GAP
        end = x if together else width
        self._put(self._words, QRect(end - room, _TOP, room, height))
        self._put(self._icon, QRect(end - room - _GAP - _ICON, _TOP, _ICON, line))

    def _put(self, widget: QWidget, rect: QRect) -> None:
        widget.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), rect))

    def _button(self, key: str) -> LinkButton:
        """The button of an action; most messages never need one."""
        if key in self._buttons:
            return self._buttons[key]
        button = self._buttons[key] = LinkButton(_LABELS[key], self)
        button.setObjectName(key)
        button.clicked.connect(self._on_clicked)
        button.hide()
        return button

    def _tell(self, state: str, text: Msg, *, assertive: bool) -> None:
        changed = bool(self._state) and self._state != state
        self._state = state
        if changed:
            announce(self, tr(text), assertive=assertive)

    def _dress(self) -> None:
        if self._icon_name:
            picture = icon(self._icon_name, self._role).pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF())
            self._icon.setPixmap(picture)

    def _on_clicked(self) -> None:
        self.asked.emit(self.sender().objectName())


def _lines(buttons: list[LinkButton], width: int) -> list[list[LinkButton]]:
    """Which buttons stand on one line each time, where all of them together are wider than ``width``."""
    lines: list[list[LinkButton]] = []
    left = 0
    for button in buttons:
        wide = button.sizeHint().width() + _GAP
        if not lines or wide > left + _GAP:
            lines.append([])
            left = width
        lines[-1].append(button)
        left -= wide
    return lines
