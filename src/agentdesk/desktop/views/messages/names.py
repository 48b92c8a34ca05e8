"""How somebody looks who is mentioned with an @, where it is read and where it is written."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFont, QTextCharFormat, QTextCursor, QTextDocument

from agentdesk.desktop.theme import theme
from agentdesk.domain.mentions import places_in

__all__ = ["mark_names", "marked_places", "name_look"]


def name_look() -> QTextCharFormat:
    """The letters of a name behind an @, with the @."""
    look = QTextCharFormat()
    look.setForeground(theme().color("accent.text"))
    look.setFontWeight(QFont.Weight.Medium)
    return look


def marked_places(text: str, names: Sequence[str]) -> list[tuple[int, int]]:
    """Return where ``names`` stand behind an @, from and to, as Qt counts: an emoji is two."""
    found = places_in(text, names) if names else []
    return [(_qt_length(text[: one.start]), _qt_length(text[: one.end])) for one in found]


def _qt_length(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def mark_names(document: QTextDocument, names: Sequence[str]) -> None:
    """Mark ``names`` in ``document`` where they stand behind an @."""
    for start, end in marked_places(document.toPlainText() if names else "", names):
        cursor = QTextCursor(document)
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(name_look())
