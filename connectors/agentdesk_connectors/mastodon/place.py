"""Where reading has got to: the cursor of a Mastodon account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agentdesk.sdk.inbound import Cursor
from agentdesk_connectors import fields

__all__ = ["MOST_WATCHED", "Place", "history_begins", "read_place"]

MOST_WATCHED = 40
"""Posts that are looked at again, since nobody tells of edits while we are away: the newest ones."""


@dataclass(frozen=True, slots=True)
class Place:
    """Every notification up to the number ``after`` has been handed over ("0": none yet). ``watched`` are
    the newest posts handed over, oldest first, each with the moment of its last edit as the server wrote it.
    ``since`` is from when on history counts, as long as it is being read. ``heard`` is the newest post seen
    of each source that is watched."""

    after: str
    watched: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    heard: Mapping[str, str] = field(default_factory=dict)

    def cursor(self) -> dict[str, object]:
        """Return it as JSON values."""
        values: dict[str, object] = {"after": self.after, "watched": [list(p) for p in self.watched.items()]}
        if self.since is not None:
            values["since"] = self.since.isoformat()
        if self.heard:
            values["heard"] = dict(self.heard)
        return values

    def with_posts(self, posts: Mapping[str, str]) -> Place:
        """Return it with ``posts`` watched too, or known to have been edited; the oldest ones fall out."""
        watched = {**self.watched, **posts}
        newest = list(watched.items())[-MOST_WATCHED:]
        return replace(self, watched=dict(newest))

    def without(self, post: str) -> Place:
        """Return it with a post watched no more."""
        return replace(self, watched={one: at for one, at in self.watched.items() if one != post})


def read_place(cursor: Cursor | None, history: str, now: datetime) -> Place | None:
    """Return the place in ``cursor``; None: this is the first reading, and what there was does not count."""
    if cursor and fields.token(cursor, "after"):
        pairs = cursor.get("watched")
        watched = {
            fields.token(pair[0]): str(pair[1])[:50]
            for pair in (pairs if isinstance(pairs, list) else [])
            if isinstance(pair, list | tuple) and len(pair) == 2 and fields.token(pair[0])
        }
        heard = {
            source: fields.token(mark)
            for source, mark in fields.inner(cursor, "heard").items()
            if fields.token(mark)
        }
        return Place(fields.token(cursor, "after"), watched, fields.moment(cursor, "since"), heard)
    return None if history == "now" else Place("0", since=history_begins(history, now))


def history_begins(history: str, now: datetime) -> datetime | None:
    """Return from when on what was there before counts; None: all of it."""
    if history == "now":
        return now
    days = int(history.partition(":")[2] or 0)
    return now - timedelta(days=days) if days else None
