"""What events leave out, looked up: the work that a comment stands below, and who wrote.

Written from https://developers.facebook.com/docs/instagram-platform/: reference/instagram-media,
instagram-graph-api/reference/ig-user/mentioned_comment and mentioned_media, and
instagram-api-with-instagram-login/messaging-api/user-profile.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import INCOMPLETE
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.ids import graph_id, in_path

__all__ = ["WORK", "Finder"]

WORK = "id,caption,permalink,media_type,media_url,thumbnail_url,timestamp,username"
"""What is asked of a work."""
_PERSON = "name,username,profile_pic,follower_count,is_verified_user"
_COMMENT = "id,text,timestamp,username,like_count"
_REMEMBERED = 2_000


class Finder:
    """Looks things up once, and remembers them in memory. Who may not be looked up is nobody."""

    def __init__(self, graph: Graph, account: str) -> None:
        self._graph = graph
        self._account = account
        self._works: OrderedDict[str, Json] = OrderedDict()
        self._people: OrderedDict[str, Json] = OrderedDict()

    async def complete(self, raw: bytes, facts: Mapping[str, object]) -> dict[str, object]:
        """Return ``facts`` with what an event of a call leaves out. Raises Unreachable, RateLimited,
        AuthFailed."""
        known: dict[str, object] = {name: one for name, one in facts.items() if name != INCOMPLETE}
        found = fields.inner(fields.parse(raw))
        value = fields.inner(found, "value")
        if found.get("field") == "mentions":
            return known | await self._mention(graph_id(value, "media_id"), graph_id(value, "comment_id"))
        if "field" in found:
            return known | {"below": await self.work(graph_id(fields.inner(value, "media"), "id"))}
        sender = graph_id(fields.inner(found, "sender"), "id")
        if "read" in found or sender == self._account:
            return known
        return known | {"who": await self.person(sender)}

    async def work(self, number: str) -> Json:
        """Return a work of ours, as far as it can be seen."""
        return await self._once(self._works, number, lambda: self._get(number, WORK))

    async def person(self, number: str) -> Json:
        """Return somebody who has written to the account."""
        return await self._once(self._people, number, lambda: self._get(number, _PERSON))

    def keep(self, work: Json) -> None:
        """Remember a work that was read with others."""
        self._works[graph_id(work, "id")] = work
        _shorten(self._works)

    async def _mention(self, media: str, comment: str) -> dict[str, object]:
        """What was written where the account was named: only this question shows that."""
        if comment:
            asked = f"mentioned_comment.comment_id({comment}){{{_COMMENT},media{{{WORK}}}}}"
        else:
            asked = f"mentioned_media.media_id({media}){{{WORK}}}"
        try:
            found = await self._graph.get(f"/{self._account}", (("fields", asked),))
        except Rejected:
            return {}
        mention = fields.inner(found, "mentioned_comment" if comment else "mentioned_media")
        below = fields.inner(mention, "media")
        return {"mention": mention, **({"below": {**below, "theirs": True}} if below else {})}

    async def _get(self, number: str, wanted: str) -> Json:
        try:
            return await self._graph.get(f"/{in_path(number)}", (("fields", wanted),))
        except Rejected:  # gone, or nobody has agreed to be known
            return {}

    async def _once(
        self, known: OrderedDict[str, Json], number: str, look: Callable[[], Awaitable[Json]]
    ) -> Json:
        if not number:
            return {}
        if number not in known:
            known[number] = await look()
            _shorten(known)
        known.move_to_end(number)
        return known[number]


def _shorten(known: OrderedDict[str, Json]) -> None:
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
