"""Questions to X's search: the watch list, and what is written to us without a mention.

Written from https://docs.x.com/x-api/posts/search/integrate/build-a-query: OR, quoted phrases, ``-`` for what
is left out; 512 characters at most.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["queries", "unmentioned"]

_LONGEST = 512
_BARE = re.compile(r"[#@]?\w+")


def unmentioned(handle: str) -> str:
    """Return the question for answers to the account, and quotes of its posts, that do not mention it."""
    return f'(to:{handle} OR url:"x.com/{handle}/status") -@{handle} -from:{handle} -is:retweet'


def queries(terms: Sequence[str], handle: str) -> list[str]:
    """Return as few questions as there can be that find ``terms``, without shares, the account's own posts
    and what is written to it anyway. A term of several words is looked for as a phrase."""
    rest = f" -@{handle} -from:{handle} -to:{handle} -is:retweet"
    found: list[list[str]] = []
    for term in filter(None, map(_term, terms)):
        if not found or len(_joined([*found[-1], term])) + len(rest) > _LONGEST:
            found.append([])
        found[-1].append(term)
    return [_joined(some) + rest for some in found]


def _term(term: str) -> str:
    bare = " ".join(term.replace('"', " ").split())[:200]
    return bare if _BARE.fullmatch(bare) else f'"{bare}"' if bare else ""


def _joined(terms: Sequence[str]) -> str:
    return f"({' OR '.join(terms)})"
