"""Names: Instagram numbers comments, media and people apart from each other; ours say which it is."""

from __future__ import annotations

__all__ = ["COMMENT", "KIND", "MEDIA", "MENTION", "MESSAGE", "REACTION", "STORY", "TALK", "named", "the"]

KIND = "instagram"
"""The kind of address that people have: their number for this account (an Instagram-scoped id)."""

COMMENT, MEDIA, MENTION, MESSAGE = "comment", "media", "mention", "message"
REACTION, STORY, TALK = "reaction", "story", "talk"


def named(kind: str, *numbers: str) -> str:
    """Return the name of a thing for ever; "" where it has no number."""
    return "/".join((kind, *numbers)) if all(numbers) else ""


def the(kind: str, external_id: str) -> str:
    """Return the number in the name of a ``kind``; "" for a name of something else."""
    begin, _, number = external_id.partition("/")
    return number if begin == kind else ""
