"""A line of text that is cut with an ellipsis where the place is short."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.locale import first_strong_direction, tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.mirror import AT_START

__all__ = ["ElidedLabel"]

_NEVER_NARROWER_THAN = "MMMM…"


class ElidedLabel(QWidget):
    """Shows one line; what does not fit is cut at its logical end (``middle``: inside, for file names).

    The full text is the tooltip while it is cut, and always the accessible name.
    """

    def __init__(
        self,
        content: Msg | str = "",
        role: str = "body",
        color: str = "text.primary",
        *,
        weight: int | None = None,
        middle: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._content, self._role, self._color, self._weight = content, role, color, weight
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._dress)
        self._dress()
        self._show()

    def set_content(self, content: Msg | str) -> None:
        """Show another text."""
        self._content = content
        self._show()

    def set_color(self, color: str) -> None:
        """Show the text in another colour role."""
        self._color = color
        self.update()

    def text(self) -> str:
        """The full text."""
        return self._text

    def is_cut(self) -> bool:
        """Whether a part of the text is hidden now."""
        return QFontMetrics(self.font()).horizontalAdvance(self._text) > self.width()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._text) + 1, theme().line_height(self._role))

    def minimumSizeHint(self) -> QSize:
        hint = self.sizeHint()
        shortest = QFontMetrics(self.font()).horizontalAdvance(_NEVER_NARROWER_THAN)
        return QSize(min(hint.width(), shortest), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme().color(self._color if self.isEnabled() else "text.disabled"))
        shown = QFontMetrics(self.font()).elidedText(self._text, self._mode, self.width())
        painter.setLayoutDirection(first_strong_direction(self._text))
        painter.drawText(self.rect(), AT_START[self.layoutDirection()], shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setToolTip(tip(self._text) if self.is_cut() else "")

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._dress()
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        text = tr(self._content) if isinstance(self._content, Msg) else self._content
        self._text = " ".join(text.split())
        self.setAccessibleName(self._text)
        self.setToolTip(tip(self._text) if self.is_cut() else "")
        self.updateGeometry()
        self.update()

    def _dress(self) -> None:
        self.setFont(theme().font(self._role, self._weight))
        self.updateGeometry()
        self.update()
