"""Where reading has got to: the cursor of a page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agentdesk.sdk.inbound import Cursor
from agentdesk_connectors import fields
from agentdesk_connectors.meta.hooks import moment_of

__all__ = ["MOST_WATCHED", "OVERLAP", "Place", "mark", "read_place"]

OVERLAP = timedelta(minutes=3)
"""How far back is read again: not everything is listed at once, and times are told in seconds."""
MOST_WATCHED = 40
"""Comments that are looked at again for changes which no call has told of: the newest ones."""
_MOST_SEEN = 400


def mark(source_id: str) -> str:
    """Return what recognises an item, in few letters."""
    return hashlib.sha256(source_id.encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Place:
    """Everything up to ``until`` has been handed over; of what came in the `OVERLAP` before it ``seen`` are
    the marks, each with its time. Nothing from before ``begin`` counts. ``watched`` are the newest comments,
    oldest first, each with what tells its text. While a long way is read, ``feed`` and ``talks`` are the
    cursors of the next pages ("": that one is done) and ``newest`` is where ``until`` will be."""

    until: datetime | None = None
    begin: datetime | None = None
    seen: Mapping[str, datetime] = field(default_factory=dict)
    watched: Mapping[str, str] = field(default_factory=dict)
    feed: str = ""
    talks: str = ""
    newest: datetime | None = None

    @property
    def floor(self) -> datetime | None:
        """From when on things count (None: all do)."""
        since = self.until - OVERLAP if self.until is not None else None
        return max((one for one in (since, self.begin) if one is not None), default=None)

    def with_seen(self, marks: Mapping[str, datetime], newest: datetime | None) -> Place:
        """Return it with items handed over, the ``newest`` of them written then by the network's clock."""
        latest = max((one for one in (self.newest, self.until, newest) if one), default=None)
        return replace(self, seen={**self.seen, **marks}, newest=latest)

    def with_watched(self, texts: Mapping[str, str]) -> Place:
        """Return it with comments watched too, or known to say something else; the oldest ones fall out."""
        return replace(self, watched=dict([*{**self.watched, **texts}.items()][-MOST_WATCHED:]))

    def without(self, external_id: str) -> Place:
        """Return it with a comment watched no more."""
        return replace(self, watched={one: at for one, at in self.watched.items() if one != external_id})

    def arrived(self) -> Place:
        """Return it at the end of the way."""
        until = self.newest or self.until
        kept = [(one, at) for one, at in self.seen.items() if until is None or at >= until - OVERLAP]
        newest = sorted(kept, key=lambda pair: pair[1])[-_MOST_SEEN:]
        return replace(self, until=until, seen=dict(newest), feed="", talks="", newest=None)

    def cursor(self) -> dict[str, object]:
        """Return it as JSON values."""
        values: dict[str, object] = {
            "seen": [[one, int(at.timestamp())] for one, at in self.seen.items()],
            "watched": [list(pair) for pair in self.watched.items()],
        }
        for name in ("until", "begin", "newest"):
            if (moment := getattr(self, name)) is not None:
                values[name] = moment.isoformat()
        for name in ("feed", "talks"):
            if page := getattr(self, name):
                values[name] = page
        return values


def read_place(cursor: Cursor | None, history: str, now: datetime) -> Place:
    """Return the place in ``cursor``; without one, where the history begins."""
    if cursor is not None:
        seen = {one: at for one, text in _pairs(cursor, "seen") if (at := _moment(text)) is not None}
        return Place(
            until=fields.moment(cursor, "until"),
            begin=fields.moment(cursor, "begin"),
            seen=seen,
            watched=dict(_pairs(cursor, "watched")),
            feed=fields.text(cursor, "feed", 1_000),
            talks=fields.text(cursor, "talks", 1_000),
            newest=fields.moment(cursor, "newest"),
        )
    if history == "now":
        return Place(begin=now.replace(microsecond=0))
    days = int(history.partition(":")[2] or 0)
    return Place(begin=now - timedelta(days=days) if days else None)


def _pairs(cursor: Cursor, name: str) -> list[tuple[str, str]]:
    found = cursor.get(name)
    return [
        (str(pair[0])[:400], str(pair[1])[:50])
        for pair in (found if isinstance(found, list) else [])
        if isinstance(pair, list | tuple) and len(pair) == 2
    ]


def _moment(text: str) -> datetime | None:
    return moment_of(int(text)) if text.isascii() and text.isdigit() else None
