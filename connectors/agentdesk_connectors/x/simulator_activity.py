"""The stream of the simulated X, and its subscriptions: https://docs.x.com/x-api/activity."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.x.naming import id_at
from agentdesk_connectors.x.simulator_shapes import event_json, included
from agentdesk_connectors.x.simulator_world import Message, Person, Tweet
from agentdesk_connectors.x.streaming import EVENTS

if TYPE_CHECKING:
    from agentdesk_connectors.x.simulator import XSimulator

__all__ = ["Activity"]

_KEEP_ALIVE = 0.2
"""Seconds between empty lines; X itself sends one every 20."""


class _Filter(msgspec.Struct, forbid_unknown_fields=True):
    user_id: str


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    event_type: str
    filter: _Filter
    tag: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = "agentdesk"


class Activity:
    """Who hears what. ``subscribed`` are kinds of events with people's numbers, ``said`` all lines yet."""

    def __init__(self, server: XSimulator) -> None:
        self._server = server
        self.subscribed: dict[tuple[str, str], str] = {}
        self.said: list[tuple[str, bytes]] = []
        self.listeners: set[asyncio.Queue[bytes | None]] = set()

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""
        return (
            web.get("/2/activity/subscriptions", self.list),
            web.post("/2/activity/subscriptions", self.subscribe),
            web.delete("/2/activity/subscriptions/{id}", self.unsubscribe),
            web.get("/2/activity/stream", self.stream),
        )

    async def list(self, request: web.Request) -> web.Response:
        self._server.authorized_app(request)
        self._server.asked(request, ("max_results", "pagination_token"))
        found = [
            {"subscription_id": number, "event_type": kind, "filter": {"user_id": person}}
            for (kind, person), number in self.subscribed.items()
        ]
        return web.json_response({"data": found})

    async def subscribe(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "tweet.read", "dm.read", "users.read")
        wanted = await self._server.told(request, _Wanted)
        named = wanted.event_type, wanted.filter.user_id
        if wanted.event_type not in EVENTS or wanted.event_type in self._server.denied_events:
            raise Refused(403, "client-forbidden", "Your plan does not include this event.")
        if wanted.filter.user_id != self._server.world.owner.id:
            raise Refused(403, "not-authorized-for-resource", "The user has not authorized this app.")
        if named in self.subscribed:
            raise Refused(409, "invalid-request", "Duplicate subscription: it exists already.")
        self.subscribed[named] = self._server.world.new_id()
        made = {"subscription_id": self.subscribed[named], **msgspec.to_builtins(wanted)}
        return web.json_response({"data": {"subscription": made}})

    async def unsubscribe(self, request: web.Request) -> web.Response:
        self._server.authorized_app(request)
        wanted = request.match_info["id"]
        self.subscribed = {named: number for named, number in self.subscribed.items() if number != wanted}
        return web.json_response({"data": {"deleted": True}})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self._server.authorized_app(request)
        query = self._server.asked(request, ("backfill_minutes", "start_time", "end_time"))
        if "backfill_minutes" in query and self._server.world.tier == "self_serve":
            raise Refused(400, "invalid-request", "backfill_minutes is not part of your plan.")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        since = id_at(clock.seconds_from_now(-60 * int(query.get("backfill_minutes") or 0)))
        for number, line in self.said:
            if "backfill_minutes" in query and int(number) >= int(since):
                lines.put_nowait(line)
        self.listeners.add(lines)
        try:
            await self._speak(response, lines)
        except ConnectionError:
            pass
        finally:
            self.listeners.discard(lines)
        return response

    async def _speak(self, response: web.StreamResponse, lines: asyncio.Queue[bytes | None]) -> None:
        while True:
            try:
                line = await asyncio.wait_for(lines.get(), _KEEP_ALIVE)
            except TimeoutError:
                line = b""
            if line is None:
                return
            await response.write(line + b"\r\n")

    def tell(self, kind: str, person: Person, thing: Tweet | Message) -> None:
        """Let whoever has subscribed hear of something."""
        if (kind, person.id) not in self.subscribed:
            return
        event = event_json(kind, person, thing, self._server.world.new_id())
        if not isinstance(thing, Message):
            event["includes"] = included([thing])
        self.say(event)

    def say(self, event: dict[str, Any] | bytes) -> None:
        """Write an event, or whatever a line holds, to all who listen."""
        line = event if isinstance(event, bytes) else json.dumps({"data": event}).encode()
        self.said.append((self._server.world.new_id(), line))
        for lines in self.listeners:
            lines.put_nowait(line)

    def end(self) -> None:
        """End all streams."""
        for lines in self.listeners:
            lines.put_nowait(None)
