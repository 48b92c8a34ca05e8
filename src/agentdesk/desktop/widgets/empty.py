"""What an empty pane shows: one icon, what is so, what can be done, and at most one button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import Button
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.surface import paint_surface

__all__ = ["Badge", "EmptyState"]

_TEXT_WIDTH = 320
_MARGIN = 16
_BADGE = 40
_GLYPH = 20


class EmptyState(QWidget):
    """A calm message in the middle of a pane. ``pressed`` tells that its button was used."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._badge = Badge("inbox", "ok", self)
        self._title = Label("", "title", wrap=True)
        self._text = Label("", "body", "text.secondary", wrap=True)
        self._button: Button | None = None
        self._said = Msg("")
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().space(2))
        column.addStretch(1)
        column.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(theme().space(1))
        column.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)

    def show_message(
        self,
        icon_name: str,
        title: Msg,
        text: Msg | None = None,
        button: Msg | None = None,
        *,
        kind: str = "ok",
    ) -> None:
        """Show ``title`` and ``text``; ``kind`` (``ok``, ``accent``, ``warn``, ``bad``) colours the icon's
        badge.
        """
        self._badge.set_look(icon_name, kind)
        self._title.set_content(title)
        self._text.set_content(text if text is not None else "")
        self._text.setVisible(text is not None)
        self._set_button(button)
        self._said = title
        self.setAccessibleName(tr(title))

    def add_below(self, widget: QWidget) -> None:
        """Put something more under the button."""
        self._column.insertWidget(self._column.count() - 1, widget, 0, Qt.AlignmentFlag.AlignHCenter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _fit(self) -> None:
        width = max(1, min(_TEXT_WIDTH, self.width() - 2 * _MARGIN))
        self._title.set_column(width)
        self._text.set_column(width)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.setAccessibleName(tr(self._said))
        super().changeEvent(event)

    def _set_button(self, text: Msg | None) -> None:
        if self._button is not None:
            self._button.setVisible(text is not None)
        if text is None:
            return
        if self._button is None:
            self._button = Button(text, "primary", parent=self)
            self._button.clicked.connect(self._on_pressed)
            self._column.insertSpacing(self._column.count() - 1, theme().space(1))
            self.add_below(self._button)
        self._button.set_text(text)

    def _on_pressed(self) -> None:
        self.pressed.emit()


class Badge(QWidget):
    """An icon on a tinted square; ``kind`` colours it."""

    def __init__(self, icon_name: str, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon, self._kind = icon_name, kind
        self.setFixedSize(_BADGE, _BADGE)
        theme().changed.connect(self.update)

    def set_look(self, icon_name: str, kind: str) -> None:
        """Show another icon, in another colour."""
        self._icon, self._kind = icon_name, kind
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_BADGE, _BADGE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_surface(painter, QRectF(self.rect()), f"{self._kind}.tint", "", theme().radius("card"))
        picture = pixmap(self._icon, _GLYPH, f"{self._kind}.text", self.devicePixelRatioF())
        corner = (_BADGE - _GLYPH) // 2
        painter.drawPixmap(corner, corner, picture)
