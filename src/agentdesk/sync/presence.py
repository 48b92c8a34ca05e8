"""Who is at a conversation: words shared by server, desk and screen. Told while it lasts, stored nowhere."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

__all__ = ["Other", "Writing"]

Writing = Literal["", "reply", "note"]
"""What somebody is typing; empty: they only look."""


class Other(msgspec.Struct, frozen=True):
    """Somebody who is at a conversation, and what they are writing there; ``watching``: they supervise, and
    do not count as reading it. ``text`` is what a customer has typed and not sent yet, where that may be
    seen; nobody keeps it."""

    user_id: UUID
    writing: Writing = ""
    watching: bool = False
    text: str = ""
