"""The server's half of the keys that desks encrypt their files with: for days, to whoever may sign in.

Each desk makes its key of two halves (:mod:`agentdesk.sync.desk_key`). This one alone opens nothing. A person
who was deactivated, or whose sign-in has ended, does not get it any more; it is kept, because what they typed
and did not send opens again on the day they may sign in again.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import msgspec
from aiohttp import web
from sqlalchemy import select, update

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.commands.context import Actor
from agentdesk.server.api.operations import ApiError
from agentdesk.server.api.web import bearer_token
from agentdesk.store.bulk import insert_many
from agentdesk.store.engine import Database
from agentdesk.store.tables import desk_key
from agentdesk.sync.key_lease import Granted, Wish

__all__ = ["OFFLINE_DAYS", "add_routes"]

OFFLINE_DAYS = 7
"""How long a desk opens without having reached its server, unless the server was told otherwise."""
_HALF_BYTES = 32


def add_routes(
    app: web.Application,
    db: Database,
    authenticate: Callable[[str], Awaitable[Actor | None]],
    lasts: timedelta = timedelta(days=OFFLINE_DAYS),
) -> None:
    """Serve ``POST /desk/key``; what is given ``lasts`` that long."""

    async def give(request: web.Request) -> web.Response:
        token = bearer_token(request)
        actor = await authenticate(token) if token else None
        if actor is None or actor.user_id is None:
            raise ApiError(401, "unauthorized", msg("Please sign in again."))
        try:
            wish = msgspec.json.decode(await request.read(), type=Wish)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise ApiError(400, "bad_request", msg("The body cannot be used.")) from None
        half = await _half(db, wish, actor.user_id)
        granted = Granted(half, int(lasts.total_seconds()))
        return web.Response(body=msgspec.json.encode(granted), content_type="application/json")

    app.router.add_post("/desk/key", give)


async def _half(db: Database, wish: Wish, user_id: UUID) -> bytes:
    """Return our half of a key, made now where it is not known; a desk that has it still gives it back to a
    server that lost it. Raises ApiError where it is somebody else's."""
    now = clock.now()
    if wish.half is not None and len(wish.half) != _HALF_BYTES:
        raise ApiError(400, "bad_request", msg("The body cannot be used."))
    async with db.write() as conn:
        row = {
            "id": wish.id,
            "user_id": user_id,
            "half": wish.half or os.urandom(_HALF_BYTES),
            "created_at": now,
            "granted_at": now,
        }
        await insert_many(conn, desk_key, [row], ignore=True)
        known = (
            await conn.execute(select(desk_key.c.user_id, desk_key.c.half).where(desk_key.c.id == wish.id))
        ).one()
        if known.user_id != user_id:
            raise ApiError(
                403,
                "forbidden",
                msg("What this desk keeps belongs to somebody else."),
                msg("Sign in as that person, or choose another folder."),
            )
        await conn.execute(update(desk_key).where(desk_key.c.id == wish.id).values(granted_at=now))
    half: bytes = known.half
    return half
