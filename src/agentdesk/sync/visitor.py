"""Somebody who is on the site and agreed to be seen."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

__all__ = ["SiteVisitor"]


class SiteVisitor(msgspec.Struct, frozen=True, kw_only=True):
    """``site`` is the name of the widget; what comes from the browser is plain text, whatever it says.

    ``state``: ``free`` (may be invited), ``asked`` (by an agent; the page has not shown it yet), ``invited``
    (the page shows or showed an invitation), ``closed`` (they closed one), ``chat``. ``invited_by`` is the
    agent who asked.
    ``conversation_id`` is their chat while it goes on, ``waiting_since`` when they began to wait in it.
    """

    id: UUID
    inbox_id: UUID
    site: str
    came_at: datetime
    page_at: datetime
    url: str = ""
    title: str = ""
    referrer: str = ""
    language: str = ""
    time_zone: str = ""
    browser: str = ""
    system: str = ""
    returning: bool = False
    pages: int = 1
    state: str = "free"
    invited_by: str = ""
    conversation_id: UUID | None = None
    waiting_since: datetime | None = None
