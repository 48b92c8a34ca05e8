"""A section with a heading that folds it, as in the customer panel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import paint_icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.mirror import AT_START, mirrored

__all__ = ["Section"]

_CHEVRON = 14
_GAP = 6


class Section(QWidget):
    """A heading with a chevron, an optional count and action, and a body. ``folded(bool)`` tells of each
    change.
    """

    folded = Signal(bool)

    def __init__(self, title: Msg, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._open = True
        self._heading = _Heading(self)
        self._heading.clicked.connect(self.toggle)
        self._count = Label("", "body", "text.muted")
        self._top = QHBoxLayout()
        self._top.setSpacing(theme().space(1) + 2)
        self._top.addWidget(self._heading)
        self._top.addWidget(self._count)
        self._top.addStretch()
        self._body = QWidget(self)
        self._inside = QVBoxLayout(self._body)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(theme().space(1))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().space(1))
        column.addLayout(self._top)
        column.addWidget(self._body)
        theme().changed.connect(self._show)
        self._show()

    @property
    def body(self) -> QVBoxLayout:
        """Where the content goes."""
        return self._inside

    def is_open(self) -> bool:
        """Whether the content is visible."""
        return self._open

    def set_open(self, opened: bool) -> None:
        """Fold or unfold, without telling."""
        self._open = opened
        self._body.setVisible(opened)
        self._show()

    def toggle(self) -> None:
        """Fold or unfold, as a click on the heading does."""
        self.set_open(not self._open)
        self.folded.emit(not self._open)

    def set_count(self, count: int | None) -> None:
        """Show a number after the title; ``None`` hides it."""
        self._count.set_content("" if count is None else str(count))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.LanguageChange, QEvent.Type.LayoutDirectionChange):
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        title = tr(self._title)
        self._heading.show_title(title, opened=self._open)
        spoken = msg("{name}, open", name=title) if self._open else msg("{name}, folded", name=title)
        self._heading.setAccessibleName(tr(spoken))
        self.setAccessibleName(title)


class _Heading(QAbstractButton):
    """A chevron and a title, from the start edge."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._opened = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_title(self, title: str, *, opened: bool) -> None:
        self._opened = opened
        self.setFont(theme().font("body", 500))
        self.setText(title)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width = _CHEVRON + _GAP + QFontMetrics(self.font()).horizontalAdvance(self.text()) + 2
        return QSize(width, max(24, theme().line_height("body")))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        direction, whole = self.layoutDirection(), self.rect()
        hot = self.underMouse() or self.hasFocus()
        role = "text.primary" if hot else "text.secondary"
        top = (self.height() - _CHEVRON) // 2
        box = mirrored(direction, whole, QRect(0, top, _CHEVRON, _CHEVRON))
        paint_icon(painter, box, "chevron-down" if self._opened else "chevron-right", role)
        start = _CHEVRON + _GAP
        room = mirrored(direction, whole, QRect(start, 0, self.width() - start, self.height()))
        painter.setPen(theme().color(role))
        painter.drawText(room, AT_START[direction], self.text())
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme().color("focus.ring"), 2))
            painter.drawRoundedRect(whole.adjusted(1, 1, -1, -1), 4, 4)
