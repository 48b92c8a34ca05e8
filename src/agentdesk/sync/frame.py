"""The base of all frames between a desk and its server."""

from __future__ import annotations

import msgspec

__all__ = ["Frame"]


class Frame(msgspec.Struct, frozen=True, tag_field="t", kw_only=True):
    """Base of everything that travels."""
