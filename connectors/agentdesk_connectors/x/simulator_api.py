"""What the simulated X answers: https://docs.x.com/x-api (posts, direct messages, users, usage)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused
from agentdesk_connectors.x.naming import id_at
from agentdesk_connectors.x.simulator_shapes import included, message_json, person_json, tweet_json
from agentdesk_connectors.x.simulator_world import Tweet

if TYPE_CHECKING:
    from agentdesk_connectors.x.simulator import XSimulator

__all__ = ["Api"]

JSON = Mapping[str, Any]
_POST_PARAMS = ("tweet.fields", "expansions", "user.fields", "media.fields", "poll.fields", "place.fields")
_LISTS = ("max_results", "pagination_token", "since_id", "until_id", "start_time", "end_time")
_MESSAGE_PARAMS = ("dm_event.fields", "expansions", "user.fields", "media.fields", "tweet.fields")
_MESSAGE_DAYS = 30
_TOKEN = 16


class _Reply(msgspec.Struct, forbid_unknown_fields=True):
    in_reply_to_tweet_id: str
    exclude_reply_user_ids: list[str] = []


class _Media(msgspec.Struct, forbid_unknown_fields=True):
    media_ids: list[str]


class _Post(msgspec.Struct, forbid_unknown_fields=True):
    text: str = ""
    reply: _Reply | None = None
    media: _Media | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    media_id: str


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    text: str = ""
    attachments: list[_File] = []


class _Hidden(msgspec.Struct, forbid_unknown_fields=True):
    hidden: bool


class _Liked(msgspec.Struct, forbid_unknown_fields=True):
    tweet_id: str


class Api:
    """The calls that one account makes."""

    def __init__(self, server: XSimulator) -> None:
        self._server = server
        self._world = server.world

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the calls by their paths."""
        return (
            web.get("/2/users/me", self.me),
            web.get("/2/users/{id}/mentions", self.mentions),
            web.get("/2/users/{id}/tweets", self.own),
            web.get("/2/tweets/search/recent", self.search),
            web.get("/2/tweets", self.several),
            web.post("/2/tweets", self.create),
            web.delete("/2/tweets/{id}", self.delete),
            web.put("/2/tweets/{id}/hidden", self.hide),
            web.post("/2/users/{id}/likes", self.like),
            web.delete("/2/users/{id}/likes/{post}", self.unlike),
            web.get("/2/dm_events", self.messages),
            web.delete("/2/dm_events/{id}", self.delete_message),
            web.get("/2/dm_conversations/{talk}/dm_events", self.messages),
            web.post("/2/dm_conversations/with/{id}/messages", self.write),
            web.post("/2/dm_conversations/{talk}/messages", self.write),
            web.get("/2/usage/tweets", self.usage),
        )

    # --- what is read ---

    async def me(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "users.read", "tweet.read")
        self._server.asked(request, ("user.fields", "expansions", "tweet.fields"))
        return web.json_response({"data": person_json(self._world.owner)})

    async def mentions(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "tweet.read", "users.read")
        query = self._server.asked(request, (*_POST_PARAMS, *_LISTS))
        self._own(request)
        return self._posts(self._world.mentions()[: self._server.most_mentions], query, 5)

    async def own(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "tweet.read", "users.read")
        query = self._server.asked(request, (*_POST_PARAMS, *_LISTS, "exclude"))
        self._own(request)
        mine = [one for one in self._world.posts.values() if one.author is self._world.owner]
        return self._posts(mine[::-1], query, 5)

    async def search(self, request: web.Request) -> web.Response:
        """Terms are looked for as they stand; what mentions the owner, or is theirs, is left out."""
        self._server.authorized(request, "tweet.read", "users.read")
        query = self._server.asked(request, (*_POST_PARAMS, *_LISTS, "query", "next_token", "sort_order"))
        question = query.get("query", "")
        if not 0 < len(question) <= 512:
            raise Refused(
                400, "invalid-request", "The 'query' parameter is required, 512 characters at most."
            )
        week = id_at(clock.seconds_from_now(-7 * 86_400))
        if query.get("since_id") and int(query["since_id"]) < int(week):
            raise Refused(400, "invalid-request", "'since_id' must be a tweet id of the last seven days.")
        terms = [one.strip('"').lower() for one in question[1 : question.index(")")].split(" OR ")]
        found = [
            one
            for one in reversed(list(self._world.posts.values()))
            if any(self._matches(one, term) for term in terms)
            and not self._world.concerns(one)
            and one.author is not self._world.owner
        ]
        return self._posts(found, {**query, "pagination_token": query.get("next_token", "")}, 10)

    def _matches(self, tweet: Tweet, term: str) -> bool:
        """Whether a post is what a term of a question asks for."""
        owner = self._world.owner
        if term == f"to:{owner.handle}":
            return tweet.parent is not None and tweet.parent.author is owner
        if term == f'url:"x.com/{owner.handle}/status':
            return tweet.quoted is not None and tweet.quoted.author is owner
        return term in tweet.texts[-1].lower()

    async def several(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "tweet.read", "users.read")
        query = self._server.asked(request, (*_POST_PARAMS, "ids"))
        wanted = query.get("ids", "").split(",")
        if not 1 <= len(wanted) <= 100 or not all(wanted):
            raise Refused(400, "invalid-request", "The number of values in the `ids` query parameter is off.")
        found, errors = [], []
        for number in wanted:
            tweet = self._world.find(number)
            if tweet is not None and self._world.visible(tweet):
                found.append((tweet, number))
            else:
                errors.append(
                    _missing(number, "not-authorized-for-resource" if tweet else "resource-not-found")
                )
        answer: dict[str, Any] = {"includes": included(tweet for tweet, _ in found)}
        if found:
            answer["data"] = [tweet_json(tweet, number) for tweet, number in found]
        return web.json_response(answer | ({"errors": errors} if errors else {}))

    async def messages(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "dm.read")
        query = self._server.asked(
            request, (*_MESSAGE_PARAMS, "max_results", "pagination_token", "event_types")
        )
        oldest = int(id_at(clock.seconds_from_now(-_MESSAGE_DAYS * 86_400)))
        talk = request.match_info.get("talk", "")
        owner = self._world.owner
        mine = [
            one
            for one in reversed(self._world.messages)
            if int(one.id) >= oldest and (one.talk == talk if talk else owner in (one.sender, one.to))
        ]
        page, meta = _page(mine, {"max_results": "100", **query}, 1)
        shown = self._server.listed(page)
        answer: dict[str, Any] = {"data": [message_json(one) for one in shown]} if shown else {}
        return web.json_response({**answer, "includes": included(shown), "meta": meta})

    async def usage(self, request: web.Request) -> web.Response:
        self._server.authorized_app(request)
        self._server.asked(request, ("days", "usage.fields"))
        figures = {"project_cap": "3000000", "project_usage": "1200", "project_id": "1", "cap_reset_day": 6}
        return web.json_response({"data": figures})

    def _posts(self, found: Sequence[Tweet], query: JSON, least: int) -> web.Response:
        since = int(query.get("since_id") or 0)
        start = clock.to_utc(datetime.fromisoformat(query["start_time"])) if "start_time" in query else None
        begin = max(since, int(id_at(start)) - 1 if start else 0)
        fresh = [one for one in found if int(one.ids[-1]) > begin and self._world.visible(one)]
        page, meta = _page(fresh, query, least)
        shown = self._server.listed(page)
        answer: dict[str, Any] = {"data": [tweet_json(one) for one in shown]} if shown else {}
        return web.json_response({**answer, "includes": included(shown), "meta": meta})

    # --- what is done ---

    async def create(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "tweet.write")
        given = await self._server.told(request, _Post)
        parent = given.reply.in_reply_to_tweet_id if given.reply else ""
        tweet = self._world.create(given.text, parent, given.media.media_ids if given.media else [])
        return web.json_response({"data": {"id": tweet.id, "text": tweet_json(tweet)["text"]}}, status=201)

    async def write(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "dm.write")
        given = await self._server.told(request, _Written)
        to, talk = request.match_info.get("id", ""), request.match_info.get("talk", "")
        files = [one.media_id for one in given.attachments]
        message = self._world.answer_to(to, talk, given.text, files)
        data = {"dm_conversation_id": message.talk, "dm_event_id": message.id}
        return web.json_response({"data": data}, status=201)

    async def delete(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "tweet.write")
        tweet = self._named(request.match_info["id"])
        if tweet.author is not self._world.owner:
            raise self._world.refused("action")
        self._world.remove(tweet)
        return web.json_response({"data": {"deleted": True}})

    async def delete_message(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "dm.write")
        found = [one for one in self._world.messages if one.id == request.match_info["id"]]
        if not found:
            raise Refused(404, "resource-not-found", "Could not find the event.")
        self._world.messages.remove(found[0])
        return web.json_response({"data": {"deleted": True}})

    async def hide(self, request: web.Request) -> web.Response:
        self._server.authorized(request, "tweet.moderate.write")
        given = await self._server.told(request, _Hidden)
        tweet = self._named(request.match_info["id"])
        if tweet.root.author is not self._world.owner or tweet.author is self._world.owner:
            raise self._world.refused("action")
        tweet.hidden = given.hidden
        return web.json_response({"data": {"hidden": given.hidden}})

    async def like(self, request: web.Request) -> web.Response:
        self._may_like(request)
        self._named((await self._server.told(request, _Liked)).tweet_id).liked = True
        return web.json_response({"data": {"liked": True}})

    async def unlike(self, request: web.Request) -> web.Response:
        self._may_like(request)
        self._named(request.match_info["post"]).liked = False
        return web.json_response({"data": {"liked": False}})

    def _may_like(self, request: web.Request) -> None:
        self._server.authorized(request, "like.write")
        self._own(request)
        if self._world.tier == "self_serve":
            raise Refused(403, "client-forbidden", "Your plan does not include this endpoint.")

    def _own(self, request: web.Request) -> None:
        if request.match_info["id"] != self._world.owner.id:
            raise Refused(403, "not-authorized-for-resource", "The id is not that of the token's user.")

    def _named(self, number: str) -> Tweet:
        tweet = self._world.find(number)
        if tweet is None:
            raise Refused(404, "resource-not-found", f"Could not find tweet with id: [{number}].")
        return tweet


def _page(found: Sequence[Any], query: JSON, least: int) -> tuple[list[Any], dict[str, Any]]:
    """A page of a list, newest first; its token is where the next one begins."""
    size, token = int(query.get("max_results") or 10), query.get("pagination_token") or ""
    if not least <= size <= 100:
        raise Refused(400, "invalid-request", f"The `max_results` query parameter value [{size}] is off.")
    if token and not (len(token) == _TOKEN and token.isdigit()):
        raise Refused(400, "invalid-request", "Invalid 'pagination_token'.")
    start = int(token or 0)
    page = list(found[start : start + size])
    meta: dict[str, Any] = {"result_count": len(page)}
    if start + size < len(found):
        meta["next_token"] = f"{start + size:0{_TOKEN}}"
    return page, meta


def _missing(number: str, kind: str) -> dict[str, str]:
    return {
        "value": number,
        "resource_id": number,
        "resource_type": "tweet",
        "parameter": "ids",
        "title": "Not Found Error" if kind == "resource-not-found" else "Authorization Error",
        "detail": f"Could not find tweet with ids: [{number}].",
        "type": f"https://api.x.com/2/problems/{kind}",
    }
