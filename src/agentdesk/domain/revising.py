"""What was sent and is changed or taken back: for how long that goes, and what is remembered of it.

A message's ``revision`` is None, or ``{"state": "edited", "at", "earlier": [{"text", "at"}, …]}`` with what
it said before, oldest first, or ``{"state": "deleted", "at", "by"}``: then nothing that it said is kept.
Under a legal hold that has ``earlier``, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

__all__ = ["DELETED", "EDITED", "REVISABLE", "after_deletion", "after_edit", "is_deleted", "may_revise"]

EDITED = "edited"
DELETED = "deleted"
REVISABLE = timedelta(minutes=5)
"""How long after it was sent a message can be changed by who wrote it."""
_MOST_EARLIER = 20


def may_revise(sent_at: datetime, now: datetime) -> bool:
    """Say whether a message that was sent at ``sent_at`` can still be changed."""
    return now - sent_at <= REVISABLE


def is_deleted(revision: Mapping[str, Any] | None) -> bool:
    """Say whether a message was taken back."""
    return revision is not None and revision.get("state") == DELETED


def after_edit(
    before: Mapping[str, Any] | None, text: str, written_at: datetime, now: datetime
) -> dict[str, Any]:
    """Return the revision of a message that said ``text`` until ``now``; it was first written at
    ``written_at``."""
    earlier = list(before.get("earlier") or ()) if before else []
    since = str(before["at"]) if before else written_at.isoformat()
    earlier.append({"text": text, "at": since})
    return {"state": EDITED, "at": now.isoformat(), "earlier": earlier[-_MOST_EARLIER:]}


def after_deletion(now: datetime, by: str = "") -> dict[str, Any]:
    """Return the revision of a message that was taken back, ``by`` somebody else than its author."""
    return {"state": DELETED, "at": now.isoformat(), **({"by": by} if by else {})}
