"""Where a visitor of web pages is and was: pages by visits, few enough to travel with a customer.

All of it is what a browser says: plain text, never more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

__all__ = ["Page", "Trail", "Visit", "read_trail", "went_to", "written"]

_AWAY = timedelta(minutes=30)
"""Who opens a page after so long is on another visit."""
_MOST_VISITS = 5
_MOST_PAGES = 20
_LONGEST_URL = 500
_LONGEST_TITLE = 200


class Page(msgspec.Struct, frozen=True):
    """A page that was opened at ``at``."""

    url: str
    title: str
    at: datetime


class Visit(msgspec.Struct, frozen=True):
    """Pages in the order in which they were opened; ``referrer`` led to the first of them."""

    pages: tuple[Page, ...]
    referrer: str = ""


class Trail(msgspec.Struct, frozen=True):
    """The latest visits, oldest first; ``count`` is how many there were in all. ``browser`` and ``system``
    are the program that was used last, as people call it."""

    visits: tuple[Visit, ...] = ()
    count: int = 0
    browser: str = ""
    system: str = ""
    language: str = ""
    time_zone: str = ""

    @property
    def page(self) -> Page | None:
        """The page that was opened last."""
        return self.visits[-1].pages[-1] if self.visits else None


def went_to(trail: Trail, url: str, title: str, referrer: str, at: datetime) -> Trail:
    """Return the trail of a visitor who has opened a page; the same one again changes nothing."""
    page = Page(url[:_LONGEST_URL], title[:_LONGEST_TITLE], at)
    last = trail.page
    if last is None or at - last.at > _AWAY:
        visits = (*trail.visits, Visit((page,), referrer[:_LONGEST_URL]))
        return msgspec.structs.replace(trail, visits=_latest(visits), count=trail.count + 1)
    if (last.url, last.title) == (page.url, page.title):
        return trail
    visit = trail.visits[-1]
    visits = (*trail.visits[:-1], msgspec.structs.replace(visit, pages=(*visit.pages, page)))
    return msgspec.structs.replace(trail, visits=_latest(visits))


def written(trail: Trail) -> dict[str, Any]:
    """Return a trail as it is stored and travels."""
    value: dict[str, Any] = msgspec.to_builtins(trail)
    return value


def read_trail(value: Mapping[str, Any] | None) -> Trail | None:
    """Return a stored trail; None where there is none, or a newer program wrote it otherwise."""
    if value is None:
        return None
    try:
        return msgspec.convert(value, Trail)
    except msgspec.ValidationError:
        return None


def _latest(visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """As many visits and pages as are kept, the oldest dropped."""
    kept: list[Visit] = []
    room = _MOST_PAGES
    for visit in reversed(visits[-_MOST_VISITS:]):
        pages = visit.pages[-room:] if room else ()
        if not pages:
            break
        kept.append(msgspec.structs.replace(visit, pages=pages))
        room -= len(pages)
    return tuple(reversed(kept))
