"""Text on screen that follows language and theme: always plain text, so that nothing in it is ever
interpreted.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QStyle, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme

__all__ = ["Label"]


class Label(QLabel):
    """Shows a catalogue text (``Msg``) or somebody's words (``str``), in a type and a colour role."""

    def __init__(
        self,
        content: Msg | str = "",
        role: str = "body",
        color: str = "text.primary",
        *,
        weight: int | None = None,
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._content, self._role, self._color, self._weight = content, role, color, weight
        self._column = 0
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        theme().changed.connect(self._dress)
        self._align()
        self._dress()
        self._show()

    def set_content(self, content: Msg | str) -> None:
        """Show another text."""
        self._content = content
        self._show()

    def set_column(self, width: int) -> None:
        """Be ``width`` pixels wide, wrap, and be as high as the text then needs."""
        self.setWordWrap(True)
        self.setFixedWidth(width)
        self._column = width
        self._fit()

    def set_color(self, color: str) -> None:
        """Show the text in another colour role."""
        self._color = color
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._dress()
            self._show()
        elif event.type() == QEvent.Type.LayoutDirectionChange:
            self._align()
        super().changeEvent(event)

    def _show(self) -> None:
        self.setText(tr(self._content) if isinstance(self._content, Msg) else self._content)
        self._fit()

    def _align(self) -> None:
        """Stand at the start edge of the window, not at that of the direction of the text."""
        if not self.alignment() & Qt.AlignmentFlag.AlignHCenter:
            start = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
            vertical = self.alignment() & Qt.AlignmentFlag.AlignVertical_Mask
            self.setAlignment(start | vertical | Qt.AlignmentFlag.AlignAbsolute)

    def _fit(self) -> None:
        if self._column:
            self.setFixedHeight(max(0, self.heightForWidth(self._column)))

    def _dress(self) -> None:
        self.setFont(theme().font(self._role, self._weight))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme().color(self._color))
        self.setPalette(palette)
        self._fit()
