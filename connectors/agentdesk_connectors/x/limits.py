"""How often X lets us call, and how much fits into a post and a message.

Written from https://docs.x.com/x-api/fundamentals/rate-limits and the configuration (version 3) of
https://github.com/twitter/twitter-text.
"""

from __future__ import annotations

import re

import msgspec

from agentdesk.sdk.limiter import Rate
from agentdesk.sdk.posts import FileLimit, TextLimit, Unit

__all__ = [
    "FILES",
    "MESSAGE_FILES",
    "MESSAGE_TEXT",
    "POST_TEXT",
    "ROOTS",
    "Allowance",
    "allowance_of",
    "largest",
]

_WINDOW = 900.0
_DAY = 86_400.0
_MEGABYTE = 1_000_000


class Allowance(msgspec.Struct, frozen=True):
    """How many calls of a kind there may be, in 15 minutes and, where X counts that too, in a day.
    ``patience``: seconds that one of them may wait for its turn."""

    name: str
    rate: Rate
    day: Rate | None = None
    patience: float = 30.0


def _calls(name: str, calls: int, day: int = 0, patience: float = 30.0) -> Allowance:
    return Allowance(name, Rate(calls, _WINDOW), Rate(day, _DAY) if day else None, patience)


ROOTS = _calls("beginnings of threads", 100, patience=0.0)
"""Our own: a flood of answers must leave something for everything else."""
_OTHER = _calls("other calls", 75)
_ALLOWANCES = (
    ("GET", r"/2/users/\d+/mentions", _calls("mentions", 300)),
    ("GET", r"/2/users/\d+/tweets", _calls("own posts", 900)),
    ("GET", r"/2/dm_events|/2/dm_conversations/.*", _calls("direct messages", 15, patience=0.0)),
    ("GET", r"/2/tweets/search/recent", _calls("search", 300)),
    ("GET", r"/2/tweets", _calls("posts looked up", 5_000)),
    ("POST", r"/2/tweets", _calls("posting", 100, 10_000)),
    ("POST", r"/2/dm_conversations/.*", _calls("sending direct messages", 15, 1_440)),
    ("DELETE", r"/2/tweets/\d+", _calls("deleting", 50)),
    ("DELETE", r"/2/dm_events/\d+", _calls("deleting direct messages", 50)),
    ("PUT", r"/2/tweets/\d+/hidden", _calls("hiding", 50)),
    ("(POST|DELETE)", r"/2/users/\d+/likes.*", _calls("likes", 50, 1_000)),
    ("(GET|POST)", r"/2/media/.*", _calls("files", 500, patience=120.0)),
    ("(GET|POST|DELETE)", r"/2/activity/subscriptions.*", _calls("subscriptions", 500)),
    ("GET", r"/2/activity/stream", _calls("the stream", 50)),
    ("GET", r"/2/usage/tweets", _calls("usage", 50)),
)
_COMPILED = tuple((re.compile(f"{method} (?:{path})"), of) for method, path, of in _ALLOWANCES)

_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
POST_TEXT = TextLimit(280, Unit.WEIGHTED, url=23, light=_LIGHT, free_names=True)
MESSAGE_TEXT = TextLimit(10_000)
_KINDS = {"image/gif": 15 * _MEGABYTE, "image/": 5 * _MEGABYTE, "video/mp4": 512 * _MEGABYTE}
_ALT = 1_000
FILES = FileLimit(4, _KINDS, _ALT)
"""Four pictures, or one moving one, or one film."""
MESSAGE_FILES = FileLimit(1, _KINDS, _ALT)


def allowance_of(method: str, path: str) -> Allowance:
    """Return the allowance that a call is counted against."""
    asked = f"{method} {path}"
    return next((of for pattern, of in _COMPILED if pattern.fullmatch(asked)), _OTHER)


def largest(media_type: str) -> int:
    """Return how many bytes a file of that type may have; 0: X does not take it."""
    if media_type.startswith("image/") and media_type not in ("image/jpeg", "image/png", "image/webp"):
        return _KINDS.get(media_type, 0)
    return next((most for kind, most in _KINDS.items() if media_type.startswith(kind)), 0)
