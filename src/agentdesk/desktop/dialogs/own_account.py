"""What dialogs about one's own account share: a title, what went wrong, and one thing at a time."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialog, QLayout, QVBoxLayout, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.strip import Strip

__all__ = ["WIDTH", "OwnAccountDialog"]

WIDTH = 372


class OwnAccountDialog(QDialog):
    """A title over ``body``, which is as high as what is in it. What the server refuses is said between both,
    and all stays as it was."""

    def __init__(self, title: Msg, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.tasks = tasks_of(self, "own account")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle(tr(title))
        self.setBackgroundRole(QPalette.ColorRole.Light)
        self.setAutoFillBackground(True)
        self._column = QVBoxLayout(self)
        self._column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        margin = theme().space(6)
        self._column.setContentsMargins(margin, margin - 4, margin, margin - 4)
        self._column.setSpacing(theme().space(3))
        self._column.addWidget(Label(title, "title"))
        self.strip = Strip("bad", self)
        self.strip.setFixedWidth(WIDTH)
        self.strip.hide()
        self._column.addWidget(self.strip)
        self.body = QWidget(self)
        self.body.setFixedWidth(WIDTH)
        self._column.addWidget(self.body)

    def begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do ``work``; nothing else can be done meanwhile."""
        self.strip.hide()
        self.body.setEnabled(False)
        self.tasks.start(self._try(work), name)

    def on_done(self, problem: AgentDeskError | None) -> None:
        """The work has ended; ``problem`` is what was said about it."""

    def fresh_body(self) -> QVBoxLayout:
        """Put an empty body in the place of what is shown; returns its column."""
        before, self.body = self.body, QWidget(self)
        self.body.setFixedWidth(WIDTH)
        self._column.replaceWidget(before, self.body)
        before.hide()
        before.deleteLater()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().space(3))
        return column

    def say(self, column: QVBoxLayout, words: Msg, role: str = "text.secondary") -> None:
        """Add a paragraph."""
        label = Label(words, "body", role, parent=self.body)
        label.set_column(WIDTH)
        column.addWidget(label)

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        problem: AgentDeskError | None = None
        try:
            await work
        except AgentDeskError as error:
            problem = error
        if not is_alive(self):
            return
        self.body.setEnabled(True)
        if problem is not None:
            self.strip.show_message("bad", problem.message, problem.hint)
            announce(self, tr(problem.message), assertive=True)
        self.on_done(problem)
