"""Where desks connect: one WebSocket each, and beside it the routes for what is too large for it."""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from sqlalchemy import Row, select

from agentdesk.base import clock
from agentdesk.base.errors import NotFound
from agentdesk.base.events import Bell
from agentdesk.base.ids import parse_id
from agentdesk.base.text import msg
from agentdesk.commands.context import Actor
from agentdesk.server.api.operations import ApiError
from agentdesk.server.api.web import bearer_token, download_headers
from agentdesk.server.fetcher import Fetcher
from agentdesk.server.housekeeping import keep_longer
from agentdesk.server.masked import look_at_frames
from agentdesk.store import blobs
from agentdesk.store.engine import Database
from agentdesk.store.tables import attachment, message, raw_item
from agentdesk.sync.endpoint import Executes, Session
from agentdesk.sync.feed import Feed
from agentdesk.sync.presence_board import Board
from agentdesk.sync.presence_relay import Relay
from agentdesk.sync.protocol import MAX_FRAME_BYTES
from agentdesk.sync.servers import Addresses
from agentdesk.sync.site import SiteBoard

__all__ = ["MAX_BLOB_BYTES", "SyncEndpoint"]

MAX_BLOB_BYTES = 50 * 1024 * 1024
_UPLOADS_AT_ONCE = 4
_LONGEST_REQUEST = 16 * 1024
_HASH = re.compile(r"[0-9a-f]{64}")
_SOURCE = re.compile(r'\b(?:data-)?src="([^"]{1,4000})"')
_CLOSE_SECONDS = 2.0

Authenticate = Callable[[str], Awaitable[Actor | None]]


class PictureWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which remote picture of a message a person wants to see."""

    url: str


class SyncEndpoint:
    """The desks' side of the server. ``authenticate`` tells who holds a token, ``servers`` where desks can go
    besides."""

    def __init__(
        self,
        db: Database,
        feed: Feed,
        executor: Executes,
        authenticate: Authenticate,
        fetcher: Fetcher | None = None,
        servers: Addresses | None = None,
    ) -> None:
        self._db = db
        self._feed = feed
        self._executor = executor
        self._authenticate = authenticate
        self._fetcher = fetcher or Fetcher()
        self._board = Board(db)
        self._relay = Relay(db, self._board, feed.listener) if feed.listener is not None else None
        self._servers = servers
        self._site = SiteBoard(db)
        self._sessions: dict[UUID, Session] = {}
        self.arrivals = Bell()
        self._uploads = asyncio.Semaphore(_UPLOADS_AT_ONCE)
        self._closing = False
        self._empty = asyncio.Event()

    def add_routes(self, app: web.Application) -> None:
        """Serve everything below ``/desk`` but the session itself."""
        app.router.add_get("/desk/sync", self.handle)
        app.router.add_put("/desk/blobs/{hash}", self.take_blob)
        app.router.add_get("/desk/attachments/{id}", self.give_attachment)
        app.router.add_get("/desk/messages/{id}/original", self.give_original)
        app.router.add_post("/desk/messages/{id}/picture", self.give_picture)

    @property
    def board(self) -> Board:
        """Who is at which conversation."""
        return self._board

    @property
    def connected(self) -> int:
        """How many desks are connected."""
        return len(self._sessions)

    @property
    def desks(self) -> frozenset[UUID]:
        """Which desks are connected; ``arrivals`` rings when one more is."""
        return frozenset(self._sessions)

    @property
    def hears(self) -> bool | None:
        """Whether changes of other servers are heard of; None on SQLite, and while it is not known."""
        return self._feed.listener.hears if self._feed.listener is not None else None

    async def close(self) -> None:
        """Say goodbye to all desks; they come back to another server or to the next start."""
        self._closing = True
        for session in list(self._sessions.values()):
            session.end("closing", msg("The server is being restarted."))
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                while self._sessions:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            pass
        if self._relay is not None:
            await self._relay.close()
        await self._fetcher.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One desk's WebSocket, from its first frame to its end."""
        if self._closing:
            raise ApiError(503, "closing", msg("The server is being restarted."))
        if self._relay is not None:
            self._relay.start()
        socket = web.WebSocketResponse(max_msg_size=2 * MAX_FRAME_BYTES, timeout=2.0, compress=False)
        await look_at_frames(request, socket)
        session = Session(
            _Socket(socket),
            self._db,
            self._feed,
            self._executor,
            self._authenticate,
            self._board,
            self._servers,
            self._site,
        )
        try:
            await session.run(self._arrived)
        finally:
            if session.desk_id is not None and self._sessions.get(session.desk_id) is session:
                del self._sessions[session.desk_id]
            self._empty.set()
        return socket

    def _arrived(self, session: Session) -> None:
        """A desk has one connection: an older one is a leftover that has not noticed its end."""
        assert session.desk_id is not None
        older = self._sessions.get(session.desk_id)
        if older is not None:
            older.end("closing", msg("This desk has connected again."))
        self._sessions[session.desk_id] = session
        self.arrivals.ring()

    # --- files ---

    async def take_blob(self, request: web.Request) -> web.Response:
        """Keep a file that a command will name. Its content must be what the hash in the path says."""
        await self._actor(request)
        name = request.match_info["hash"]
        if not _HASH.fullmatch(name):
            raise ApiError(400, "bad_request", msg("This is no SHA-256 in hexadecimal."))
        async with self._db.write() as conn:
            known = await keep_longer(conn, [name])
        if known:
            return web.Response(status=204)
        async with self._uploads:
            content = await _received(request)
            if await asyncio.to_thread(_sha256, content) != name:
                raise ApiError(422, "damaged", msg("The file did not arrive as it was sent."))
            async with self._db.write() as conn:
                await blobs.put_many(conn, {name: bytes(content)}, clock.now())
        return web.Response(status=201)

    async def give_attachment(self, request: web.Request) -> web.Response:
        """An attachment's content, to whoever may see its inbox."""
        actor = await self._actor(request)
        async with self._db.read() as conn:
            columns = attachment.c.inbox_id, attachment.c.name, attachment.c.blob
            found = await conn.execute(select(*columns).where(attachment.c.id == _id(request)))
            row = _visible(actor, found.first())
            content = await blobs.get(conn, row.blob)
        if content is None:
            raise NotFound
        return web.Response(body=content, headers=download_headers(row.name))

    async def give_original(self, request: web.Request) -> web.Response:
        """A message as it came."""
        actor = await self._actor(request)
        async with self._db.read() as conn:
            found = await conn.execute(
                select(message.c.inbox_id, raw_item.c.blob)
                .join(raw_item, raw_item.c.id == message.c.raw_id)
                .where(message.c.id == _id(request))
            )
            row = _visible(actor, found.first())
            content = await blobs.get(conn, row.blob)
        if content is None:
            raise NotFound
        return web.Response(body=content, headers=download_headers("message.eml"))

    async def give_picture(self, request: web.Request) -> web.Response:
        """A remote picture that a message shows, fetched for a person who asked for it."""
        actor = await self._actor(request)
        wish = await _wish(request)
        async with self._db.read() as conn:
            columns = message.c.inbox_id, message.c.html, message.c.quoted_html, message.c.post
            found = await conn.execute(select(*columns).where(message.c.id == _id(request)))
            row = _visible(actor, found.first())
        known = _pictures_in(row.html) | _pictures_in(row.quoted_html) | _pictures_of(row.post)
        if wish.url not in known:
            raise ApiError(422, "invalid", msg("This picture is not part of the message."))
        picture = await self._fetcher.picture(wish.url)
        headers = {**download_headers("picture"), "Content-Type": picture.media_type}
        return web.Response(body=picture.content, headers=headers)

    async def _actor(self, request: web.Request) -> Actor:
        token = bearer_token(request)
        actor = await self._authenticate(token) if token else None
        if actor is None:
            raise ApiError(401, "unauthorized", msg("Please sign in again."))
        return actor


