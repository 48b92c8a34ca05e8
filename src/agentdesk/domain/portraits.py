"""Pictures of the people of the team: what may become one, as far as its first bytes tell."""

from __future__ import annotations

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.domain.uploads import raster_of, runs

__all__ = ["ADDRESS", "KINDS", "MOST_BYTES", "MOST_PIXELS", "SIDE", "check_portrait"]

ADDRESS = "/chat/v1/pictures"
"""Below which path of the server pictures lie, by their SHA-256."""
SIDE = 128
"""How wide and high a picture is kept, in pixels."""
MOST_BYTES = 2_000_000
KINDS = ("image/png", "image/jpeg", "image/webp")
MOST_PIXELS = 20_000_000
_GOOD_ONES = msg("Choose a PNG, JPEG or WebP file.")


def check_portrait(content: bytes) -> str:
    """Return which of :data:`KINDS` a picture is that was chosen. Raises Invalid with a sentence for what
    cannot become one: too large, drawn, of another kind, or with more pixels than are worth unpacking."""
    if len(content) > MOST_BYTES:
        raise Invalid(msg("A picture can have 2 MB at most."), _GOOD_ONES)
    raster = raster_of(content)
    if raster is None or raster.media_type not in KINDS:
        raise Invalid(_why_not(content), _GOOD_ONES)
    if raster.width * raster.height > MOST_PIXELS:
        raise Invalid(
            msg("The picture has too many pixels."), msg("It can be 5,000 pixels wide and 4,000 high.")
        )
    return raster.media_type


def _why_not(content: bytes) -> Msg:
    if content.startswith((b"GIF87a", b"GIF89a")):
        return msg("A GIF cannot be used.")
    if b"<svg" in content[:1024].lower():
        return msg("A drawing (SVG) cannot be used.")
    if runs("", "", content[:512]):
        return msg("This file is no picture.")
    return msg("This file is no picture that can be used.")
