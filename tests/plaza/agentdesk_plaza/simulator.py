"""Plaza itself, for tests: as strict as its documents, with everybody who posts there."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.testing.simulator import Fault, Refused, Simulator

_ENDED = None
_URL = re.compile(r"https?://\S+")


class _NewPost(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    text: str
    circle: Literal["everybody", "followers", "direct"]
    answers: str
    thread: str
    to: str
    warning: str
    pictures: tuple[str, ...]


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class _Report(msgspec.Struct, forbid_unknown_fields=True):
    reason: str


class _Code(msgspec.Struct, forbid_unknown_fields=True):
    code: str


@dataclass
class Standing:
    """A post of the account's that stands on Plaza."""

    id: str
    key: str
    text: str
    circle: str
    answers: str
    pictures: tuple[str, ...]
    at: datetime


@dataclass
class _Account:
    scopes: tuple[str, ...] = ("read", "write")
    tier: str = "paid"
    longest: int = 300
    largest_picture: int = 1_000


@dataclass
class _State:
    """What there is on Plaza. ``marks`` are what was done with posts: liked, hidden, reported."""

    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    standing: dict[str, Standing] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    marks: dict[str, set[str]] = field(default_factory=dict)


class PlazaSimulator(Simulator):
    """One server of Plaza with one account of ours on it. ``page_size`` is how many events a poll gives."""

    def __init__(self, page_size: int = 3) -> None:
        super().__init__()
        self.account = _Account()
        self.token = secrets.token_hex(8)
        self.hook_secret = secrets.token_hex(8)
        self.state = _State()
        self.calls: list[HookCall] = []
        self._page_size = page_size
        self._left = 300
        self.mute = False
        """Only calls tell of what happens."""
        self._listeners: set[asyncio.Queue[bytes | None]] = set()
        self._consented: set[str] = set()

    def routes(self) -> Iterable[web.RouteDef]:
        """See the base."""
        post = "/api/posts/{id}"
        return (
            web.get("/api/me", self._me),
            web.get("/api/events", self._events),
            web.get("/api/stream", self._stream),
            web.get("/api/me/posts", self._mine),
            web.post("/api/pictures", self._picture),
            web.post("/api/posts", self._create),
            web.patch(post, self._change),
            web.delete(post, self._delete),
            web.put(post + "/{mark:like|hidden}", self._mark),
            web.delete(post + "/{mark:like|hidden}", self._mark),
            web.post(post + "/report", self._report),
            web.post("/oauth/device", self._device),
            web.post("/oauth/token", self._token),
        )

    def allowance(self, request: web.Request, refused: bool) -> Mapping[str, str]:
        """See the base."""
        self._left = max(0, self._left - 1)
        left, reset = (0, self.patience) if refused else (self._left, 900)
        ends = str(int(clock.seconds_from_now(reset).timestamp()))
        told = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": ends}
        return {**super().allowance(request, refused), **told}

    async def end(self) -> None:
        """End all streams."""
        for listener in self._listeners:
            listener.put_nowait(_ENDED)

    # --- what people do on Plaza ---

    def post(self, author: str, text: str, **more: Any) -> str:
        """Let somebody post; returns the post's id. ``more`` is as in :class:`wire.PlazaPost`."""
        number = f"p{len(self.state.posts) + 1}"
        who = {"id": f"u-{author}", "handle": f"@{author}", "name": author.title(), "followers": 12}
        at = clock.now().isoformat()
        made = {"id": number, "author": who, "text": text, "at": at, "url": f"{self.url}/{number}", **more}
        self.state.posts[number] = made
        self._happened({"post": dict(made)})
        return number

    def change(self, post_id: str, text: str) -> None:
        """Let somebody change what they posted."""
        post = self.state.posts[post_id]
        post |= {"text": text, "edited_at": clock.now().isoformat()}
        self._happened({"post": dict(post)})

    def remove(self, post_id: str) -> None:
        """Let somebody take back what they posted. Plaza does not say who."""
        del self.state.posts[post_id]
        self._happened({"gone": post_id})

    def _happened(self, event: dict[str, Any]) -> None:
        whole = {"seq": len(self.state.events) + 1, "at": clock.now().isoformat(), **event}
        self.state.events.append(whole)
        body = msgspec.json.encode(whole)
        for listener in () if self.mute else self._listeners:
            listener.put_nowait(body)
        signature = hmac.new(self.hook_secret.encode(), body, hashlib.sha256).hexdigest()
        self.calls.append(HookCall("POST", {}, {"x-plaza-signature": signature}, body))

    # --- reading ---

    def _signed_in(self, request: web.Request, scope: str) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refused(401, "invalid_token", "Unknown token.")
        if scope not in self.account.scopes:
            raise Refused(403, "insufficient_scope", scope)

    async def _me(self, request: web.Request) -> web.Response:
        self._signed_in(request, "read")
        about = {
            "id": "u-us",
            "handle": "@us",
            "tier": self.account.tier,
            "scopes": self.account.scopes,
            "longest": self.account.longest,
            "largest_picture": self.account.largest_picture,
            "price": "0.01",
            "token_ends": clock.seconds_from_now(86_400).isoformat(),
        }
        return web.json_response(about)

    def _wanted(self, event: Mapping[str, Any], watched: str) -> bool:
        post = event.get("post") or {}
        words = [word.lower() for word in watched.split(",") if word]
        return post.get("relation") != "matched" or any(word in post["text"].lower() for word in words)

    async def _events(self, request: web.Request) -> web.Response:
        self._signed_in(request, "read")
        query = self.asked(request, ("after", "watch"))
        after = int(query.get("after", "0"))
        waiting = [one for one in self.state.events if one["seq"] > after and not self.mute]
        page = waiting[: self._page_size]
        more = len(waiting) > len(page)
        found = [one for one in page if self._wanted(one, query.get("watch", ""))]
        return web.json_response({"events": self.listed(found), "more": more})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self._signed_in(request, "read")
        self.asked(request, ("watch",))
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        listener: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            await response.write(b"\n")
            while (body := await listener.get()) is not _ENDED:
                await response.write(body + b"\n")
        except ConnectionResetError:
            pass
        finally:
            self._listeners.discard(listener)
        return response

    async def _mine(self, request: web.Request) -> web.Response:
        self._signed_in(request, "read")
        since = datetime.fromisoformat(self.asked(request, ("since",))["since"])
        mine = [{"id": one.id, "key": one.key} for one in self.state.standing.values() if one.at >= since]
        return web.json_response(mine)

    # --- writing ---

    async def _picture(self, request: web.Request) -> web.Response:
        self._signed_in(request, "write")
        if not request.content_type.startswith("image/"):
            raise Refused(415, "unsupported_media_type", request.content_type)
        number = f"m{len(self.state.pictures) + 1}"
        self.state.pictures[number] = self.asked(request, ("alt",)).get("alt", "")
        return web.json_response({"id": number})

    async def _create(self, request: web.Request) -> web.Response:
        self._signed_in(request, "write")
        new = await self.told(request, _NewPost)
        if len(_URL.sub("x" * 20, new.text)) > self.account.longest:
            raise Refused(422, "too_long", "The text is too long.")
        if new.answers and new.answers not in self.state.posts:
            raise Refused(404, "not_found", "The post is gone.")
        if any(one not in self.state.pictures for one in new.pictures):
            raise Refused(422, "unknown_picture")
        number = f"o{len(self.state.standing) + 1}"
        alts = tuple(self.state.pictures[one] for one in new.pictures)
        made = Standing(number, new.key, new.text, new.circle, new.answers, alts, clock.now())
        self.state.standing[number] = made
        self._happened({"post": self._own(made, new.thread)})
        return web.json_response({"id": number, "key": new.key}, status=201)

    def _own(self, made: Standing, thread: str) -> dict[str, Any]:
        return {
            "id": made.id,
            "author": {"id": "u-us", "handle": "@us"},
            "text": made.text,
            "at": made.at.isoformat(),
            "circle": made.circle,
            "thread": thread,
            "answers": made.answers,
            "ours": True,
        }

    def _ours(self, request: web.Request) -> Standing:
        self._signed_in(request, "write")
        found = self.state.standing.get(request.match_info["id"])
        if found is None:
            raise Refused(404, "not_found", "The post is gone.")
        return found

    async def _change(self, request: web.Request) -> web.Response:
        self._ours(request).text = (await self.told(request, _Change)).text
        return web.json_response({})

    async def _delete(self, request: web.Request) -> web.Response:
        self._signed_in(request, "write")
        self.state.standing.pop(request.match_info["id"], None)
        return web.json_response({})

    def _theirs(self, request: web.Request) -> set[str]:
        self._signed_in(request, "write")
        if request.match_info["id"] not in self.state.posts:
            raise Refused(404, "not_found", "The post is gone.")
        return self.state.marks.setdefault(request.match_info["id"], set())

    async def _mark(self, request: web.Request) -> web.Response:
        marks, mark = self._theirs(request), request.match_info["mark"]
        if mark == "hidden" and self.account.tier == "free":
            raise Refused(403, "plan", "Not on the free plan.")
        if request.method == "PUT":
            marks.add(mark)
        else:
            marks.discard(mark)
        return web.json_response({})

    async def _report(self, request: web.Request) -> web.Response:
        marks = self._theirs(request)
        await self.told(request, _Report)
        marks.add("reported")
        return web.json_response({})

    # --- signing in ---

    async def _device(self, _request: web.Request) -> web.Response:
        code = secrets.token_hex(4)
        return web.json_response({"page": f"{self.url}/agree?code={code}", "code": code})

    def agree(self, page: str) -> None:
        """Let the person agree on the page that they were shown."""
        self._consented.add(page.rpartition("=")[2])

    async def _token(self, request: web.Request) -> web.Response:
        code = (await self.told(request, _Code)).code
        if code not in self._consented:
            return web.json_response({"token": ""})
        self.token = secrets.token_hex(8)
        return web.json_response({"token": self.token})


__all__ = ["Fault", "PlazaSimulator", "Standing"]
