"""An older email as one line: painted in one go, for a transcript begins with dozens of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.locale import isolate, time_text, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.revised import revision_words
from agentdesk.desktop.views.messages.words import delivery_words, spoken_name
from agentdesk.desktop.widgets.avatar import paint_avatar
from agentdesk.desktop.widgets.surface import paint_surface
from agentdesk.domain.posts import post_of
from agentdesk.domain.revising import is_deleted
from agentdesk.queries.rows import MessageRow

__all__ = ["FoldedCard"]

_HEIGHT = 36
_AVATAR = 20
_PAD = 12
_GAP = 8
_INDENT = 40
_MOST_WORDS = 160
_ICON = 14


class FoldedCard(QWidget):
    """Sender, first words, time. ``unfold_wanted(message id)`` on a click or Enter."""

    unfold_wanted = Signal(object)
    menu_asked = Signal(object, QPoint, str)

    def __init__(self, row: MessageRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = row
        self._hover = False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)
        self.show_row(row)

    @property
    def row(self) -> MessageRow:
        """The message."""
        return self._row

    def show_row(self, row: MessageRow) -> None:
        """Follow a change of the message."""
        self._row = row
        self._name = row.author_name or (row.sender.name if row.sender else "")
        gone = revision_words(row) if is_deleted(row.revision) else None
        said = _veiled(row) if gone is None else tr(gone)
        self._words = " ".join(said[: _MOST_WORDS * 2].split())[:_MOST_WORDS]
        self.setAccessibleName(tr(spoken_name(row)))
        self.setAccessibleDescription(self._words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, max(_HEIGHT, theme().line_height("body") + 14))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ours = self._row.direction == "out"
        box = self._at(_INDENT if ours else 0, self.width() - (_INDENT if ours else 0))
        fill = "bubble.out" if ours else "bg.hover" if self._hover else "bg.canvas"
        line = "focus.ring" if self.hasFocus() else "" if ours else "line.subtle"
        paint_surface(painter, QRectF(box), fill, line, theme().radius("composer"))
        start = (_INDENT if ours else 0) + _PAD
        face = self._at(start, _AVATAR)
        face.setTop((self.height() - _AVATAR) // 2)
        face.setHeight(_AVATAR)
        paint_avatar(painter, face, self._name, self._row.author_id or self._row.id, behind=fill)
        self._paint_words(painter, start + _AVATAR + _GAP, self._paint_end(painter))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.unfold_wanted.emit(self._row.id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(self._row.id, event.globalPos(), "")
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.unfold_wanted.emit(self._row.id)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = False
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.show_row(self._row)
        super().changeEvent(event)

    def _paint_words(self, painter: QPainter, x: int, end: int) -> None:
        bold, plain = theme().font("body", 600), theme().font("body")
        name = self._name or tr(msg("Unknown sender"))
        metrics = QFontMetrics(bold)
        name_width = min(metrics.horizontalAdvance(name) + 2, (end - x) // 2)
        self._text(painter, self._at(x, name_width), bold, "text.primary", name)
        x += name_width + _GAP
        self._text(painter, self._at(x, max(0, end - x)), plain, "text.muted", self._words)

    def _paint_end(self, painter: QPainter) -> int:
        """Paint time and state at the end; returns where the words must stop."""
        font = theme().font("small", tabular=True)
        time = time_text(self._row.created_at)
        width = QFontMetrics(font).horizontalAdvance(time) + 2
        x = self.width() - _PAD - width
        self._text(painter, self._at(x, width), font, "text.muted", time)
        state = delivery_words(self._row)
        if state is not None:
            x -= _ICON + 6
            spot = self._at(x, _ICON)
            picture = pixmap(state.icon, _ICON, state.role, self.devicePixelRatioF())
            painter.drawPixmap(spot.x(), (self.height() - _ICON) // 2, picture)
        return x - _GAP

    def _text(self, painter: QPainter, box: QRect, font: object, role: str, text: str) -> None:
        painter.setFont(font)  # type: ignore[arg-type]
        painter.setPen(theme().color(role))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        start = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        flags = start | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        painter.drawText(box, int(flags | Qt.TextFlag.TextSingleLine), shown)

    def _at(self, x: int, width: int) -> QRect:
        return QStyle.visualRect(self.layoutDirection(), self.rect(), QRect(x, 0, width, self.height()))


def _veiled(row: MessageRow) -> str:
    """The words of a message, or the warning that its author put before them."""
    post = post_of(row.post)
    return (
        tr(msg("Content warning: {words}", words=isolate(post.warning)))
        if post and post.warning
        else row.text
    )
