"""A message as it came: its bytes as text, to be read, copied or saved."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from agentdesk.base.text import msg, plural
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.label import Label

__all__ = ["OriginalDialog"]

_SHOWN_BYTES = 500_000
_LONGEST_LINE = 2_000


class OriginalDialog(QDialog):
    """Shows the beginning of an original; nothing in it is interpreted."""

    def __init__(self, content: bytes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr(msg("Original")))
        self.resize(760, 560)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setProperty("kind", "field")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setPlainText(_as_text(content))
        self.text.setAccessibleName(tr(msg("Original")))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, parent=self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(theme().space(2))
        if len(content) > _SHOWN_BYTES:
            rest = len(content) - _SHOWN_BYTES
            column.addWidget(
                Label(
                    plural("{count} more byte is not shown.", "{count} more bytes are not shown.", rest),
                    "small",
                )
            )
        column.addWidget(self.text, 1)
        column.addWidget(buttons)


def _as_text(content: bytes) -> str:
    """The bytes as text: UTF-8 where they are, else one character per byte; endless lines are broken."""
    shown = content[:_SHOWN_BYTES]
    try:
        text = shown.decode("utf-8")
    except UnicodeDecodeError:
        text = shown.decode("latin-1")
    lines = []
    for line in text.replace("\0", "\ufffd").splitlines():
        lines += [line[at : at + _LONGEST_LINE] for at in range(0, max(len(line), 1), _LONGEST_LINE)]
    return "\n".join(lines)
