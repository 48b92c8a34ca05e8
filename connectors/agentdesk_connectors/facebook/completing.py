"""What the calls of Facebook leave out: who somebody is, what a comment is below, which messages were read.

Written from https://developers.facebook.com/docs/messenger-platform/identity/user-profile.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk.sdk.inbound import INCOMPLETE
from agentdesk_connectors import fields
from agentdesk_connectors.facebook.finding import Finder
from agentdesk_connectors.facebook.reading import POST_FIELDS
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.client import Graph
from agentdesk_connectors.meta.hooks import moment_of
from agentdesk_connectors.meta.ids import graph_id, in_path

__all__ = ["complete"]

_MOST_READ = 20


async def complete(
    graph: Graph, finder: Finder, raw: bytes, facts: Mapping[str, object]
) -> Mapping[str, object]:
    """Return ``facts`` with what the item lacks. What is not for us to see stays out."""
    known: dict[str, object] = {name: value for name, value in facts.items() if name != INCOMPLETE}
    found = fields.inner(fields.parse(raw))
    if "field" in found:
        return known | await _below(graph, fields.inner(found, "value"))
    person = graph_id(fields.inner(found, "sender"), "id")
    if "read" in found:
        until = moment_of(fields.inner(found, "read").get("watermark"))
        mids = await finder.read_by(person, until) if until is not None else []
        return known | {"messages": mids[:_MOST_READ]}
    return known | await _person(graph, person, graph_id(facts, "page"))


async def _below(graph: Graph, value: Json) -> dict[str, object]:
    """The post that a comment stands below."""
    post_id = graph_id(value, "post_id")
    if not graph_id(value, "comment_id") or not post_id:
        return {}
    found = await _looked_up(graph, post_id, POST_FIELDS)
    return {"below": {**found, "message": fields.text(found, "message", 500)}} if found else {}


async def _person(graph: Graph, person: str, page: str) -> dict[str, object]:
    if not person or person == page:
        return {}
    found = await _looked_up(graph, person, "name,profile_pic")
    about: dict[str, object] = {
        "name": fields.text(found, "name", 200),
        "picture": fields.web_address(found, "profile_pic"),
    }
    return {name: value for name, value in about.items() if value}


async def _looked_up(graph: Graph, external_id: str, asked: str) -> dict[str, object]:
    try:
        return dict(await graph.get(f"/{in_path(external_id)}", (("fields", asked),)))
    except (Rejected, AuthFailed):
        return {}
