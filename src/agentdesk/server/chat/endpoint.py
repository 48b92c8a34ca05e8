"""Where visitors' pages connect: a WebSocket, or requests that wait, and beside them what is public."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import web

from agentdesk.base import clock
from agentdesk.base.ids import parse_id
from agentdesk.base.secrets import Vault
from agentdesk.base.tasks import Tasks
from agentdesk.server.chat import identity
from agentdesk.server.chat.copying import Copies
from agentdesk.server.chat.doors import CHANNEL, Doors
from agentdesk.server.chat.faces import Faces
from agentdesk.server.chat.guests import Guests, read_here
from agentdesk.server.chat.help_pages import HelpPages
from agentdesk.server.chat.invitations import Invitations, read_told
from agentdesk.server.chat.limits import Buckets, Places
from agentdesk.server.chat.lines import SessionGone
from agentdesk.server.chat.links import Links
from agentdesk.server.chat.protocol import LONGEST_FRAME, PREFIX, BadFrame, Hello, Problem, encode, read_poll
from agentdesk.server.chat.refused import Refused
from agentdesk.server.chat.rounds import Rounds
from agentdesk.server.chat.script import built, script_answer, with_settings
from agentdesk.server.chat.sessions import Sessions
from agentdesk.server.chat.talking import MOST_VISITS, Polling, Talking
from agentdesk.server.chat.trail import Trails
from agentdesk.server.chat.turns import Turns
from agentdesk.server.chat.uploads import Uploads
from agentdesk.server.chat.visit import Visit, VisitTools
from agentdesk.server.chat.watching import Watching
from agentdesk.server.chat.widgets import Widget, Widgets, allows, public
from agentdesk.server.chat.words import labels, wished, wishes
from agentdesk.server.command_channels import CommandChannels
from agentdesk.server.peers import Peers
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.sync.listener import Listener
from agentdesk.sync.presence_board import Board

__all__ = ["PREFIX", "ChatEndpoint"]

_CLOSE_SECONDS = 2.0
_CONNECTIONS = 100
_NEW_SESSIONS, _NEW_PER_SECOND = 10, 10 / 60
_POLLS, _POLLS_PER_SECOND = 60, 6.0
_MESSAGES, _MESSAGES_PER_SECOND = 10, 1.0
_TOLD, _TOLD_PER_SECOND, _TOLD_BYTES = 20, 0.5, 1_000
_HERE_BYTES = 32_000
_SCRIPT_SECONDS = 300
_SETTINGS_SECONDS = 60
_PUBLIC = ("widget.js", "settings")
_STATUS = {
    "bad_frame": 400,
    "version": 400,
    "unauthorized": 401,
    "identity": 403,
    "origin": 403,
    "blocked": 403,
    "widget": 404,
    "gone": 404,
    "too_large": 413,
    "media_type": 415,
    "invalid": 422,
    "not_here": 422,
    "slow_down": 429,
    "too_many": 429,
    "closing": 503,
    "busy": 503,
}
_PLAIN = {"X-Content-Type-Options": "nosniff", "Vary": "Origin"}


class ChatEndpoint:
    """The visitors' side of the server. What pages run is theirs to choose, so nothing that they say is
    believed but their token, or the company's signature. ``listener`` hears of what other servers have
    stored; ``wake`` is called when desks are to be told something."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        doors: Doors,
        board: Board,
        peers: Peers,
        listener: Listener | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._widgets = Widgets(db, vault)
        self._sessions = Sessions(db, vault, doors)
        self._watching = Watching(db, board)
        messages = Buckets(_MESSAGES, _MESSAGES_PER_SECOND)
        self._uploads = Uploads(db, vault, self._sessions)
        self._invitations = Invitations(db)
        self._told = Buckets(_TOLD, _TOLD_PER_SECOND)
        self._channels = CommandChannels(db, vault, doors)
        copies = Copies(db, self._channels, wake)
        turns = Turns(db)
        self._rounds = Rounds(db, doors)
        self._marks = Tasks("chat marks")
        trails = Trails(db, wake)
        self._tools = VisitTools(
            self._sessions, trails, self._watching, turns, messages, copies, self._rounds, self._marks
        )
        self._help = HelpPages(self._widgets, Links(db), self._watching, turns, peers)
        self._guests = Guests(db)
        self._faces = Faces(db, peers)
        self._doors = doors
        self._peers = peers
        self._connections = Places(_CONNECTIONS)
        self._new = Buckets(_NEW_SESSIONS, _NEW_PER_SECOND)
        self._polls = Buckets(_POLLS, _POLLS_PER_SECOND)
        self._talks: set[Talking] = set()
        self._closing = False
        if listener is not None:
            listener.on(CHANNEL, doors.hear)

    def add_routes(self, app: web.Application) -> None:
        """Serve everything below ``/chat`` and ``/help``."""
        self._help.add_routes(app)
        self._faces.add_routes(app)
        app.router.add_get(f"{PREFIX}/widget.js", self.give_script)
        app.router.add_get(
            f"{PREFIX}/{{widget}}/files/{{ticket:[0-9a-f-]{{1,100}}}}", self._guarded(self._give)
        )
        paths = {
            "widget.js": self._give_script,
            "settings": self._settings,
            "poll": self._poll,
            "files": self._take,
            "invitation": self._count,
            "here": self._hear,
        }
        for path, handler in paths.items():
            address = f"{PREFIX}/{{widget}}/{path}"
            method = "GET" if path in _PUBLIC else "POST"
            app.router.add_route(method, address, self._guarded(handler))
            app.router.add_route("OPTIONS", address, self._guarded(self._preflight))
        app.router.add_get(f"{PREFIX}/{{widget}}/socket", self._guarded(self._socket))

    async def close(self) -> None:
        """Say goodbye to all pages; they come back to another server or to the next start."""
        self._closing = True
        goodbyes = [talk.end() for talk in list(self._talks)]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await asyncio.gather(*goodbyes, return_exceptions=True)
                await self._marks.drain()
        self._watching.close()
        await self._rounds.close()
        await self._marks.close()
        await self._channels.close()

    # --- what is public ---

    async def give_script(self, request: web.Request) -> web.Response:
        """The widget, where it was built; its pages ask for the settings."""
        headers = {
            "Vary": "Accept-Encoding",
            "Cache-Control": f"public, max-age={_SCRIPT_SECONDS}",
            "Access-Control-Allow-Origin": "*",
        }
        try:
            return script_answer(request, await asyncio.to_thread(built), headers)
        except OSError:
            raise web.HTTPNotFound from None

    async def _give_script(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        """The widget with its settings: its pages can show the launcher at once."""
        try:
            script = await asyncio.to_thread(built)
        except OSError:
            raise web.HTTPNotFound from None
        asked, accepted = request.query.get("language", ""), request.headers.get("Accept-Language", "")
        known = await self._known(widget, wished(asked, accepted))
        known["labels"] = labels(widget.page.languages)
        headers = _cors(origin) | {
            "Vary": "Origin, Accept-Encoding, Accept-Language",
            "Cache-Control": f"max-age={_SETTINGS_SECONDS}",
        }
        return script_answer(request, with_settings(script, known), headers)

    async def _settings(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        known = await self._known(widget, wishes(request.query.get("language", "")))
        headers = {**_cors(origin), "Cache-Control": f"max-age={_SETTINGS_SECONDS}"}
        answer = web.Response(
            body=msgspec.json.encode(known), content_type="application/json", headers=headers
        )
        answer.enable_compression()
        return answer

    async def _known(self, widget: Widget, wished: Sequence[str]) -> dict[str, object]:
        there = await self._watching.online(widget.inbox_id)
        known = dict(public(widget, widget.standing(there, clock.now()), wished))
        invitations = await self._invitations.public(widget.id, str(known["language"]))
        return {**known, "invitations": invitations} if invitations else known

    async def _count(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        """What became of an invitation on a page."""
        wait = self._told.take(self._peers.counted(request))
        if wait:
            raise Refused("slow_down", "Too many requests.", int(wait) + 1)
        await self._invitations.count(widget.id, read_told(await _body(request, _TOLD_BYTES)))
        return web.Response(status=204, headers=_cors(origin))

    async def _hear(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        """Where somebody is who agreed to be seen."""
        if not widget.page.presence:
            raise Refused("not_here", "This widget does not show who is there.")
        here = read_here(await _body(request, _HERE_BYTES))
        session = await self._sessions.find(widget.id, here.token) if here.token and not here.gone else None
        agent = request.headers.get("User-Agent", "")
        told = await self._guests.heard(widget.id, here, session, agent, self._peers.counted(request))
        headers = {**_cors(origin), "Cache-Control": "no-store"}
        return web.Response(body=msgspec.json.encode(told), content_type="application/json", headers=headers)

    async def _preflight(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        allowed = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "authorization, content-type, x-file-id, x-file-name",
            "Access-Control-Max-Age": "600",
        }
        return web.Response(status=204, headers={**_cors(origin), **allowed})

    # --- files ---

    async def _take(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        body = await self._uploads.take(request, widget, self._peers.counted(request))
        headers = {**_cors(origin), "Cache-Control": "no-store"}
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def _give(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        with self._uploads.giving(self._peers.counted(request)):
            answer = await self._uploads.give(request.match_info["ticket"], widget)
            answer.headers.update(_cors(origin))
            return await _written(request, answer)

    # --- talking ---

    async def _socket(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        client = self._peers.counted(request)
        if not self._connections.take(client):
            raise Refused("too_many", "Too many connections.", 60)
        agent = request.headers.get("User-Agent", "")
        talk = Talking(lambda hello: self._enter(widget, hello, client, agent), self._leave)
        self._talks.add(talk)
        try:
            return await talk.run(request)
        finally:
            self._talks.discard(talk)
            self._connections.give_back(client)

    async def _poll(self, request: web.Request, widget: Widget, origin: str) -> web.StreamResponse:
        client = self._peers.counted(request)
        wait = self._polls.take(client)
        if wait:
            raise Refused("slow_down", "Too many requests.", int(wait) + 1)
        frames, seconds = read_poll(await _body(request))
        if not self._connections.take(client):
            raise Refused("too_many", "Too many connections.", 60)
        try:
            agent = request.headers.get("User-Agent", "")
            poll = Polling(lambda hello: self._enter(widget, hello, client, agent), self._leave)
            answers = await poll.run(frames, seconds)
            body = b'{"frames":[' + b",".join(encode(frame) for frame in answers) + b"]}"
            headers = {**_cors(origin), "Cache-Control": "no-store"}
            answer = web.Response(body=body, content_type="application/json", headers=headers)
            return await _written(request, answer)
        finally:
            self._connections.give_back(client)

    async def _enter(self, widget: Widget, hello: Hello, client: str, agent: str) -> Visit:
        """Let a page in. Raises Refused."""
        claim, secret = hello.identity, widget.page.identity_secret
        if claim is not None and not identity.stands(secret, widget.id, claim, clock.now()):
            raise Refused("identity", "This identity is not signed, or has run out.")
        if hello.token is None:
            wait = self._new.take(client)
            if wait:
                raise Refused("too_many", "Too many new sessions.", int(wait) + 1)
        opened = await self._sessions.open(widget.id, hello)
        if opened is None:
            raise Refused("unauthorized", "This token is not known.")
        await self._sessions.let_in(opened.id)
        standing = widget.standing(await self._watching.online(widget.inbox_id), clock.now())
        if self._doors.visits(opened.id) >= MOST_VISITS:
            raise Refused("too_many", "Too many tabs.", 60)
        visit = Visit(self._tools, widget, hello, opened, standing, agent)
        self._doors.enter(visit.session_id, visit.bell)
        self._rounds.begin()
        return visit

    def _leave(self, visit: Visit) -> None:
        self._doors.leave(visit.session_id, visit.bell)
        visit.leave()

    # --- who is let in at all ---

    def _guarded(
        self, handler: Callable[[web.Request, Widget, str], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            origin = ""
            try:
                if self._closing:
                    raise Refused("closing", "The server is being restarted.", 2)
                widget_id = parse_id(request.match_info["widget"])
                widget = await self._widgets.find(widget_id) if widget_id is not None else None
                if widget is None:
                    raise Refused("widget", "There is no such widget.")
                origin = _origin(request, widget)
                return await handler(request, widget, origin)
            except Refused as refused:
                return _refusal(refused.problem, origin)
            except BadFrame as bad:
                return _refusal(Problem(code=bad.code, text=bad.text, id=bad.key), origin)
            except SessionGone:
                return _refusal(Problem(code="unauthorized", text="This session is gone."), origin)
            except DatabaseError:
                return _refusal(Problem(code="busy", text="Not at present.", retry=5), origin)

        return serve


def _origin(request: web.Request, widget: Widget) -> str:
    """The origin of the page that asks. Raises Refused where it may not use the widget; only what is public
    is told to a page of our own, whose browser names no origin then, and a file to who has its address."""
    given = request.headers.getall("Origin", [])
    open_to_all = request.path.endswith(_PUBLIC) or "ticket" in request.match_info
    if not given and request.method == "GET" and open_to_all:
        return _shown_at(request, widget)
    if len(given) != 1 or not allows(widget.page, given[0]):
        raise Refused("origin", "This page may not use the widget.")
    return given[0]


def _shown_at(request: web.Request, widget: Widget) -> str:
    """Nothing; but Refused for the script in a page that names itself and may not use the widget. A page may
    be silent: it is spared a launcher that would lead nowhere, and nothing is kept from it."""
    page = "/".join(request.headers.get("Referer", "").split("/", 3)[:3])
    if page and request.path.endswith("/widget.js") and not allows(widget.page, page):
        raise Refused("origin", "This page may not use the widget.")
    return ""


def _cors(origin: str) -> dict[str, str]:
    return {**_PLAIN, "Access-Control-Allow-Origin": origin} if origin else dict(_PLAIN)


def _refusal(problem: Problem, origin: str) -> web.Response:
    headers = {**_cors(origin), "Cache-Control": "no-store"}
    if problem.retry is not None:
        headers["Retry-After"] = str(problem.retry)
    status = _STATUS.get(problem.code, 400)
    return web.Response(status=status, body=encode(problem), content_type="application/json", headers=headers)


async def _written(request: web.Request, answer: web.Response) -> web.Response:
    """Return an answer that has been taken: until then it is in memory, and its client has one place less."""
    await answer.prepare(request)
    await answer.write_eof()
    return answer


async def _body(request: web.Request, most: int = LONGEST_FRAME) -> bytes:
    """The body of a request. Raises Refused for one that is too large."""
    content = bytearray()
    async for chunk in request.content.iter_any():
        content += chunk
        if len(content) > most:
            raise Refused("too_large", "The frames are too large.")
    return bytes(content)
