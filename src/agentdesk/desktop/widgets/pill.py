"""Filter pills: one row of exclusive choices with counts, scrolling sideways, never wrapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme

__all__ = ["Pill", "PillButton", "PillRow"]


@dataclass(frozen=True, slots=True)
class Pill:
    """One choice: its key in code, its words, and how many it would show (``None``: not counted)."""

    key: str
    text: Msg
    count: int | None = None


class PillButton(QToolButton):
    """One pill; also for single pills such as the channel choice of the composer."""

    def __init__(self, pill: Pill, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pill = pill
        self.setProperty("kind", "pill")
        self.setCheckable(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme().changed.connect(self._show)
        self._show()

    @property
    def key(self) -> str:
        """The key of the choice."""
        return self._pill.key

    def set_pill(self, pill: Pill) -> None:
        """Show other words or another count."""
        if pill != self._pill:
            self._pill = pill
            self._show()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        self.setFont(theme().font("small"))
        words = tr(self._pill.text)
        count = self._pill.count
        self.setText(f"{words} {count}" if count else words)
        spoken = words if count is None else tr(msg("{name}, {count}", name=words, count=count))
        self.setAccessibleName(spoken)


class PillRow(QScrollArea):
    """Pills of which exactly one is chosen. ``chosen(key)`` tells when the person picks another."""

    chosen = Signal(str)

    def __init__(self, name: Msg, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        self._inside = QWidget(self)
        self._row = QHBoxLayout(self._inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme().space(1) + 2)
        self._row.addStretch()
        self.setWidget(self._inside)
        self._inside.setAutoFillBackground(False)  # setWidget turned it on
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._on_clicked)
        self._buttons: dict[str, PillButton] = {}
        self._fit()

    def set_pills(self, pills: Iterable[Pill]) -> None:
        """Show ``pills``; the chosen one stays where it is still among them, else the first is chosen."""
        wanted = list(pills)
        current = self.current()
        if [pill.key for pill in wanted] != list(self._buttons):
            self._rebuild(wanted)
        for pill in wanted:
            self._buttons[pill.key].set_pill(pill)
        if wanted:
            self.set_current(current if current in self._buttons else wanted[0].key)
        self._fit()

    def current(self) -> str:
        """The key of the chosen pill, empty when there is none."""
        button = self._group.checkedButton()
        return button.key if isinstance(button, PillButton) else ""

    def set_current(self, key: str) -> None:
        """Choose a pill without telling."""
        self._buttons[key].setChecked(True)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls sideways here."""
        steps = event.angleDelta().y() or event.angleDelta().x()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - steps // 2)
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._fit()
        super().changeEvent(event)

    def _rebuild(self, pills: list[Pill]) -> None:
        for button in self._buttons.values():
            self._group.removeButton(button)
            self._row.removeWidget(button)
            button.deleteLater()
        self._buttons = {}
        for position, pill in enumerate(pills):
            button = PillButton(pill, self._inside)
            self._group.addButton(button)
            self._row.insertWidget(position, button)
            button.show()
            self._buttons[pill.key] = button

    def _fit(self) -> None:
        self.setAccessibleName(tr(self._name))
        self.setFixedHeight(theme().size("pill") + 2)

    def _on_clicked(self, button: QToolButton) -> None:
        if isinstance(button, PillButton):
            self.ensureWidgetVisible(button)
            self.chosen.emit(button.key)
