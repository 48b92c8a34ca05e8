"""Where reading has got to: the cursor of an account on X."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agentdesk.sdk.inbound import Cursor
from agentdesk_connectors import fields
from agentdesk_connectors.x.naming import id_at, is_id, moment_of

__all__ = ["MOST_WATCHED", "WATCHED_DAYS", "Place", "read_place"]

MOST_WATCHED = 100
"""Posts that are looked at again, since X tells nobody of edits and deletions: as many as one call names."""
WATCHED_DAYS = 7
"""For how long; X counts a post that is read again on another day as another read."""
_SKEW = timedelta(minutes=1)
"""By how much our clock may be ahead of X's."""


@dataclass(frozen=True, slots=True)
class Place:
    """Everything up to the numbers ``mentions``, ``messages`` and ``found`` (by the watch list) has been
    handed over. Messages may be in the middle of a long way back: then ``page`` is X's name of the next page,
    and ``top`` where the way began. ``posts`` are the newest posts handed over, oldest first, by the number
    of their first version, each with that of its last one."""

    mentions: str
    messages: str
    found: str
    page: str = ""
    top: str = ""
    posts: Mapping[str, str] = field(default_factory=dict)

    def cursor(self) -> dict[str, object]:
        """Return it as JSON values."""
        values: dict[str, object] = {
            "mentions": self.mentions,
            "messages": self.messages,
            "found": self.found,
            "posts": [one if one == last else [one, last] for one, last in self.posts.items()],
        }
        return values | ({"page": self.page, "top": self.top} if self.page else {})

    def with_posts(self, posts: Mapping[str, str], now: datetime) -> Place:
        """Return it with ``posts`` watched too; those that are old fall out."""
        since = now - timedelta(days=WATCHED_DAYS)
        watched = {**self.posts, **posts}
        young = {one: last for one, last in watched.items() if (moment_of(one) or since) > since}
        return replace(self, posts=dict(list(young.items())[-MOST_WATCHED:]))

    def without(self, post: str) -> Place:
        """Return it with a post watched no more."""
        return replace(self, posts={one: last for one, last in self.posts.items() if one != post})


def read_place(cursor: Cursor | None, history: str, now: datetime) -> Place:
    """Return the place in ``cursor``; where there is none, the one at which reading begins."""
    begin = _begin(history, now)
    if not cursor:
        return Place(begin, begin, id_at(now - _SKEW))
    places = (fields.token(cursor, name) for name in ("mentions", "messages", "found"))
    mentions, messages, found = (one if is_id(one) else begin for one in places)
    listed = cursor.get("posts")
    pairs = (one if isinstance(one, list | tuple) else (one, one) for one in _listed(listed))
    posts = {
        fields.token(pair[0]): fields.token(pair[1])
        for pair in pairs
        if len(pair) == 2 and is_id(fields.token(pair[0])) and is_id(fields.token(pair[1]))
    }
    return Place(
        mentions, messages, found, fields.text(cursor, "page", 500), fields.token(cursor, "top"), posts
    )


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _begin(history: str, now: datetime) -> str:
    """Where history begins that counts."""
    if history == "all":
        return "0"
    days = int(history.partition(":")[2] or 0)
    return id_at(now - (timedelta(days=days) if days else _SKEW))
