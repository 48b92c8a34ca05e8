"""Start and end instead of left and right, quickly: what delegates ask for many times per row.

``QStyle.visualRect`` and joining enumerations cost more in Python than the painting itself.
"""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt

__all__ = ["AT_END", "AT_START", "mirrored"]

_LTR, _RTL = Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft
_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
_LEFT, _RIGHT = int(Qt.AlignmentFlag.AlignLeft | _MIDDLE), int(Qt.AlignmentFlag.AlignRight | _MIDDLE)

AT_START = {_LTR: _LEFT, _RTL: _RIGHT}
"""Flags for ``drawText`` by direction: at the start edge, in the middle of the height."""
AT_END = {_LTR: _RIGHT, _RTL: _LEFT}
"""The same at the end edge."""


def mirrored(direction: Qt.LayoutDirection, whole: QRect, part: QRect) -> QRect:
    """``part`` of ``whole``, measured from the start edge, as it lies on screen."""
    if direction is _LTR or direction == _LTR:
        return part
    return part.translated(whole.left() + whole.right() - part.left() - part.right(), 0)
