"""What has served its time goes: old changes, old answers, ended sign-ins, uploads that nobody used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.backoff import scattered
from agentdesk.base.log import get_logger
from agentdesk.server import retention
from agentdesk.server.chat.dropping import drop_old, drop_waiting_files
from agentdesk.server.chat.guests import drop_gone
from agentdesk.server.throttle import forget_old_tries
from agentdesk.store import blobs
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import api_token, applied_command, blob, draft
from agentdesk.sync.feed import KEPT_DAYS
from agentdesk.sync.pruning import prune

_HOUR_SECONDS = 3600.0
ANSWERS_KEPT = timedelta(days=90)
"""How long the answer to a command is given again; longer than a desk may come back without a new fill."""
UPLOADS_KEPT = timedelta(days=7)
"""How long a file waits for its message; desks offer theirs again after a day."""
_UPLOADS_AT_ONCE = 500

_log = get_logger(__name__)


async def keep_house_for_ever(db: Database) -> None:
    """Tidy now and a few times a day; several servers may do it."""
    while True:
        try:
            await keep_house(db)
        except DatabaseError as error:
            _log.warning("what is old cannot be dropped", problem=str(error))
        await asyncio.sleep(scattered(5 * _HOUR_SECONDS, 7 * _HOUR_SECONDS))


async def keep_house(db: Database) -> None:
    """Drop what has served its time, in short transactions. Raises DatabaseError."""
    now = clock.now()
    async with db.write() as conn:
        changes = await prune(conn, KEPT_DAYS)
    async with db.write() as conn:
        answers = await conn.execute(
            delete(applied_command).where(applied_command.c.applied_at < now - ANSWERS_KEPT)
        )
        sessions = await conn.execute(delete(api_token).where(api_token.c.expires_at < now))
        tries = await forget_old_tries(conn)
        visitors = await drop_old(conn)
        await drop_waiting_files(conn)
        await drop_gone(conn)
    uploads = await _drop_unused_uploads(db)
    retained = await retention.run(db)
    ended = {"answers": answers.rowcount, "sessions": sessions.rowcount, "tries": tries, "visitors": visitors}
    gone = {**ended, "uploads": uploads, **retained}
    _log.info("what was old is dropped", changes=changes, **gone)


async def keep_longer(conn: AsyncConnection, names: Sequence[str]) -> int:
    """Let known files wait for a message as if they were uploaded now; returns how many there are."""
    known = await conn.execute(update(blob).where(blob.c.hash.in_(names)).values(created_at=clock.now()))
    return known.rowcount


async def _drop_unused_uploads(db: Database) -> int:
    used = blobs.used()
    async with db.read() as conn:  # by hashes alone: SQLite would read each file to come to its date
        found = await conn.scalars(select(blob.c.hash).where(blob.c.hash.not_in(used)))
        drafted = await conn.scalars(select(draft.c.files))
        in_drafts = {file["blob"] for files in drafted for file in files}
        unused = [name for name in found if name not in in_drafts]
    old = blob.c.created_at < clock.now() - UPLOADS_KEPT
    dropped = 0
    for start in range(0, len(unused), _UPLOADS_AT_ONCE):
        some = blob.c.hash.in_(unused[start : start + _UPLOADS_AT_ONCE])
        async with db.read() as conn:
            if await conn.scalar(select(blob.c.hash).where(some, old).limit(1)) is None:
                continue
        async with db.write() as conn:
            if conn.dialect.name == "postgresql":
                # Whoever is just about to use one of these is waited for, and seen.
                await conn.execute(text("LOCK TABLE blob IN SHARE ROW EXCLUSIVE MODE"))
            gone = await conn.execute(delete(blob).where(some, old, blob.c.hash.not_in(used)))
        dropped += gone.rowcount
    return dropped
