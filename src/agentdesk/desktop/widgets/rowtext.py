"""Subject and preview as one paragraph, cut at its end: two texts drawn side by side swap places in mixed
scripts.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat, QTextLayout, QTextOption

from agentdesk.desktop.locale import first_strong_direction

__all__ = ["one_line", "text_format", "two_lines"]

_DASH = " \u2014 "


def text_format(color: QColor, weight: int | None = None) -> QTextCharFormat:
    """A format for a part of :func:`one_line`: its colour, and its weight where that is another."""
    made = QTextCharFormat()
    made.setForeground(color)
    if weight is not None:
        made.setFontWeight(weight)
    return made


def one_line(
    subject: str,
    preview: str,
    font: QFont,
    width: float,
    formats: tuple[QTextCharFormat, QTextCharFormat],
    align: Qt.AlignmentFlag,
    *,
    dash: str = _DASH,
) -> QTextLayout:
    """A laid-out line of ``subject``, a dash and ``preview``, at most ``width`` pixels wide.

    ``formats`` are those of subject and rest. ``align`` is the visual alignment, that of the interface; the
    direction is that of the text itself. Draw it with ``layout.draw(painter, position)``, and keep it:
    laying out costs ten times what drawing does.
    """
    full = subject + (dash + preview if preview else "")
    shown = QFontMetricsF(font).elidedText(full, Qt.TextElideMode.ElideRight, max(0.0, width - 2))
    layout = QTextLayout(shown, font)
    option = QTextOption(align | Qt.AlignmentFlag.AlignAbsolute)
    option.setWrapMode(QTextOption.WrapMode.NoWrap)
    option.setTextDirection(first_strong_direction(full))
    layout.setTextOption(option)
    layout.setFormats(_ranges(min(len(subject), len(shown)), len(shown), formats))
    layout.setCacheEnabled(True)
    layout.beginLayout()
    line = layout.createLine()
    if line.isValid():
        line.setLineWidth(width)
    layout.endLayout()
    return layout


def two_lines(
    subject: str,
    preview: str,
    font: QFont,
    width: float,
    formats: tuple[QTextCharFormat, QTextCharFormat],
    align: Qt.AlignmentFlag,
    height: float,
) -> QTextLayout:
    """The same on two lines of ``height`` pixels: broken between words, and cut at the end of the second."""
    full = f"{subject} {preview}".strip()
    option = QTextOption(align | Qt.AlignmentFlag.AlignAbsolute)
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    option.setTextDirection(first_strong_direction(full))
    layout = _laid_out(QTextLayout(full, font), option, width, height)
    if layout.lineCount() > 1:
        second = layout.lineAt(1)
        rest = full[second.textStart() :]
        cut = QFontMetricsF(font).elidedText(rest, Qt.TextElideMode.ElideRight, max(0.0, width - 2))
        full = full[: second.textStart()] + cut
        layout = QTextLayout(full, font)
    layout.setFormats(_ranges(min(len(subject), len(full)), len(full), formats))
    layout.setCacheEnabled(True)
    return _laid_out(layout, option, width, height)


def _laid_out(layout: QTextLayout, option: QTextOption, width: float, height: float) -> QTextLayout:
    """Lay the first two lines out below each other."""
    layout.setTextOption(option)
    layout.beginLayout()
    for place in range(2):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        line.setPosition(QPointF(0, place * height))
    layout.endLayout()
    return layout


def _ranges(
    split: int, end: int, formats: tuple[QTextCharFormat, QTextCharFormat]
) -> list[QTextLayout.FormatRange]:
    made = []
    for start, stop, look in ((0, split, formats[0]), (split, end, formats[1])):
        if stop > start:
            part = QTextLayout.FormatRange()
            part.start, part.length, part.format = start, stop - start, look
            made.append(part)
    return made
