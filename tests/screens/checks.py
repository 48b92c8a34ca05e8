"""What a machine can see on a screen: cut texts, nameless controls, targets too small to hit."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QWidget

__all__ = ["complaints"]

SMALLEST_TARGET = 24 - 4
"""Pixels: targets are 24 with the gap around them (WCAG 2.2, 2.5.8)."""
_TOLERANCE = 2


def complaints(screen: QWidget) -> list[str]:
    """Everything wrong with the visible widgets of ``screen``, one line each."""
    found: list[str] = []
    for widget in _visible(screen):
        found += [f"{_name(widget)}: {wrong}" for wrong in _wrong_with(widget)]
    return found


def _visible(screen: QWidget) -> Iterator[QWidget]:
    return (widget for widget in screen.findChildren(QWidget) if widget.isVisibleTo(screen))


def _wrong_with(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QAbstractButton | QLineEdit | QComboBox) and not _is_part(widget):
        if not _spoken(widget):
            yield "has no accessible name"
        if isinstance(widget, QAbstractButton) and _is_too_small(widget):
            yield f"is too small to hit: {widget.width()} x {widget.height()}"
    if isinstance(widget, QLabel | QAbstractButton) and _is_cut(widget):
        yield f"cuts its text {widget.text()!r} ({widget.width()} of {_needed(widget)} pixels)"


def _is_part(widget: QWidget) -> bool:
    """Whether the widget is Qt's own inside of another one (the clear button of a field, a scroll arrow)."""
    parent = widget.parentWidget()
    return widget.objectName().startswith("qt_") or isinstance(parent, QLineEdit | QComboBox)


def _spoken(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    placeholder = widget.placeholderText() if isinstance(widget, QLineEdit) else ""
    return widget.accessibleName() or text or placeholder or _label_of(widget)


def _label_of(widget: QWidget) -> str:
    labels = widget.window().findChildren(QLabel)
    return next((label.text() for label in labels if label.buddy() is widget), "")


def _is_too_small(widget: QAbstractButton) -> bool:
    """Links in a line of text are exempt, as the guideline has it."""
    if widget.property("kind") == "link":
        return False
    return min(widget.width(), widget.height()) < SMALLEST_TARGET


def _is_cut(widget: QLabel | QAbstractButton) -> bool:
    if isinstance(widget, QLabel) and (widget.wordWrap() or not widget.pixmap().isNull()):
        return False
    return _needed(widget) > widget.contentsRect().width() + _TOLERANCE


def _needed(widget: QLabel | QAbstractButton) -> int:
    metrics = QFontMetrics(widget.font())
    lines = widget.text().replace("&&", "&").splitlines() or [""]
    words = max(metrics.boundingRect(QRect(), 0, line).width() for line in lines)
    icon = (
        widget.iconSize().width() if isinstance(widget, QAbstractButton) and not widget.icon().isNull() else 0
    )
    only_icon = isinstance(widget, QAbstractButton) and widget.property("kind") == "icon"
    return 0 if only_icon else words + icon


def _name(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.accessibleName() or widget.objectName()!r}"
