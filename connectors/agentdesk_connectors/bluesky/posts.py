"""Posts as they are now: looked up several at once, with who wrote them and what they stand below.

Written from the lexicons app.bsky.feed.getPosts, .getPostThread and app.bsky.actor.getProfiles.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.client import Client
from agentdesk_connectors.bluesky.embeds import quoted_uri
from agentdesk_connectors.bluesky.naming import did_of, read_uri
from agentdesk_connectors.bluesky.wire import QUOTE, party_of, root_and_parent
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone

__all__ = ["Posts", "deletion", "keep", "stamp", "unreadable", "values_of"]

_AT_ONCE = 25
_REMEMBERED = 2_000
_BELOW = 500
_NOT_FOUND = "app.bsky.feed.defs#notFoundPost"
_T = TypeVar("_T")


def values_of(raw: bytes) -> Json:
    """Return an object in ``raw``; an empty one where there is none."""
    try:
        return fields.inner(fields.parse(raw))
    except Invalid:
        return {}


def keep(book: OrderedDict[str, _T], key: str, value: _T) -> None:
    """Remember something; what was remembered first is forgotten."""
    book[key] = value
    while len(book) > _REMEMBERED:
        book.popitem(last=False)


def unreadable(raw: bytes) -> RawItem:
    """Return what makes no sense, for a person to look at."""
    return RawItem(f"unreadable/{hashlib.sha256(raw).hexdigest()}", raw)


def deletion(external: str) -> RawItem:
    """Return the notice that something is gone."""
    return RawItem(f"deleted/{external}", b"{}", facts={"deleted": external})


def stamp(found: Json) -> str:
    """Return what is compared to tell whether a post has changed: who may reply, and how much it is noticed,
    to the power of two, so that a post that many like does not come again with each of them."""
    counts = (fields.number(found, name) or 0 for name in ("likeCount", "replyCount", "repostCount"))
    closed = fields.flag(fields.inner(found, "viewer"), "replyDisabled")
    return "-".join(str(one.bit_length()) for one in counts) + ("-closed" if closed else "")


class Posts:
    """Looks posts up for one account; remembers authors and the beginnings of threads in memory."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._followers: OrderedDict[str, int] = OrderedDict()
        self._works: OrderedDict[str, Json] = OrderedDict()

    async def look_up(self, uris: Iterable[str]) -> dict[str, bytes]:
        """Return posts as they are now, as they came, by URI. What cannot be had is not among them."""
        found: dict[str, bytes] = {}
        wanted = list(dict.fromkeys(uris))
        for start in range(0, len(wanted), _AT_ONCE):
            found |= await self._several(wanted[start : start + _AT_ONCE])
        return {uri: raw for uri, raw in found.items() if uri in wanted}

    async def _several(self, uris: Sequence[str]) -> dict[str, bytes]:
        """One name that the service refuses does not hold up the others: they are asked for apart."""
        try:
            params = [("uris", one) for one in uris]
            listed = await self._client.listed("app.bsky.feed.getPosts", "posts", params)
        except Rejected:
            half = len(uris) // 2
            return {**await self._several(uris[:half]), **await self._several(uris[half:])} if half else {}
        return {fields.text(values_of(raw), "uri", 400): raw for raw in listed.raws}

    async def is_gone(self, uri: str) -> bool:
        """Say whether a post has surely been taken away: it may also be held back for a while."""
        params = (("uri", uri), ("depth", "0"), ("parentHeight", "0"))
        try:
            answer = await self._client.query("app.bsky.feed.getPostThread", params)
        except Gone:
            return True
        except Rejected:
            return False
        thread = fields.inner(fields.inner(answer), "thread")
        return fields.text(thread, "$type", 100) == _NOT_FOUND

    async def items(self, found: Sequence[tuple[bytes, str]], me: str) -> list[RawItem]:
        """Return what is to be handed over of posts, each with the reason why it came."""
        read = [(values_of(raw), raw, reason) for raw, reason in found]
        await self._learn_authors({did_of(fields.inner(one, "author").get("did")) for one, _, _ in read})
        await self._learn_works({_stands_below(one, reason) for one, _, reason in read})
        return [self._item(one, raw, reason, me) for one, raw, reason in read]

    def _item(self, found: Json, raw: bytes, reason: str, me: str) -> RawItem:
        facts: dict[str, object] = {"me": me, "reason": reason}
        author = did_of(fields.inner(found, "author").get("did"))
        if author in self._followers:
            facts["followers"] = self._followers[author]
        below = self._works.get(_stands_below(found, reason), {})
        if below and below.get("did") != author:
            facts["below"] = below
        source = f"post/{fields.text(found, 'uri', 390)}"
        return RawItem(source, raw, fields.moment(found, "indexedAt"), facts)

    # --- what belongs to it ---

    def followers_of(self, did: str) -> int | None:
        """Return how many follow somebody, as far as it was learnt."""
        return self._followers.get(did)

    async def _learn_authors(self, people: Collection[str]) -> None:
        await self.learn_people([did for did in people if did and did not in self._followers])

    async def learn_people(self, people: Sequence[str]) -> None:
        """Learn how many follow some people."""
        for start in range(0, len(people), _AT_ONCE):
            params = [("actors", did) for did in people[start : start + _AT_ONCE]]
            try:
                listed = await self._client.listed("app.bsky.actor.getProfiles", "profiles", params)
            except Rejected:
                return
            for one in map(values_of, listed.raws):
                count = fields.number(one, "followersCount")
                if count is not None:
                    keep(self._followers, did_of(one.get("did")), count)

    async def _learn_works(self, uris: Collection[str]) -> None:
        wanted = [uri for uri in uris if uri and uri not in self._works]
        found = await self.look_up(wanted)
        for uri in wanted:
            keep(self._works, uri, _work(uri, values_of(found[uri])) if uri in found else {})


def _stands_below(found: Json, reason: str) -> str:
    """Below which post it stands: the one that it quotes, or with which its thread began."""
    record = fields.inner(found, "record")
    return quoted_uri(record) if reason == QUOTE else root_and_parent(record)[0]


def _work(uri: str, found: Json) -> Json:
    author = party_of(fields.inner(found, "author"))
    record = fields.inner(found, "record")
    named = read_uri(uri)
    return {
        "uri": uri,
        "did": named.did if named else "",
        "text": fields.text(record, "text", _BELOW),
        "author": author.name if author else "",
        "at": fields.text(found, "indexedAt", 50),
    }
