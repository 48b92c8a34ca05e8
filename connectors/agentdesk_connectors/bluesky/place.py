"""Where reading has got to: the cursor of a Bluesky account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agentdesk.sdk.inbound import Cursor
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.naming import POSTS, Uri, read_uri

__all__ = ["MOST_WATCHED", "Place", "begun", "read_place"]

MOST_WATCHED = 50
"""Posts that are looked at again, since nobody tells of deletions: the newest ones."""
_TEXTS = ("page", "log", "fill")
_MOMENTS = ("after", "floor", "newest", "searched")


@dataclass(frozen=True, slots=True)
class Place:
    """Every notification up to ``after`` has been handed over, and nothing before ``floor`` counts.

    While a gap is being filled, from the newest page backwards, ``page`` is the service's cursor of the next
    one and ``newest`` what ``after`` becomes at its end. ``log`` is the place in the log of private messages
    ("": not begun), ``fill`` the service's cursor while talks are listed ("": done; "-": the first page).
    Posts up to ``searched`` have been looked through for the watch list. ``watched`` are the newest posts
    that were handed over, each with why it came and what was known of it (`posts.stamp`).
    """

    floor: datetime
    after: datetime
    page: str = ""
    newest: datetime | None = None
    log: str = ""
    fill: str = ""
    searched: datetime | None = None
    watched: Mapping[str, str] = field(default_factory=dict)

    def cursor(self) -> dict[str, object]:
        """Return it as JSON values."""
        values: dict[str, object] = {name: getattr(self, name) for name in _TEXTS if getattr(self, name)}
        moments = {name: getattr(self, name) for name in _MOMENTS}
        values |= {name: at.isoformat() for name, at in moments.items() if at is not None}
        return values | {"watched": [[_short(uri), stamp] for uri, stamp in self.watched.items()]}

    def with_posts(self, posts: Mapping[str, str]) -> Place:
        """Return it with ``posts`` (stamps by URI) watched too; the oldest ones fall out."""
        watched = {**self.watched, **posts}
        return replace(self, watched=dict(list(watched.items())[-MOST_WATCHED:]))

    def without(self, gone: set[str]) -> Place:
        """Return it with some posts watched no more."""
        return replace(self, watched={uri: one for uri, one in self.watched.items() if uri not in gone})


def begun(history: str, now: datetime) -> Place:
    """Return where a first reading begins, by the account's setting."""
    if history == "all":
        floor = datetime.fromtimestamp(0, now.tzinfo)
    else:
        floor = now - timedelta(days=int(history.partition(":")[2] or 0))
    return Place(floor=floor, after=floor)


def read_place(cursor: Cursor) -> Place | None:
    """Return the place in ``cursor``; None where there is none."""
    moments = {name: fields.moment(cursor, name) for name in _MOMENTS}
    after, floor = moments["after"], moments["floor"]
    if after is None or floor is None:
        return None
    pairs = cursor.get("watched")
    watched = {
        _whole(pair[0]): str(pair[1])[:50]
        for pair in (pairs if isinstance(pairs, list) else [])
        if isinstance(pair, list | tuple) and len(pair) == 2
    }
    texts = {name: fields.text(cursor, name, 1_000) for name in _TEXTS}
    return Place(
        floor=floor,
        after=after,
        newest=moments["newest"],
        searched=moments["searched"],
        watched={uri: stamp for uri, stamp in watched.items() if uri},
        **texts,
    )


def _short(uri: str) -> str:
    found = read_uri(uri)
    return f"{found.did}/{found.rkey}" if found else ""


def _whole(short: object) -> str:
    did, _, rkey = str(short).partition("/")
    uri = str(Uri(did, POSTS, rkey))
    return uri if read_uri(uri) else ""
