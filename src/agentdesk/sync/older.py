"""What a desk wants of the conversations that it does not keep, and what it gets."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from agentdesk.queries.rows import View

__all__ = ["OlderPage", "OlderWish"]


class OlderWish(msgspec.Struct, frozen=True, kw_only=True):
    """A page of those that were resolved and silent for longer than desks keep them, the newest first: in
    ``view`` (``resolved`` or ``search``), or with the customer ``contact_id``. Or ``ids``: just these,
    whatever they are like. Or nothing, with ``anew``: the desk is about to drop what it has no use for, and
    whatever changes in it later is to come whole.

    ``after`` is what the page before gave as ``following``.
    """

    view: View | None = None
    contact_id: UUID | None = None
    ids: tuple[UUID, ...] = ()
    after: str = ""
    anew: bool = False


class OlderPage(msgspec.Struct, frozen=True, kw_only=True):
    """The conversations found, in order: they are on the desk now. ``following`` asks for the next page; it
    is empty where there is none. ``back_to``: a search for very common words has come so far, and found less
    than a page."""

    ids: tuple[UUID, ...] = ()
    following: str = ""
    back_to: datetime | None = None
