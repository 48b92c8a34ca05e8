"""What the calls of Facebook leave out: who somebody is, what a comment is below, which messages were read.

Written from https://developers.facebook.com/docs/messenger-platform/identity/user-profile.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta

from agentdesk.base import clock
from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk.sdk.inbound import INCOMPLETE
from agentdesk_connectors import fields
from agentdesk_connectors.facebook.finding import Finder
from agentdesk_connectors.facebook.reading import POST_FIELDS
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.hooks import moment_of
from agentdesk_connectors.meta.ids import graph_id, in_path

__all__ = ["Completer"]

_MOST_READ = 20
_REMEMBERED = 500
_HOLDS = timedelta(minutes=10)


class Completer:
    """Looks up what is lacking, each thing once in a while: a flood of comments stands below one post."""

    def __init__(self, graph: Graph, finder: Finder) -> None:
        self._graph = graph
        self._finder = finder
        self._known: OrderedDict[str, tuple[datetime, Json]] = OrderedDict()

    async def complete(self, raw: bytes, facts: Mapping[str, object]) -> Mapping[str, object]:
        """Return ``facts`` with what the item lacks. What is not for us to see stays out."""
        known: dict[str, object] = {name: value for name, value in facts.items() if name != INCOMPLETE}
        found = fields.inner(fields.parse(raw))
        if "field" in found:
            return known | await self._below(fields.inner(found, "value"))
        person = graph_id(fields.inner(found, "sender"), "id")
        if "read" in found:
            until = moment_of(fields.inner(found, "read").get("watermark"))
            mids = await self._finder.read_by(person, until) if until is not None else []
            return known | {"messages": mids[:_MOST_READ]}
        return known | await self._person(person, graph_id(facts, "page"))

    async def _below(self, value: Json) -> dict[str, object]:
        """The post that a comment stands below."""
        post_id = graph_id(value, "post_id")
        if not graph_id(value, "comment_id") or not post_id:
            return {}
        found = await self._looked_up(post_id, POST_FIELDS)
        return {"below": {**found, "message": fields.text(found, "message", 500)}} if found else {}

    async def _person(self, person: str, page: str) -> dict[str, object]:
        if not person or person == page:
            return {}
        found = await self._looked_up(person, "name,profile_pic")
        about: dict[str, object] = {
            "name": fields.text(found, "name", 200),
            "picture": fields.web_address(found, "profile_pic"),
        }
        return {name: value for name, value in about.items() if value}

    async def _looked_up(self, external_id: str, asked: str) -> Json:
        known = self._known.get(external_id)
        if known is not None and clock.now() - known[0] < _HOLDS:
            return known[1]
        try:
            found = await self._graph.get(f"/{in_path(external_id)}", (("fields", asked),))
        except (Rejected, AuthFailed):
            found = {}
        self._known[external_id] = (clock.now(), found)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found
