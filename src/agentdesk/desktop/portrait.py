"""From what a person chooses as their picture to what is sent to the server, and how it will look."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Qt
from PySide6.QtGui import QImage

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.desktop.views.messages.pictures import as_png, decode
from agentdesk.domain.portraits import MOST_BYTES, check_portrait

__all__ = ["offered_picture", "prepared", "prepared_of"]

_MOST_BYTES_HERE = 30_000_000
_SIDE = 512
"""Pixels of what is sent in place of a larger file: more than the server keeps."""


def offered_picture(offered: QMimeData) -> Path | QImage | None:
    """Return what is dropped or pasted where it may be a picture: a file of this computer, or pixels."""
    files = [url.toLocalFile() for url in offered.urls() if url.isLocalFile()]
    if files:
        return Path(files[0])
    image = offered.imageData() if offered.hasImage() else None
    return image if isinstance(image, QImage) and not image.isNull() else None


def prepared_of(source: Path | QImage) -> tuple[bytes, QImage]:
    """Return what :func:`prepared` makes of a file, or of pixels. Blocks. Raises Invalid."""
    return prepared(as_png(_square(source)) if isinstance(source, QImage) else _read(source))


def _read(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            content = file.read(_MOST_BYTES_HERE + 1)
    except OSError as error:
        raise Invalid(
            msg("The file {name} cannot be read.", name=source.name),
            msg("Check that it exists and that you may open it."),
        ) from error
    if len(content) > _MOST_BYTES_HERE:
        raise Invalid(msg("The file {name} is too large.", name=source.name), msg("Choose another file."))
    return content


def prepared(content: bytes) -> tuple[bytes, QImage]:
    """Return what is sent of a picture, and its middle as it will be shown. A file that is larger than the
    server takes becomes a smaller one. Blocks. Raises Invalid with a sentence for what cannot be used."""
    check_portrait(content[:MOST_BYTES])
    picture = _square(decode(content))
    if picture.isNull():
        raise Invalid(msg("The picture is damaged or cut off."), msg("Choose another file."))
    return (content if len(content) <= MOST_BYTES else as_png(picture)), picture


def _square(picture: QImage) -> QImage:
    """The middle of a picture, at most 512 pixels wide."""
    side = min(picture.width(), picture.height())
    cut = picture.copy((picture.width() - side) // 2, (picture.height() - side) // 2, side, side)
    if side <= _SIDE:
        return cut
    smooth = Qt.TransformationMode.SmoothTransformation
    return cut.scaled(QSize(_SIDE, _SIDE), Qt.AspectRatioMode.KeepAspectRatio, smooth)
