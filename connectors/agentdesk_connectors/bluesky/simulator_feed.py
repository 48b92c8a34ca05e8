"""What the simulated app view answers: the lexicons app.bsky.feed, .actor and .notification, and
com.atproto.identity and .moderation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from aiohttp import web

from agentdesk.base import clock
from agentdesk_connectors.bluesky.client import MODERATION
from agentdesk_connectors.bluesky.simulator_calls import asked_for, body_of, page_of, refuse
from agentdesk_connectors.bluesky.simulator_world import JSON, Post, iso

if TYPE_CHECKING:
    from agentdesk_connectors.bluesky.simulator import BlueskySimulator

__all__ = ["FeedApi"]

_REASONS = (
    "like",
    "repost",
    "follow",
    "mention",
    "reply",
    "quote",
    "starterpack-joined",
    "verified",
    "unverified",
)


class FeedApi:
    """The methods of the app view."""

    def __init__(self, server: BlueskySimulator) -> None:
        self._server = server
        self._world = server.world
        self._shapes = server.shapes

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the methods by their paths."""
        return (
            web.get("/xrpc/app.bsky.notification.listNotifications", self.notifications),
            web.get("/xrpc/app.bsky.feed.getPosts", self.posts),
            web.get("/xrpc/app.bsky.feed.getPostThread", self.thread),
            web.get("/xrpc/app.bsky.feed.searchPosts", self.search),
            web.get("/xrpc/app.bsky.actor.getProfiles", self.profiles),
            web.get("/xrpc/com.atproto.identity.resolveHandle", self.resolve),
            web.post("/xrpc/com.atproto.moderation.createReport", self.report),
        )

    async def notifications(self, request: web.Request) -> web.Response:
        """Newest first; the cursor leads to older ones."""
        self._server.authorized(request)
        self._server.asked(request, {"limit", "cursor", "reasons", "priority", "seenAt"})
        reasons = request.query.getall("reasons", [])
        if not set(reasons) <= set(_REASONS):
            raise refuse("reasons has unknown values")
        notes = [one for one in self._world.notes if not reasons or one.reason in reasons]
        notes = sorted(notes, key=lambda one: one.at)[::-1]
        page, cursor = page_of(request, notes)
        shown = self._server.listed([self._shapes.note(one) for one in page])
        return _listed("notifications", shown, cursor)

    async def posts(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        wanted = asked_for(request, "uris", 25)
        if any(one.endswith(("/.", "/..")) for one in wanted):
            raise refuse("Error: Params/uris must be valid at-uris")
        known = [self._world.posts[one] for one in wanted if one in self._world.posts]
        shown = [self._shapes.post(one) for one in known if not one.hidden]
        return web.json_response({"posts": self._server.listed(shown)})

    async def thread(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        asked = self._server.asked(request, {"uri", "depth", "parentHeight"})
        post = self._world.posts.get(asked.get("uri", ""))
        if post is None:
            raise refuse(f"Post not found: {asked.get('uri')}", "NotFound")
        if post.hidden:
            author = {"did": post.author.did}
            hidden = {"$type": "app.bsky.feed.defs#blockedPost", "uri": post.uri, "blocked": True}
            return web.json_response({"thread": {**hidden, "author": author}})
        shown = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self._shapes.post(post)}
        return web.json_response({"thread": shown})

    async def search(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        asked = self._server.asked(request, {"q", "sort", "limit", "cursor", "since", "until"})
        if not asked.get("q"):
            raise refuse('Params must have the property "q"')
        found = [one for one in self._world.posts.values() if self._says(one, asked["q"]) and not one.hidden]
        found.sort(key=lambda one: one.at, reverse=True)
        page, cursor = page_of(request, found, 25)
        shown = self._server.listed([self._shapes.post(one) for one in page])
        return _listed("posts", shown, cursor)

    def _says(self, post: Post, question: str) -> bool:
        handle = question.removeprefix("mentions:")
        if handle != question:
            person = self._world.people.get(handle)
            return person is not None and person.did in str(post.record.get("facets"))
        phrase = re.fullmatch(r'"(.+)"', question)
        words = [phrase[1]] if phrase else question.split()
        return all(word.lower() in post.text.lower() for word in words)

    async def profiles(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        people = [self._world.by_did(one) for one in asked_for(request, "actors", 25)]
        return web.json_response({"profiles": [self._shapes.detailed(one) for one in people if one]})

    async def resolve(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        person = self._world.people.get(self._server.asked(request, {"handle"}).get("handle", ""))
        if person is None:
            raise refuse("Unable to resolve handle", "HandleNotFound")
        return web.json_response({"did": person.did})

    async def report(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        if request.headers.get("atproto-proxy") != MODERATION:
            raise refuse("no service id specified in proxy header")
        given = await body_of(request, {"reasonType", "subject"}, {"reason", "modTool"})
        subject: JSON = given["subject"]
        if subject.get("$type") not in ("com.atproto.repo.strongRef", "chat.bsky.convo.defs#messageRef"):
            raise refuse("Input/subject must be a known type")
        number = len(self._world.reports) + 1
        self._world.reports.append(given)
        made = {"id": number, "reportedBy": self._world.owner.did, "createdAt": iso(clock.now())}
        return web.json_response({**given, **made})


def _listed(name: str, items: list[JSON], cursor: str) -> web.Response:
    return web.json_response({name: items, **({"cursor": cursor} if cursor else {})})
