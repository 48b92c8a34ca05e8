"""Who else is at the open conversation: faces for its head, and a line above the composer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import paint_icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.colleagues import Colleague, is_writing, words_for_all, words_for_one
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.links import visible
from agentdesk.desktop.widgets.avatar import paint_avatar
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.mirror import AT_START, mirrored
from agentdesk.desktop.widgets.surface import paint_surface

__all__ = ["PresenceFaces", "PresenceLine", "PreviewBubble"]

_FACE, _STEP, _BADGE = 20, 26, 12
_MORE = 24
_MOST = 3
_ICON = 14
_WIDEST = 440
_LONGEST = 300
"""Characters of what a visitor has typed: the last ones."""


class PresenceFaces(QWidget):
    """A face for each colleague who is there, with an eye, or a pencil while they write; as many as there is
    room for, and the others as a number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._people: tuple[Colleague, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)
        self.hide()

    def show_people(self, people: Sequence[Colleague]) -> None:
        """Show ``people``; nobody takes no place."""
        self._people = tuple(people)
        self._dress()

    def sizeHint(self) -> QSize:
        return QSize(self._width(min(len(self._people), _MOST)), _FACE + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(_STEP, _FACE + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        faces = self._fitting()
        for place, (user_id, name, writing) in enumerate(self._people[:faces]):
            paint_avatar(painter, self._at(place * _STEP, 2, _FACE), name, user_id, behind="bg.canvas")
            badge = self._at(place * _STEP + _FACE - 8, 2 + _FACE - 8, _BADGE)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("bg.canvas"))
            painter.drawEllipse(badge)
            writes = writing not in ("", "watch")
            role = "accent.text" if writes else "text.secondary"
            paint_icon(painter, badge.adjusted(1, 1, -1, -1), "pencil" if writes else "eye", role)
        if len(self._people) > faces and self.width() >= self._width(faces):
            direction = self.layoutDirection()
            rest = QRect(faces * _STEP, 0, _MORE, self.height())
            painter.setFont(theme().font("caption"))
            painter.setPen(theme().color("text.secondary"))
            more = f"+{len(self._people) - faces}"
            painter.drawText(mirrored(direction, self.rect(), rest), AT_START[direction], more)

    def _width(self, faces: int) -> int:
        """How wide so many faces are, with the number of the others."""
        return faces * _STEP + (_MORE if len(self._people) > faces else 0)

    def _fitting(self) -> int:
        """How many faces there is room for; at least one."""
        most = min(len(self._people), _MOST)
        return next((faces for faces in range(most, 1, -1) if self._width(faces) <= self.width()), 1)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._dress()
        super().changeEvent(event)

    def _at(self, x: int, y: int, side: int) -> QRect:
        return mirrored(self.layoutDirection(), self.rect(), QRect(x, y, side, side))

    def _dress(self) -> None:
        words = [tr(words_for_one(name, writing)) for _, name, writing in self._people]
        self.setToolTip(tip("\n".join(words)))
        self.setAccessibleName(", ".join(words))
        self.updateGeometry()
        self.setVisible(bool(self._people))
        self.update()


class PreviewBubble(QWidget):
    """What the visitor of a chat has typed and not sent yet, dim, where their message will stand."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = Label("", "reading", "text.muted", wrap=True, parent=self)
        self._words.setMaximumWidth(_WIDEST)
        row = QHBoxLayout(self)
        side = theme().space(5) + theme().space(3)
        row.setContentsMargins(side, theme().space(2), side, theme().space(2) + 2)
        row.addWidget(self._words, 0, Qt.AlignmentFlag.AlignLeading)
        row.addStretch(1)
        self.hide()

    def text(self) -> str:
        """The words shown; nothing while there are none."""
        return "" if self.isHidden() else self._words.text()

    def show_text(self, name: str, text: str) -> None:
        """Show what ``name`` has typed; nothing takes no place. It changes too often to be announced."""
        shown = visible(" ".join(text.split()))
        if len(shown) > _LONGEST:
            shown = "…" + shown[-_LONGEST:]
        self._words.set_content(shown)
        words = tr(msg("{name} has typed, and not sent yet: {text}", name=name, text=shown)) if shown else ""
        self._words.setAccessibleName(words)
        self._words.setToolTip(tip(words))
        self.setVisible(bool(shown))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        across, along = theme().space(3), theme().space(1) + 2
        box = QRectF(self._words.geometry().adjusted(-across, -along, across, along))
        paint_surface(QPainter(self), box, "", "line.strong", theme().radius("bubble"), dashed=True)


class PresenceLine(QWidget):
    """Says above the composer who is writing; nobody takes no place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ElidedLabel("", "small", "accent.text", parent=self)
        row = QHBoxLayout(self)
        row.setSpacing(0)
        row.setContentsMargins(theme().space(3), 2, theme().space(3), 4)
        row.addSpacing(_ICON + 6)
        row.addWidget(self._words)
        self.hide()

    def text(self) -> str:
        """The words shown; nothing while nobody writes."""
        return "" if self.isHidden() else self._words.text()

    def show_people(self, people: Sequence[Colleague]) -> None:
        """Show those of ``people`` who write."""
        words: Msg | None = words_for_all([person for person in people if is_writing(person)])
        if words is not None:
            self._words.set_content(words)
        self.setVisible(words is not None)

    def paintEvent(self, event: QPaintEvent) -> None:
        middle = self._words.geometry().center().y()
        box = QRect(theme().space(3), middle - _ICON // 2, _ICON, _ICON)
        paint_icon(
            QPainter(self), mirrored(self.layoutDirection(), self.rect(), box), "pencil", "accent.text"
        )
