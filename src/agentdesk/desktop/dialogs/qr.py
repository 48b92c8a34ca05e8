"""Pictures that a phone can read (QR codes, ISO/IEC 18004)."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPixmap

__all__ = ["qr_picture"]

_QUIET = 4
"""Modules of white around it, as the standard asks."""
_DARK, _WHITE = 0xFF000000, 0xFFFFFFFF


def qr_picture(text: str, side: int, dpr: float = 1.0) -> QPixmap:
    """Return ``text`` as a square of at most ``side`` pixels: dark on white in every theme, or phones would
    not read it. ``dpr`` is how many dots of the screen a pixel has."""
    import segno  # not before somebody asks for a picture

    rows = list(segno.make(text, micro=False).matrix_iter(border=_QUIET))
    image = QImage(len(rows), len(rows), QImage.Format.Format_Grayscale8)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            image.setPixel(x, y, _DARK if dark else _WHITE)
    dots = max(1, int(side * dpr) // len(rows)) * len(rows)
    whole = image.scaled(QSize(dots, dots), Qt.AspectRatioMode.IgnoreAspectRatio)
    picture = QPixmap.fromImage(whole)
    picture.setDevicePixelRatio(dpr)
    return picture
