"""What the simulated chat service answers: the lexicon chat.bsky.convo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agentdesk_connectors.bluesky.simulator_calls import asked_for, body_of, check_names, page_of, refuse
from agentdesk_connectors.bluesky.simulator_repo import check_text
from agentdesk_connectors.bluesky.simulator_world import JSON, Convo, Message, Person

if TYPE_CHECKING:
    from agentdesk_connectors.bluesky.simulator import BlueskySimulator

__all__ = ["ChatApi"]

_LOG_PAGE = 50


class ChatApi:
    """The methods of the chat service."""

    def __init__(self, server: BlueskySimulator) -> None:
        self._server = server
        self._world = server.world
        self._shapes = server.shapes

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the methods by their paths."""
        return (
            web.get("/xrpc/chat.bsky.convo.getLog", self.log),
            web.get("/xrpc/chat.bsky.convo.listConvos", self.convos),
            web.get("/xrpc/chat.bsky.convo.getConvo", self.convo),
            web.get("/xrpc/chat.bsky.convo.getConvoForMembers", self.with_members),
            web.get("/xrpc/chat.bsky.convo.getMessages", self.messages),
            web.post("/xrpc/chat.bsky.convo.sendMessage", self.send),
            web.post("/xrpc/chat.bsky.convo.addReaction", self.react),
            web.post("/xrpc/chat.bsky.convo.removeReaction", self.react),
        )

    async def log(self, request: web.Request) -> web.Response:
        """Without a cursor it says where the log ends; with one, what came after it."""
        self._server.authorized(request)
        cursor = self._server.asked(request, {"cursor"}).get("cursor")
        if cursor is not None and cursor < self._server.lost_before:
            raise refuse("Invalid cursor")
        last = self._world.log[-1]["rev"] if self._world.log else ""
        after = [one for one in self._world.log if cursor is not None and one["rev"] > cursor][:_LOG_PAGE]
        shown = [self._shapes.entry(one) for one in after]
        end = max(last, cursor or "")
        return web.json_response({"logs": self._server.listed(shown), **({"cursor": end} if end else {})})

    async def convos(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        self._server.asked(request, {"limit", "cursor", "readState", "status", "kind"})
        found = sorted(self._world.convos.values(), key=lambda one: one.id, reverse=True)
        page, cursor = page_of(request, found)
        shown = self._server.listed([self._shapes.convo(one) for one in page])
        return web.json_response({"convos": shown, **({"cursor": cursor} if cursor else {})})

    async def convo(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        named = self._server.asked(request, {"convoId"}).get("convoId", "")
        return web.json_response({"convo": self._shapes.convo(self._named(named))})

    async def with_members(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        people = [self._world.by_did(one) for one in asked_for(request, "members", 10)]
        known = [one for one in people if one is not None and one is not self._world.owner]
        if len(known) != 1:
            raise refuse("Recipient not found", "RecipientNotFound")
        _check_open(known[0])
        return web.json_response({"convo": self._shapes.convo(self._world.convo(known[0]))})

    async def messages(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        asked = self._server.asked(request, {"convoId", "limit", "cursor"})
        convo = self._named(asked.get("convoId", ""))
        page, cursor = page_of(request, convo.messages[::-1])
        shown = self._server.listed([self._shapes.message(one) for one in page])
        people = [self._shapes.member(one) for one in convo.members]
        more = {"cursor": cursor} if cursor else {}
        return web.json_response({"messages": shown, "relatedProfiles": people, **more})

    async def send(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        given = await body_of(request, {"convoId", "message"})
        said: JSON = given["message"]
        check_names(said, {"text"}, {"facets", "embed"})
        check_text(said, 1_000, 10_000)
        convo = self._named(given["convoId"])
        if convo.locked:
            raise refuse("Conversation is locked", "ConvoLocked")
        for one in convo.members:
            _check_open(one)
        message = self._world.write(self._world.owner, said["text"], convo, said.get("facets", ()))
        return web.json_response(self._shapes.message(message))

    async def react(self, request: web.Request) -> web.Response:
        self._server.authorized(request)
        given = await body_of(request, {"convoId", "messageId", "value"})
        convo = self._named(given["convoId"])
        message = _message(convo, given["messageId"])
        if request.path.endswith("addReaction"):
            message.hearts.add(given["value"])
        else:
            message.hearts.discard(given["value"])
        return web.json_response({"message": self._shapes.message(message)})

    def _named(self, convo: Any) -> Convo:
        found = self._world.convos.get(convo)
        if found is None:
            raise refuse("Convo not found", "InvalidConvo")
        return found


def _message(convo: Convo, number: str) -> Message:
    found = next((one for one in convo.messages if one.id == number and not one.deleted), None)
    if found is None:
        raise refuse("Message not found")
    return found


def _check_open(person: Person) -> None:
    """Whether somebody lets the account write to them."""
    if person.blocks_us:
        raise refuse("block between recipient and sender", "BlockedActor")
    if person.incoming == "none":
        raise refuse("recipient has disabled incoming messages")
    if person.incoming == "following" and not person.follows_us:
        raise refuse("recipient requires incoming messages to come from someone they follow")
