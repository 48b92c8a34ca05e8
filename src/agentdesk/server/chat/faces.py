"""What people of the team look like to visitors: addresses of pictures, and the pictures themselves."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from sqlalchemy import ColumnElement, Select, and_, case, select

from agentdesk.domain.portraits import ADDRESS
from agentdesk.server.chat.limits import Buckets
from agentdesk.server.chat.protocol import Agent
from agentdesk.server.peers import Peers
from agentdesk.store.engine import Database
from agentdesk.store.tables import chat_line, message, portrait, user

__all__ = ["HAS_FACE", "Faces", "agent_of", "with_faces"]

_AT_ONCE, _PER_SECOND = 120, 20.0
_KEPT_SECONDS = 7 * 24 * 3600

HAS_FACE: ColumnElement[bool] = and_(portrait.c.id == user.c.id, user.c.active)
"""The condition to join ``portrait`` by: who does not work here any more is shown to nobody."""

_FACE = (
    select(portrait.c.digest)
    .join(user, HAS_FACE)
    .join(message, message.c.user_id == user.c.id)
    .where(message.c.external_id == chat_line.c.key)
    .limit(1)
    .correlate(chat_line)
    .scalar_subquery()
)


def with_faces(lines: Select[Any]) -> Select[Any]:
    """Return a statement for lines with one more column, ``face``: the picture of who of us wrote each."""
    return lines.add_columns(case((chat_line.c.origin == "agent", _FACE)).label("face"))


def agent_of(name: str | None, face: str | None) -> Agent | None:
    """Return somebody as pages get them; ``face`` is the SHA-256 of their picture. None: there is nobody."""
    return Agent(name, f"{ADDRESS}/{face}" if face else None) if name else None


class Faces:
    """Gives pictures to anybody who has been told their address, while the person works here."""

    def __init__(self, db: Database, peers: Peers) -> None:
        self._db = db
        self._peers = peers
        self._asked = Buckets(_AT_ONCE, _PER_SECOND)

    def add_routes(self, app: web.Application) -> None:
        """Serve everything below :data:`ADDRESS`."""
        app.router.add_get(f"{ADDRESS}/{{digest:[0-9a-f]{{64}}}}", self._give)

    async def _give(self, request: web.Request) -> web.Response:
        if self._asked.take(self._peers.client(request)) > 0:
            raise web.HTTPTooManyRequests
        this = portrait.c.digest == request.match_info["digest"]
        async with self._db.read() as conn:
            content = await conn.scalar(select(portrait.c.content).join(user, HAS_FACE).where(this).limit(1))
        if content is None:
            raise web.HTTPNotFound
        headers = {
            "Content-Type": "image/jpeg",
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": f"private, max-age={_KEPT_SECONDS}, immutable",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(body=content, headers=headers)
