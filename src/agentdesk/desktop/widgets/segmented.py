"""A switch of two or three choices in one box, such as Reply | Note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme

__all__ = ["Segment", "Segmented"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One choice. ``note`` paints it yellow while it is chosen: what is written there stays in the team."""

    key: str
    text: Msg
    icon: str = ""
    note: bool = False


class Segmented(QWidget):
    """Exactly one of a few choices. ``chosen(key)`` tells when the person picks another; arrows move."""

    chosen = Signal(str)

    def __init__(self, name: Msg, segments: Sequence[Segment], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._segments = name, tuple(segments)
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for segment in self._segments:
            button = QToolButton(self)
            button.setProperty("kind", "segment")
            button.setCheckable(True)
            button.setIconSize(QSize(18, 14))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.installEventFilter(self)
            self._group.addButton(button)
            self._buttons[segment.key] = button
            row.addWidget(button)
        self._buttons[self._segments[0].key].setChecked(True)
        self._group.buttonClicked.connect(self._on_clicked)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._show)
        self._show()

    def current(self) -> str:
        """The key of the chosen segment."""
        return next(key for key, button in self._buttons.items() if button.isChecked())

    def set_current(self, key: str) -> None:
        """Choose a segment without telling."""
        self._buttons[key].setChecked(True)
        self._show()

    def set_text(self, key: str, text: Msg) -> None:
        """Call a segment something else."""
        self._segments = tuple(replace(one, text=text) if one.key == key else one for one in self._segments)
        self._show()

    def set_possible(self, key: str, reason: Msg | None) -> None:
        """Let a segment be chosen, or, where there is a ``reason``, not."""
        self._buttons[key].setEnabled(reason is None)
        self._buttons[key].setToolTip("" if reason is None else tip(tr(reason)))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Arrow keys choose the neighbour, in the direction they point."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Left.value: -1, Qt.Key.Key_Right.value: 1}
            step = steps.get(event.key(), 0)
            if step:
                self._move(step if self.layoutDirection() == Qt.LayoutDirection.LeftToRight else -step)
                return True
        return False

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = theme().radius("control")
        box = QRectF(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("note.line" if self._on_note() else "bg.sunken"))
        painter.setOpacity(0.35 if self._on_note() else 1.0)
        painter.drawRoundedRect(box, radius, radius)
        painter.setOpacity(1.0)
        chosen = self._buttons[self.current()]
        painter.setPen(Qt.PenStyle.NoPen if self._on_note() else QPen(theme().color("line.subtle"), 1))
        painter.setBrush(theme().color("note.fill" if self._on_note() else "bg.raised"))
        inner = QRectF(chosen.geometry()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(inner, radius, radius)

    def _on_note(self) -> bool:
        key = self.current()
        return any(segment.note for segment in self._segments if segment.key == key)

    def _move(self, step: int) -> None:
        keys = list(self._buttons)
        position = keys.index(self.current()) + step
        if 0 <= position < len(keys) and self._buttons[keys[position]].isEnabled():
            self._buttons[keys[position]].setFocus()
            self._buttons[keys[position]].click()

    def _show(self) -> None:
        self.setAccessibleName(tr(self._name))
        current = self.current()
        for segment in self._segments:
            button = self._buttons[segment.key]
            words = tr(segment.text)
            button.setText(words)
            button.setAccessibleName(words)
            chosen = segment.key == current
            button.setFont(theme().font("body", 500 if chosen else 400))
            role = ("note.onFill" if segment.note else "text.primary") if chosen else "text.secondary"
            button.setProperty("ink", "note" if chosen and segment.note else "on" if chosen else "")
            button.style().unpolish(button)
            button.style().polish(button)
            if segment.icon:
                button.setIcon(icon(segment.icon, role, role))
        self.update()

    def _on_clicked(self, button: QToolButton) -> None:
        self._show()
        self.chosen.emit(next(key for key, known in self._buttons.items() if known is button))
