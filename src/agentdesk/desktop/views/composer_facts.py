"""What is to be known before an answer is sent, as a quiet line below the text."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from agentdesk.desktop.icons import icon
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.composer_answer import Fact
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.label import Label

__all__ = ["FactsLine"]

_ICON = 14


class FactsLine(QWidget):
    """Each fact with its icon; hidden where there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: tuple[Fact, ...] = ()
        self._flow = FlowLayout(self, spacing=theme().space(3))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show ``facts``; nothing is rebuilt where they are the same."""
        self.setVisible(bool(facts))
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        self._flow.clear()
        for fact in self._facts:
            label = _FactLabel(fact, self)
            self._flow.addWidget(label)
            label.show()
        self.updateGeometry()

    def said(self) -> list[str]:
        """The facts in words."""
        return [label.words.text() for label in self.findChildren(_FactLabel) if label.isVisibleTo(self)]


class _FactLabel(QWidget):
    def __init__(self, fact: Fact, parent: QWidget) -> None:
        super().__init__(parent)
        self._fact = fact
        self._role = "warn.text" if fact.urgent else "text.muted"
        self._sign = QLabel(self)
        self.words = Label(fact.words, "small", self._role, parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(1))
        row.addWidget(self._sign)
        row.addWidget(self.words)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        sign = icon(self._fact.icon, self._role).pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF())
        self._sign.setPixmap(sign)
