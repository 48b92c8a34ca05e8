"""Making a small picture of what somebody chose as theirs, and keeping it.

Whatever the file held besides pixels (place and time of a photo, comments, a second file behind it) is gone
afterwards: the pixels are drawn onto a new, white square, and that is written as a JPEG.
"""

from __future__ import annotations

import asyncio
import io
import struct
import threading
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.domain.portraits import KINDS, MOST_PIXELS, SIDE, check_portrait
from agentdesk.store import blobs
from agentdesk.store.tables import portrait
from agentdesk.store.unit import ServerUnit

if TYPE_CHECKING:
    from PIL import Image as Images

__all__ = ["made_portrait", "put_portrait"]

_QUALITY = 90
_ONE = threading.Lock()
"""Unpacking takes 80 MB for a moment."""
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, OverflowError, struct.error)
"""What the library raises for files that are not what they say."""


async def made_portrait(content: bytes) -> bytes:
    """Return the JPEG, :data:`SIDE` pixels wide and high, that is cut out of the middle of a picture. Raises
    Invalid with a sentence for what is none, damaged, too large, or moves."""
    check_portrait(content)
    return await asyncio.to_thread(_drawn, content)


async def put_portrait(conn: AsyncConnection, user_id: UUID, content: bytes | None) -> None:
    """Keep what :func:`made_portrait` gave as a person's picture, or (None) take theirs away."""
    values = {"digest": None if content is None else blobs.hash_of(content), "content": content}
    unit = ServerUnit(conn)
    known = await conn.scalar(select(portrait.c.id).where(portrait.c.id == user_id).with_for_update())
    if known is None:
        await unit.insert(portrait, [{"id": user_id, **values}])
    else:
        await unit.update(portrait, user_id, values)
    await unit.flush()


def _drawn(content: bytes) -> bytes:
    from PIL import Image  # its library costs 30 ms, and most servers never need it

    kinds = [kind.partition("/")[2] for kind in KINDS]
    try:
        with _ONE, Image.open(io.BytesIO(content), formats=kinds) as opened:
            _check(opened)
            opened.draft("RGB", (2 * SIDE, 2 * SIDE))
            square = _square(opened)
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise Invalid(msg("The picture is damaged or cut off."), msg("Choose another file.")) from error
    written = io.BytesIO()
    square.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()


def _check(opened: Images.Image) -> None:
    """Judge anew by what the library has read: it may believe another part of the file than we did."""
    if opened.width * opened.height > MOST_PIXELS:
        raise ValueError("too many pixels")
    if opened.format in ("PNG", "WEBP") and getattr(opened, "is_animated", False):
        raise Invalid(msg("Moving pictures cannot be used."), msg("Choose another file."))


def _square(opened: Images.Image) -> Images.Image:
    """The middle of a picture, upright, on white."""
    from PIL import Image, ImageOps

    whole = opened if opened.mode in ("RGB", "RGBA") else opened.convert("RGBA")
    side = min(whole.size)
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    box = (left, top, left + side, top + side)
    small = whole.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    upright = ImageOps.exif_transpose(small).convert("RGBA")
    square = Image.new("RGB", (SIDE, SIDE), "white")
    square.paste(upright, mask=upright.getchannel("A"))
    return square
