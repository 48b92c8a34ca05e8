"""What the invented customers of the invented shop write: read from ``resources/seed/shop.json``."""

from __future__ import annotations

import struct
import zlib
from functools import cache

import msgspec

from agentdesk.base.paths import resource

SUPPORT = "support@larkfield.example"
SUPPORT_NAME = "Larkfield Home"
BOUNCE_AFTER = 3.6
"""When a failed delivery of an older mail of the shop comes back (seconds from the start)."""


class Letter(msgspec.Struct, frozen=True):
    """One customer's first letter. ``after`` is when it is sent (seconds from the start); ``follow_up`` is
    what they write once they were answered. ``away``: an automatic reply answers instead of them.
    ``full``: their mailbox takes nothing, so an answer bounces. ``files`` are names of :func:`content_of`."""

    name: str
    address: str
    subject: str
    text: str
    after: float
    html: str = ""
    files: tuple[str, ...] = ()
    follow_up: str = ""
    away: bool = False
    full: bool = False


class Chat(msgspec.Struct, frozen=True):
    """One visitor of the shop's website who asks in the chat, ``after`` seconds from when it opens, on
    ``page``; ``follow_up`` is what they write once they were answered."""

    name: str
    language: str
    time_zone: str
    page: str
    title: str
    text: str
    after: float
    follow_up: str = ""


class Template(msgspec.Struct, frozen=True):
    """One reply template in one language."""

    name: str
    shortcut: str
    language: str
    body: str


class Shop(msgspec.Struct, frozen=True):
    """All that is invented."""

    letters: tuple[Letter, ...]
    chats: tuple[Chat, ...]
    templates: tuple[Template, ...]


@cache
def shop() -> Shop:
    """Return the invented shop."""
    return msgspec.json.decode(resource("seed/shop.json").read_bytes(), type=Shop)


def content_of(name: str) -> tuple[str, bytes]:
    """Return media type and content of an attached file."""
    if name == "hallway.png":
        return "image/png", _picture(480, 320, (196, 160, 118), (112, 78, 48))
    if name == "chair-leg.png":
        return "image/png", _picture(360, 360, (90, 104, 120), (214, 206, 190))
    return "text/plain", b"Invoice 4390\nAsh chair, 1 piece\nTotal 212.00 GBP\n"


def _picture(width: int, height: int, start: tuple[int, int, int], end: tuple[int, int, int]) -> bytes:
    """A small PNG with a slanted gradient (PNG specification, colour type 2)."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            share = (x / width + y / height) / 2
            rows += bytes(round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