class _Socket:
    """A WebSocket of aiohttp as frames."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def receive(self) -> bytes | None:
        received = await self._socket.receive()
        return received.data if received.type is WSMsgType.BINARY else None

    async def send(self, frame: bytes) -> None:
        await self._socket.send_bytes(frame)

    async def close(self) -> None:
        await self._socket.close(code=WSCloseCode.GOING_AWAY)


async def _received(request: web.Request) -> bytearray:
    """The body, of at most MAX_BLOB_BYTES."""
    too_large = ApiError(413, "too_large", msg("The file is too large."))
    if (request.content_length or 0) > MAX_BLOB_BYTES:
        raise too_large
    content = bytearray()
    async for chunk in request.content.iter_any():
        content += chunk
        if len(content) > MAX_BLOB_BYTES:
            raise too_large
    return content


async def _wish(request: web.Request) -> PictureWish:
    body = await request.content.read(_LONGEST_REQUEST)
    try:
        return msgspec.json.decode(body, type=PictureWish)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ApiError(400, "bad_request", msg("The body cannot be used.")) from None


def _pictures_in(markup: str) -> set[str]:
    """The addresses of pictures in a message's cleaned HTML."""
    return {html.unescape(found).strip() for found in _SOURCE.findall(markup)}


def _pictures_of(post: dict[str, Any] | None) -> set[str]:
    """The addresses of pictures that a post shows: pictures, and previews of films and pages."""
    shown = () if post is None else post.get("media", ())
    pictures = {one["url"] for one in shown if one.get("kind") == "image"}
    return {one for one in pictures | {one.get("preview", "") for one in shown} if one}


def _visible(actor: Actor, row: Row[*tuple[Any, ...]] | None) -> Row[*tuple[Any, ...]]:
    """The row, where the actor may see it; raises NotFound alike where there is none."""
    if row is None or not actor.sees(row.inbox_id):
        raise NotFound
    return row


def _id(request: web.Request) -> UUID:
    found = parse_id(request.match_info["id"])
    if found is None:
        raise NotFound
    return found


def _sha256(content: bytearray) -> str:
    return hashlib.sha256(content).hexdigest()
