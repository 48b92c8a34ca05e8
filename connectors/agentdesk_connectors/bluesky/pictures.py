"""How wide and high a picture is, so that it is shown in its own shape: read from its first bytes.

Written from the PNG specification (IHDR), GIF89a (logical screen), and ITU-T T.81 (SOF of JPEG).
"""

from __future__ import annotations

import struct

__all__ = ["shape_of"]

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_MOST = 65_535


def shape_of(content: bytes) -> dict[str, int] | None:
    """Return the width and height of a picture, as app.bsky.embed.defs#aspectRatio names them; None where
    they cannot be told."""
    try:
        width, height = _size(content)
    except struct.error:
        return None
    return {"width": width, "height": height} if 0 < width <= _MOST and 0 < height <= _MOST else None


def _size(content: bytes) -> tuple[int, int]:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack_from(">II", content, 16)
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return struct.unpack_from("<HH", content, 6)
    return _jpeg(content) if content.startswith(b"\xff\xd8") else (0, 0)


def _jpeg(content: bytes) -> tuple[int, int]:
    """Go from marker to marker up to the one that begins the frame."""
    place = 2
    while True:
        lead, marker, length = struct.unpack_from(">BBH", content, place)
        if lead != 0xFF or length < 2:
            return 0, 0
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, place + 5)
            return width, height
        place += 2 + length
