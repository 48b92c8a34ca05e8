"""Chips: small labels with an icon for goals, urgency, tags and states, for rows and for layouts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.locale import first_strong_direction, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.mirror import AT_START, mirrored

__all__ = ["Chip", "ChipKind", "ChipLabel", "chip_height", "chip_width", "paint_chip", "paint_chips"]

ChipKind = Literal[
    "neutral",
    "outline",
    "plain",
    "code",
    "ok",
    "warn",
    "bad",
    "public",
    "bot",
    "accent",
    "warn_text",
    "bad_text",
]
"""``outline``: quiet, with a line; ``plain``: words only; ``code``: a small box for a language; ``…_text``:
a coloured
word without surface; the others are tinted."""


@dataclass(frozen=True, slots=True)
class _Look:
    text: str
    fill: str = ""
    line: str = ""
    padding: int = 7


_LOOKS: dict[ChipKind, _Look] = {
    "neutral": _Look("text.secondary", "chip.bg"),
    "outline": _Look("text.secondary", "bg.canvas", "line.subtle"),
    "plain": _Look("text.secondary", padding=4),
    "code": _Look("text.secondary", "", "line.strong", padding=4),
    "ok": _Look("ok.text", "ok.tint"),
    "warn": _Look("warn.text", "warn.tint"),
    "bad": _Look("bad.text", "bad.tint"),
    "public": _Look("public.text", "public.tint"),
    "bot": _Look("bot.text", "bot.tint"),
    "accent": _Look("accent.text", "accent.tint"),
    "warn_text": _Look("warn.text", padding=2),
    "bad_text": _Look("bad.text", padding=2),
}
_ICON = 12
_ICON_GAP = 4
_BETWEEN = 6


@dataclass(frozen=True, slots=True)
class Chip:
    """What a chip says and how it looks; an icon alone has no ``text`` and needs a ``tip``."""

    text: Msg | str
    kind: ChipKind = "neutral"
    icon: str = ""
    tip: Msg | None = None

    def words(self) -> str:
        """The text in the language of the window."""
        return tr(self.text) if isinstance(self.text, Msg) else self.text


def chip_height() -> int:
    """The height of a chip in pixels at the person's text size."""
    return theme().size("chip")


def chip_width(chip: Chip, metrics: QFontMetrics | None = None) -> int:
    """The width of ``chip`` in pixels; ``metrics`` of :func:`chip_font` saves making them."""
    metrics = metrics or QFontMetrics(chip_font(chip.kind))
    words = chip.words()
    width = 2 * _LOOKS[chip.kind].padding + metrics.horizontalAdvance(words)
    if chip.icon:
        width += _ICON + (_ICON_GAP if words else 0)
    return width


def chip_font(kind: ChipKind = "neutral") -> QFont:
    """The font of chips; codes and coloured words are stronger."""
    return theme().font("caption", 600 if kind in ("code", "warn_text", "bad_text") else 500, tabular=True)


def paint_chip(painter: QPainter, rect: QRect, chip: Chip, direction: Qt.LayoutDirection) -> None:
    """Paint ``chip`` into ``rect``, which should be :func:`chip_width` by :func:`chip_height`."""
    look = _LOOKS[chip.kind]
    painter.save()
    _paint_surface(painter, rect, chip.kind, look)
    x, top, height = rect.left() + look.padding, rect.top(), rect.height()
    if chip.icon:
        box = mirrored(direction, rect, QRect(x, top + (height - _ICON) // 2, _ICON, _ICON))
        picture = pixmap(chip.icon, _ICON, look.text, painter.device().devicePixelRatioF())
        painter.drawPixmap(box.topLeft(), picture)
        x += _ICON + _ICON_GAP
    words = chip.words()
    if words:
        painter.setFont(chip_font(chip.kind))
        painter.setPen(theme().color(look.text))
        painter.setLayoutDirection(first_strong_direction(words))
        room = QRect(x, top, rect.right() - look.padding - x + 2, height)
        painter.drawText(mirrored(direction, rect, room), AT_START[direction], words)
    painter.restore()


def paint_chips(painter: QPainter, rect: QRect, chips: list[Chip], direction: Qt.LayoutDirection) -> int:
    """Paint ``chips`` from the start edge of ``rect``; what does not fit is left out from the end.

    Returns how many were painted.
    """
    x, height = rect.left(), min(chip_height(), rect.height())
    for number, chip in enumerate(chips):
        width = chip_width(chip)
        if x + width > rect.right() + 1:
            return number
        box = QRect(x, rect.top() + (rect.height() - height) // 2, width, height)
        paint_chip(painter, mirrored(direction, rect, box), chip, direction)
        x += width + _BETWEEN
    return len(chips)


def _paint_surface(painter: QPainter, rect: QRect, kind: ChipKind, look: _Look) -> None:
    if not look.fill and not look.line:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = _outline(kind, look)
    inset = 0.5 if pen.style() != Qt.PenStyle.NoPen else 0.0
    box = QRectF(rect).adjusted(inset, inset, -inset, -inset)
    if kind == "code":
        box.adjust(0, 1, 0, -1)
    radius = theme().radius("tag") if kind == "code" else box.height() / 2
    painter.setPen(pen)
    painter.setBrush(theme().color(look.fill) if look.fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, radius, radius)


def _outline(kind: ChipKind, look: _Look) -> QPen:
    if not look.line:
        tinted = look.fill.endswith(".tint") and theme().high_contrast
        return QPen(theme().color(look.text), 1) if tinted else QPen(Qt.PenStyle.NoPen)
    color = theme().color(look.line)
    if kind == "code":
        color.setAlphaF(0.5)
    return QPen(color, 1)


class ChipLabel(QWidget):
    """A chip as a widget of its own."""

    def __init__(self, chip: Chip, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chip = chip
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._dress)
        self._dress()

    def set_chip(self, chip: Chip) -> None:
        """Show another chip."""
        self._chip = chip
        self._dress()

    def set_text(self, text: Msg | str) -> None:
        """Show another text, the look as it is."""
        self.set_chip(replace(self._chip, text=text))

    def sizeHint(self) -> QSize:
        return QSize(chip_width(self._chip), chip_height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_chip(QPainter(self), self.rect(), self._chip, self.layoutDirection())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        tip = tr(self._chip.tip) if self._chip.tip is not None else ""
        self.setToolTip(tip)
        self.setAccessibleName(tip or self._chip.words())
        self.updateGeometry()
        self.update()
