"""The help pages: how a company can be reached, with its chat, and where links in mails lead."""

from __future__ import annotations

import asyncio
import re
import secrets

import msgspec
from aiohttp import web

from agentdesk.base import clock
from agentdesk.base.paths import resource
from agentdesk.server.chat.help_html import Ways, conversation_page, gone_page, help_page
from agentdesk.server.chat.help_words import HelpWords
from agentdesk.server.chat.limits import Buckets
from agentdesk.server.chat.links import Linked, Links
from agentdesk.server.chat.refused import Refused
from agentdesk.server.chat.turns import Turns
from agentdesk.server.chat.watching import Watching
from agentdesk.server.chat.widgets import Widget, Widgets
from agentdesk.server.chat.words import wished
from agentdesk.server.peers import Peers

__all__ = ["HelpPages"]

_PAGES, _PAGES_PER_SECOND = 60, 1.0
_LINKS, _LINKS_PER_SECOND = 20, 0.2
_LONGEST_BODY = 1_000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class _Asked(msgspec.Struct, frozen=True):
    token: str


class HelpPages:
    """Served to anybody. Nothing that is asked for by GET changes anything: programs that look through
    mails follow links too. What opens a chat is a POST of our own page."""

    def __init__(
        self, widgets: Widgets, links: Links, watching: Watching, turns: Turns, peers: Peers
    ) -> None:
        self._widgets = widgets
        self._links = links
        self._watching = watching
        self._turns = turns
        self._peers = peers
        self._pages = Buckets(_PAGES, _PAGES_PER_SECOND)
        self._tries = Buckets(_LINKS, _LINKS_PER_SECOND)

    def add_routes(self, app: web.Application) -> None:
        """Serve everything below ``/help``."""
        app.router.add_get("/help/help.js", self._script)
        app.router.add_get("/help/c/{token}", self._conversation)
        app.router.add_post("/help/c", self._open)
        app.router.add_get("/help/{widget}", self._help)

    async def _script(self, _request: web.Request) -> web.Response:
        content = await asyncio.to_thread(resource("help/help.js").read_bytes)
        headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=content, content_type="text/javascript", charset="utf-8", headers=headers)

    async def _help(self, request: web.Request) -> web.Response:
        if self._waits(self._pages, request):
            raise web.HTTPTooManyRequests
        widget = await self._widgets.named(request.match_info["widget"])
        if widget is None:
            raise web.HTTPNotFound
        words, nonce = _words(request, widget), secrets.token_urlsafe(16)
        is_open = request.query.get("chat") == "open"
        return _answer(help_page(await self._ways(widget), words, nonce, is_open=is_open), nonce, widget)

    async def _conversation(self, request: web.Request) -> web.Response:
        """Show where a link leads; nothing is changed by it."""
        if self._waits(self._tries, request):
            raise web.HTTPTooManyRequests
        token, nonce = request.match_info["token"], secrets.token_urlsafe(16)
        linked = await self._links.find(token) if _TOKEN.fullmatch(token) else None
        widget = await self._widgets.find(linked.widget) if linked is not None else None
        words = _words(request, widget, linked)
        ways = None if widget is None else await self._ways(widget)
        if linked is None or ways is None or not linked.works:
            return _answer(gone_page(ways, words, nonce), nonce, widget, status=404)
        return _answer(conversation_page(ways, words, nonce, token), nonce, widget)

    async def _open(self, request: web.Request) -> web.Response:
        """Give a token of the session that a link leads to, to our own page alone."""
        if self._waits(self._tries, request):
            raise web.HTTPTooManyRequests
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            asked = msgspec.json.decode(await _body(request), type=_Asked)
        except msgspec.DecodeError:
            raise web.HTTPBadRequest from None
        linked = await self._links.find(asked.token) if _TOKEN.fullmatch(asked.token) else None
        widget = await self._widgets.find(linked.widget) if linked is not None else None
        if widget is None:
            raise web.HTTPNotFound
        if request.headers.getall("Origin", []) != [widget.page.server]:
            raise web.HTTPForbidden
        token = await self._opened(asked.token)
        body = msgspec.json.encode({"widget": widget.id, "token": token})
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def _opened(self, link: str) -> str:
        try:
            token = await self._links.open(link)
        except Refused:
            raise web.HTTPNotFound from None
        if token is None:
            raise web.HTTPNotFound
        return token

    async def _ways(self, widget: Widget) -> Ways:
        there = await self._watching.online(widget.inbox_id)
        standing = widget.standing(there, clock.now())
        return Ways(
            widget=widget.id,
            name=widget.page.name,
            colour=widget.page.colour,
            online=standing.online,
            waiting=await self._turns.waiting(widget.inbox_id),
            mail=widget.mail,
            site=widget.site,
        )

    def _waits(self, buckets: Buckets, request: web.Request) -> bool:
        return buckets.take(self._peers.counted(request)) > 0


def _words(request: web.Request, widget: Widget | None, linked: Linked | None = None) -> HelpWords:
    asked = request.query.get("language", "") or (linked.language if linked is not None else "")
    wishes = wished(asked, request.headers.get("Accept-Language", ""))
    return HelpWords(wishes, widget.page.languages if widget is not None else ())


def _answer(page: str, nonce: str, widget: Widget | None, *, status: int = 200) -> web.Response:
    """A page that nobody frames, that loads from here alone, and whose address is told to nobody."""
    socket = widget.page.server.replace("http", "ws", 1) if widget is not None else ""
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'nonce-{nonce}'; connect-src 'self' {socket}; "
        "img-src 'self' blob: data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    return web.Response(status=status, text=page, content_type="text/html", charset="utf-8", headers=headers)


async def _body(request: web.Request) -> bytes:
    content = bytearray()
    async for chunk in request.content.iter_any():
        content += chunk
        if len(content) > _LONGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(_LONGEST_BODY, len(content))
    return bytes(content)
