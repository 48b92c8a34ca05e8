"""The headers between the sections of the queue."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from agentdesk.desktop.locale import isolate
from agentdesk.desktop.models.queue_sections import SectionHeading
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.mirror import AT_END, AT_START

__all__ = ["HEADER_HEIGHT", "paint_heading"]

HEADER_HEIGHT = 28
_SIDE = 16


def paint_heading(
    painter: QPainter, rect: QRect, direction: Qt.LayoutDirection, heading: SectionHeading
) -> None:
    """Paint a header into ``rect``."""
    look = theme()
    painter.fillRect(rect, look.color("bg.sunken"))
    painter.setPen(look.color("line.subtle"))
    painter.drawLine(rect.left(), rect.bottom(), rect.right(), rect.bottom())
    font = look.font("small", 600)
    painter.setFont(font)
    room = rect.adjusted(_SIDE, 0, -_SIDE, -1)
    count = str(heading.count)
    painter.setPen(look.color("text.muted"))
    painter.drawText(room, AT_END[direction], count)
    metrics = QFontMetrics(font)
    width = room.width() - metrics.horizontalAdvance(count) - 8
    words = metrics.elidedText(heading.text(), Qt.TextElideMode.ElideRight, width)
    painter.setPen(look.color("text.secondary"))
    painter.drawText(room, AT_START[direction], isolate(words))
