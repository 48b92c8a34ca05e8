"""Files that strangers send: by which name and kind they are kept, and which are not taken at all.

What a page says of a file is believed only where nothing depends on it: whether it is a picture is read from
its first bytes, so that a picture is never anything else, and nothing that a browser runs is taken.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import dataclass

__all__ = ["BINARY", "RASTER", "Raster", "clean_name", "kept_type", "raster_of", "runs"]

BINARY = "application/octet-stream"
RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Pictures that browsers show and that can hold nothing to run."""
_MOST_PIXELS = 40_000_000
_LONGEST_SIDE = 20_000
_LONGEST_NAME = 150
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,90}")
_RUN_TYPES = frozenset(
    [
        "text/html",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/javascript",
        "application/javascript",
        "text/xml",
        "application/xml",
        "application/x-msdownload",
        "application/x-sh",
        "application/hta",
    ]
)
_RUN_ENDS = frozenset(
    [
        "html",
        "htm",
        "xhtml",
        "xht",
        "shtml",
        "mht",
        "mhtml",
        "svg",
        "svgz",
        "xml",
        "xsl",
        "js",
        "mjs",
        "hta",
        "exe",
        "com",
        "scr",
        "pif",
        "bat",
        "cmd",
        "msi",
        "ps1",
        "psm1",
        "vbs",
        "vbe",
        "wsf",
        "wsh",
        "jse",
        "jar",
        "lnk",
        "dll",
        "cpl",
        "app",
        "command",
        "sh",
        "desktop",
        "apk",
        "reg",
        "scf",
        "url",
    ]
)
_MARKUP = (b"<!doctype html", b"<html", b"<svg", b"<script", b"<?xml", b"<head", b"<body", b"<iframe")
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!")
_WEBP_HEAD = 30
_NOT_SIZED = frozenset({0xC4, 0xC8, 0xCC})


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture as its first bytes describe it; sides in pixels."""

    media_type: str
    width: int
    height: int

    @property
    def harmless(self) -> bool:
        """Whether unpacking it takes no more memory than a photo does."""
        sides = self.width, self.height
        return min(sides) > 0 and max(sides) <= _LONGEST_SIDE and self.width * self.height <= _MOST_PIXELS


def clean_name(given: str) -> str:
    """Return a file's name without a path, invisible signs and what turns the direction of writing."""
    name = given.replace("\\", "/").rpartition("/")[2]
    shown = "".join(c if unicodedata.category(c)[0] != "C" else "" for c in name)
    whole = " ".join(shown.split()).strip(". ")
    stem, dot, end = whole.rpartition(".")
    if not dot or len(end) > 12:
        stem, dot, end = whole, "", ""
    return (stem[: _LONGEST_NAME - len(end)].rstrip() + dot + end) or "file"


def runs(name: str, media_type: str, head: bytes) -> bool:
    """Say whether a browser or a computer might run it: by its name, by what it calls itself, or by how it
    begins (``head``, a few hundred bytes)."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    by_name = name.lower().rpartition(".")[2] in _RUN_ENDS
    return (
        by_name or _plain(media_type) in _RUN_TYPES or start.startswith(_MARKUP) or head.startswith(_PROGRAMS)
    )


def kept_type(claimed: str, content: bytes) -> str:
    """Return the media type under which a content is kept: a picture only where it is one, and a harmless
    one; else what it is said to be, where that can be a type at all."""
    raster = raster_of(content)
    if raster is not None:
        return raster.media_type if raster.harmless else BINARY
    plain = _plain(claimed)
    return plain if _TYPE.fullmatch(plain) and not plain.startswith("image/") else BINARY


def raster_of(content: bytes) -> Raster | None:
    """Return what picture a content is; None where it is none that we know, or it is cut off."""
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
            return Raster("image/png", *struct.unpack(">II", content[16:24]))
        if content[:6] in (b"GIF87a", b"GIF89a"):
            return Raster("image/gif", *struct.unpack("<HH", content[6:10]))
        if content[:3] == b"\xff\xd8\xff":
            return _jpeg(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        pass
    return None


def _jpeg(content: bytes) -> Raster | None:
    """By its frame header (ITU T.81, B.2.2)."""
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_SIZED:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return Raster("image/jpeg", width, height)
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        at += 2 + length
    return None


def _webp(content: bytes) -> Raster | None:
    """By its first chunk (RFC 9649)."""
    kind = content[12:16] if len(content) >= _WEBP_HEAD else b""
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[i : i + 3], "little") + 1 for i in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", content[26:30]))
    else:
        return None
    return Raster("image/webp", width, height)


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
