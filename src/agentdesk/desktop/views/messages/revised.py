"""What stands in a card of a message that was changed or taken back; what it said before, on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import time_text
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.revising import is_deleted
from agentdesk.queries.rows import MessageRow

__all__ = ["RevisionMark", "revision_words"]


def revision_words(row: MessageRow) -> Msg | None:
    """Return what is said of a message that was changed or taken back; None where it stands as it was."""
    if row.revision is None:
        return None
    if not is_deleted(row.revision):
        return msg("Edited {time}", time=_time_of(row.revision))
    if row.direction == "in" and row.sender is not None and row.sender.kind != CHANNEL:
        return msg("{name} deleted this post", name=row.author_name)
    if row.direction == "in":
        return msg("The visitor deleted this message")
    return msg("{name} deleted this message", name=row.revision.get("by") or row.author_name)


class RevisionMark(QWidget):
    """A line in muted words, with a button for the earlier texts where there are any."""

    def __init__(self, row: MessageRow, parent: QWidget) -> None:
        super().__init__(parent)
        self._row = row
        self.words = Label(revision_words(row) or "", "small", "text.muted", wrap=True, parent=self)
        self.button = LinkButton(msg("Show earlier text"), self)
        self.button.clicked.connect(self._toggle)
        self._texts = QWidget(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().space(1))
        line = QHBoxLayout()
        line.setSpacing(theme().space(2))
        line.addWidget(self.words, 1)
        line.addWidget(self.button)
        column.addLayout(line)
        column.addWidget(self._texts)
        self._texts.hide()
        self.button.setVisible(any(_earlier(row)))

    def shown(self) -> list[str]:
        """The earlier texts on screen, the oldest first."""
        if self._texts.isHidden():
            return []
        return [label.text() for label in self._texts.findChildren(Label)]

    def _toggle(self) -> None:
        if self._texts.layout() is None:
            column = QVBoxLayout(self._texts)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(theme().space(1))
            for said in _earlier(self._row):
                line = msg("{time}: {text}", time=_time_of(said), text=str(said.get("text") or ""))
                column.addWidget(Label(line, "body", "text.secondary", wrap=True, parent=self._texts))
        self._texts.setVisible(self._texts.isHidden())
        hidden = self._texts.isHidden()
        self.button.set_text(msg("Show earlier text") if hidden else msg("Hide earlier text"))


def _earlier(row: MessageRow) -> Iterator[Mapping[str, Any]]:
    return (said for said in (row.revision or {}).get("earlier") or () if isinstance(said, Mapping))


def _time_of(value: Mapping[str, Any]) -> str:
    try:
        return time_text(datetime.fromisoformat(str(value.get("at"))))
    except ValueError:
        return "?"
