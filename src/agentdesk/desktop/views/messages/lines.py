"""The thin entries of a transcript: days, the line of what is new, events, and folded events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.locale import day_text, time_text, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.words import changes_words, event_icon, event_words
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.queries.rows import EventRow

__all__ = ["DayLine", "EventGroup", "EventLine", "MergedLine", "NewLine", "event_line"]

_GAP = 12
_ICON = 14


class _CenteredLine(QWidget):
    """Words in the middle; ``_role`` colours them, ``_line_role`` the rules at their sides."""

    _type = "small"
    _role = "text.muted"
    _line_role = ""
    _icon = ""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._dress)
        self._dress()

    def words(self) -> str:
        """What the line says, in the language of the window."""
        raise NotImplementedError

    def text(self) -> str:
        """The text shown now."""
        return self._text

    def sizeHint(self) -> QSize:
        return QSize(120, theme().line_height(self._type) + 4)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._refresh()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = QFontMetrics(self.font())
        extra = _ICON + 6 if self._icon else 0
        shown = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, self.width() - extra - 16)
        taken = metrics.horizontalAdvance(shown) + extra
        start = (self.width() - taken) // 2
        middle = self.height() // 2
        if self._line_role:
            painter.setPen(theme().color(self._line_role))
            painter.drawLine(0, middle, start - _GAP, middle)
            painter.drawLine(start + taken + _GAP, middle, self.width(), middle)
        box = QRect(start, 0, taken, self.height())
        if self._icon:
            spot = QStyle.visualRect(
                self.layoutDirection(), box, QRect(start, middle - _ICON // 2, _ICON, _ICON)
            )
            painter.drawPixmap(
                spot.topLeft(), pixmap(self._icon, _ICON, self._role, self.devicePixelRatioF())
            )
        painter.setPen(theme().color(self._role))
        words = QStyle.visualRect(self.layoutDirection(), box, box.adjusted(extra, 0, 2, 0))
        align = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        painter.drawText(
            words, int(align | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute), shown
        )

    def _dress(self) -> None:
        self.setFont(theme().font(self._type, 500 if self._line_role == "accent.mark" else None))
        self.update()

    def _refresh(self) -> None:
        self._text = self.words()
        self.setAccessibleName(self._text)
        self.updateGeometry()
        self.update()


class DayLine(_CenteredLine):
    """The day on which what follows was written."""

    _line_role = "line.subtle"

    def __init__(self, moment: datetime, now: datetime, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._moment, self._now = moment, now
        self._refresh()

    def words(self) -> str:
        return day_text(self._moment, self._now)


class NewLine(_CenteredLine):
    """Above what came since the conversation was last open."""

    _role = "accent.text"
    _line_role = "accent.mark"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._refresh()

    def words(self) -> str:
        return tr(msg("New since you last looked"))


class EventLine(_CenteredLine):
    """One thing that happened and is no message."""

    def __init__(self, row: EventRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row
        self._icon = event_icon(row)
        self._refresh()

    def words(self) -> str:
        said: Msg = event_words(self._row)
        return tr(msg("{what} · {time}", what=said, time=time_text(self._row.created_at)))


class MergedLine(QWidget):
    """A merge that can be taken back where it happened: ``asked("part", id)`` names the one that joined."""

    asked = Signal(str, object)

    def __init__(self, row: EventRow, joined_id: UUID, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._joined_id = joined_id
        self.line = EventLine(row, self)
        self.button = LinkButton(msg("Split off again"), self)
        self.button.clicked.connect(self._on_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.line)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        self._describe()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._describe()
        super().changeEvent(event)

    def _describe(self) -> None:
        self.button.setAccessibleDescription(self.line.words())

    def _on_clicked(self) -> None:
        self.asked.emit("part", self._joined_id)


def event_line(
    row: EventRow, merged: Collection[UUID] = (), parent: QWidget | None = None
) -> EventLine | MergedLine:
    """Return the line of an event; where it tells of one of ``merged``, it offers to part them again."""
    if row.kind == "merged" and not row.data.get("undone"):
        joined = next((one for one in merged if str(one) == row.data.get("conversation_id")), None)
        if joined is not None:
            return MergedLine(row, joined, parent)
    return EventLine(row, parent)


class EventGroup(QWidget):
    """Several events in a row, folded to one line until it is pressed. ``toggled(bool)`` tells of it;
    ``asked`` is that of its lines."""

    toggled = Signal(bool)
    asked = Signal(str, object)

    def __init__(
        self, rows: Sequence[EventRow], merged: Collection[UUID] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._head = _Fold(len(rows), self)
        self._head.pressed.connect(self.toggle)
        self._lines = [event_line(row, merged, self) for row in rows]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._head)
        for line in self._lines:
            column.addWidget(line)
            line.hide()
            if isinstance(line, MergedLine):
                line.asked.connect(self.asked)

    def is_open(self) -> bool:
        """Whether the events themselves are shown."""
        return not self._lines[0].isHidden()

    def toggle(self) -> None:
        """Show the events, or only their number."""
        opened = not self.is_open()
        for line in self._lines:
            line.setVisible(opened)
        self.toggled.emit(opened)


class _Fold(_CenteredLine):
    """The number of folded events, as something to press."""

    pressed = Signal()
    _icon = "chevron-down"
    _role = "text.secondary"

    def __init__(self, count: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._count = count
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._refresh()

    def words(self) -> str:
        return tr(changes_words(self._count))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(QPoint(int(event.position().x()), int(event.position().y()))):
            self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)
