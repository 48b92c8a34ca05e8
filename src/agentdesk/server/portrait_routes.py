"""A person's own picture over HTTP: given and taken away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from agentdesk.base.events import Bell
from agentdesk.base.text import msg
from agentdesk.commands.context import Actor
from agentdesk.domain.portraits import MOST_BYTES
from agentdesk.server.api.operations import ApiError
from agentdesk.server.api.web import bearer_token
from agentdesk.server.portraits import made_portrait, put_portrait
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database

__all__ = ["add_routes"]

Authenticate = Callable[[str], Awaitable[Actor | None]]
_PATH = "/desk/picture"


def add_routes(app: web.Application, db: Database, authenticate: Authenticate, bell: Bell) -> None:
    """Serve ``/desk/picture``: PUT takes a picture as its body, DELETE takes it away. ``bell`` is rung when
    desks are to be told."""

    async def put(request: web.Request) -> web.Response:
        actor = await _person(request)
        made = await made_portrait(await _body(request))
        return await keep(actor, made)

    async def take_away(request: web.Request) -> web.Response:
        return await keep(await _person(request), None)

    async def keep(actor: Actor, made: bytes | None) -> web.Response:
        assert actor.user_id is not None
        what = "take_picture_away" if made is None else "set_picture"
        async with db.write() as conn:
            await put_portrait(conn, actor.user_id, made)
            await record(conn, [Entry("command", what, "done", actor.kind.value, user_id=actor.user_id)])
        bell.ring()
        return web.Response(status=204)

    async def _person(request: web.Request) -> Actor:
        """Who asks; a program is nobody here."""
        token = bearer_token(request)
        actor = await authenticate(token) if token else None
        if actor is None or actor.user_id is None:
            raise ApiError(401, "unauthorized", msg("Please sign in again."))
        return actor

    app.router.add_put(_PATH, put)
    app.router.add_delete(_PATH, take_away)


async def _body(request: web.Request) -> bytes:
    """The body, as far as it could be a picture."""
    content = bytearray()
    async for chunk in request.content.iter_any():
        content += chunk
        if len(content) > MOST_BYTES:
            break
    return bytes(content)
