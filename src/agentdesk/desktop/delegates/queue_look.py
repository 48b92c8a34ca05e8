"""Measures, fonts and colours of the rows of the queue, for the theme, text size and density in force."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPen

from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.chip import chip_height
from agentdesk.desktop.widgets.mirror import mirrored

__all__ = ["AVATAR", "END", "QUICK", "TOP", "QueueLook", "quick_at", "quick_boxes"]

AVATAR = 32
END = 12
TOP = 9
QUICK = ("resolve", "snooze")
"""What a row offers under the pointer, from its start to its end."""
_TEXT_START = {"compact": 44, "normal": 60, "roomy": 60}
_SIDE = 28


class QueueLook:
    """Rebuilt when theme, text size, density or language change."""

    def __init__(self) -> None:
        look = theme()
        self.density = look.density
        self.name = look.font("body", 500)
        self.name_unread = look.font("body", 600)
        self.body = look.font("body", 400)
        self.time = look.font("caption", 400, tabular=True)
        self.header = look.font("small", 600)
        self.line = look.line_height("body")
        self.time_metrics = QFontMetrics(self.time)
        self.name_metrics = QFontMetrics(self.name_unread)
        self.primary = look.color("text.primary")
        self.secondary = look.color("text.secondary")
        self.muted = look.color("text.muted")
        self.selected = look.color("bg.selected")
        self.idle = look.color("bg.selectedIdle")
        self.hover = look.color("bg.hover")
        self.mark = look.color("accent.mark")
        self.chosen = look.color("accent.tint")
        self.check = look.color("accent.fill")
        self.writer = look.color("accent.text")
        self.body_metrics = QFontMetrics(self.body)
        self.divider = QPen(look.color("line.subtle"), 0)
        self.text_start = _TEXT_START[self.density]
        self.height = self._height()

    def _height(self) -> int:
        if self.density == "compact":
            return 2 * self.line
        lines = 3 if self.density == "roomy" else 2
        return TOP * 2 + lines * self.line + chip_height() - 4


def quick_boxes(look: QueueLook, row: QRect, direction: Qt.LayoutDirection) -> dict[str, QRect]:
    """Return where a row has its quick buttons, at the end of its first line."""
    middle = row.height() // 2 if look.density == "compact" else TOP + look.line // 2
    x = row.right() + 1 - END + 6 - _SIDE * len(QUICK)
    y = row.top() + middle - _SIDE // 2
    return {
        key: mirrored(direction, row, QRect(x + place * _SIDE, y, _SIDE, _SIDE))
        for place, key in enumerate(QUICK)
    }


def quick_at(look: QueueLook, row: QRect, direction: Qt.LayoutDirection, point: QPoint) -> str:
    """Return which quick button of a row is at ``point``; nothing where there is none."""
    for key, box in quick_boxes(look, row, direction).items():
        if box.contains(point):
            return key
    return ""
