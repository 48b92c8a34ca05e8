"""Who is at a conversation: words shared by server, desk and screen. Told while it lasts, stored nowhere."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

__all__ = ["Other", "Writing"]

Writing = Literal["", "reply", "note"]
"""What somebody is typing; empty: they only look."""


class Other(msgspec.Struct, frozen=True):
    """A colleague who has a conversation open, and what they are writing there."""

    user_id: UUID
    writing: Writing = ""
