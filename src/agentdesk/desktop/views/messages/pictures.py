"""Decoding pictures of strangers: four formats, recognised by their first bytes, within limits of memory; and
writing pixels of our own."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QImageWriter

__all__ = ["MAX_PIXELS", "as_png", "decode", "picture_format"]

MAX_PIXELS = 20_000_000
_ALLOCATION_MB = 128
_MAX_BYTES = 30_000_000


def picture_format(content: bytes) -> str:
    """Return which format ``content`` really is (png, jpeg, gif, webp), empty for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return ""


def decode(content: bytes, within: QSize | None = None) -> QImage:
    """Return the picture in ``content``, scaled down to fit ``within`` (pixels).

    A null image where it is none of the four formats, damaged, or larger than 20 megapixels.
    """
    name = picture_format(content)
    if not name or len(content) > _MAX_BYTES:
        return QImage()
    QImageReader.setAllocationLimit(_ALLOCATION_MB)
    data = QByteArray(content)
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(name.encode()))
    reader.setAutoDetectImageFormat(False)
    reader.setDecideFormatFromContent(False)
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > MAX_PIXELS:
        return QImage()
    if within is not None and (size.width() > within.width() or size.height() > within.height()):
        reader.setScaledSize(size.scaled(within, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def as_png(picture: QImage) -> bytes:
    """Return a picture as a PNG file."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(picture)
    return bytes(data.data())
