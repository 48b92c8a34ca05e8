"""Single-letter shortcuts on every keyboard.

Qt matches shortcuts by the character a key types. On a Cyrillic, Arabic, Greek or Hebrew layout no key types
"E", so here the Latin letter printed at the same place of a QWERTY keyboard stands in, as long as nobody is
typing.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from agentdesk.desktop.actions.registry import Actions

__all__ = ["LatinFallback", "is_typing"]

_FIRST_LETTER_CODES = {16: "QWERTYUIOP", 30: "ASDFGHJKL", 44: "ZXCVBNM"}
"""Scan codes of a PC keyboard (set 1), which evdev shares: the code of each row's first letter, then
counting on.
"""
_X11_OFFSET = 8
"""X11 and Wayland count key codes from 8 above evdev's."""
_MAC_LETTERS = dict(
    zip(
        (12, 13, 14, 15, 17, 16, 32, 34, 31, 35, 0, 1, 2, 3, 5, 4, 38, 40, 37, 6, 7, 8, 9, 11, 45, 46),
        "QWERTYUIOPASDFGHJKLZXCVBNM",
        strict=True,
    )
)
"""macOS numbers keys by place; ``nativeVirtualKey`` gives that number."""


def is_typing() -> bool:
    """Whether the focus is where letters are text: single-letter shortcuts then mean nothing."""
    widget = QApplication.focusWidget()
    if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit):
        return not widget.isReadOnly()
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, QAbstractSpinBox)


class LatinFallback(QObject):
    """Watches the keys of one window and finds the action of the Latin letter where the layout has none."""

    def __init__(self, window: QWidget, actions: Actions) -> None:
        super().__init__(window)
        self._actions = actions
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a key whose place on the keyboard names an action.

        Before Qt looks for a shortcut it offers the key as ``ShortcutOverride`` to the focus and, where
        nobody wants it as text, to the parents up to the window.
        """
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent) or is_typing():
            return False
        letter = latin_letter(event)
        if letter is None or not self._trigger(letter, shifted=_is_shifted(event)):
            return False
        event.accept()
        return True

    def _trigger(self, letter: str, *, shifted: bool) -> bool:
        wanted = QKeySequence(f"Shift+{letter}" if shifted else letter)
        for spec in self._actions:
            if spec.scope == "window" and wanted in self._actions.action(spec.id).shortcuts():
                return self._actions.trigger(spec.id)
        return False


def latin_letter(event: QKeyEvent) -> str | None:
    """The Latin letter at the place of the key, when it types another letter; ``None`` with Ctrl, Alt or
    Cmd.
    """
    modifiers = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
    if modifiers != Qt.KeyboardModifier.NoModifier:
        return None
    typed = event.text()
    if not typed.isalpha() or typed.isascii():
        return None
    if sys.platform == "darwin":
        return _MAC_LETTERS.get(event.nativeVirtualKey())
    code = event.nativeScanCode() - (_X11_OFFSET if sys.platform.startswith("linux") else 0)
    for first, row in _FIRST_LETTER_CODES.items():
        if first <= code < first + len(row):
            return row[code - first]
    return None


def _is_shifted(event: QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
