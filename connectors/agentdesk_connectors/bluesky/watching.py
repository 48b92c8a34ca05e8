"""What the watch list finds: posts that speak of us, not to us.

Written from the lexicon app.bsky.feed.searchPosts and https://bsky.social/about/blog/05-31-2024-search.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agentdesk.sdk.errors import Rejected
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.client import Client
from agentdesk_connectors.bluesky.embeds import quoted_uri
from agentdesk_connectors.bluesky.facets import mentioned, spans_of
from agentdesk_connectors.bluesky.naming import handle_of, read_uri
from agentdesk_connectors.bluesky.place import Place
from agentdesk_connectors.bluesky.posts import values_of
from agentdesk_connectors.bluesky.wire import root_and_parent
from agentdesk_connectors.fields import Json

__all__ = ["question", "search"]

_OVERLAP = timedelta(minutes=10)
"""A post can be found a while after it was written."""
_LIMIT = 100
_PAGES = 3


def question(term: str) -> str:
    """Return what to search for: a handle as those who mention it, several words as a phrase."""
    handle = handle_of(term) if term.startswith("@") else ""
    if handle:
        return f"mentions:{handle}"
    words = term.replace('"', " ").split()
    return f'"{" ".join(words)}"' if len(words) > 1 else " ".join(words)


async def search(
    client: Client, terms: Sequence[str], place: Place, me: str
) -> tuple[list[bytes], datetime | None]:
    """Return posts that speak of ``terms``, oldest first, and up to when they have been looked for."""
    searched = place.searched or place.floor
    bound, newest = max(place.floor, searched - _OVERLAP), searched
    found: dict[str, tuple[datetime, bytes]] = {}
    for term in terms:
        for raw, post, at in await _posts(client, question(term), bound):
            newest = max(newest, at)
            if not _is_told_of(post, me):
                found[fields.text(post, "uri", 400)] = (at, raw)
    ordered = sorted(found.values(), key=lambda one: one[0])
    return [raw for _, raw in ordered], newest


async def _posts(client: Client, wanted: str, bound: datetime) -> list[tuple[bytes, Json, datetime]]:
    found, cursor = [], ""
    for _ in range(_PAGES):
        params = [("q", wanted), ("sort", "latest"), ("limit", str(_LIMIT))]
        params += [("cursor", cursor)] if cursor else []
        try:
            listed = await client.listed("app.bsky.feed.searchPosts", "posts", params)
        except Rejected:  # a question that the service does not understand holds up none of the others
            break
        read = [(raw, values_of(raw)) for raw in listed.raws]
        dated = [(raw, post, fields.moment(post, "indexedAt")) for raw, post in read]
        fresh = [(raw, post, at) for raw, post, at in dated if at is not None and at >= bound]
        found += [one for one in fresh if read_uri(one[1].get("uri"))]
        cursor = listed.cursor
        if not cursor or len(fresh) < len(listed.raws):
            break
    return found


def _is_told_of(post: Json, me: str) -> bool:
    """Whether a post is ours, or one of which a notification tells: it mentions, answers or quotes us."""
    record = fields.inner(post, "record")
    named = (fields.text(post, "uri", 400), *root_and_parent(record), quoted_uri(record))
    uris = [uri for uri in map(read_uri, named) if uri]
    return any(uri.did == me for uri in uris) or me in mentioned(
        spans_of(record, fields.text(record, "text"))
    )
