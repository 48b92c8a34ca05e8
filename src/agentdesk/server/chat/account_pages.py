"""The pages of one account, as its connector reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.domain.uploads import clean_name, kept_type
from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.pages import PageLine
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.ending import any_silent, end_silent
from agentdesk.server.chat.lines import add_line, locked_of, number_of
from agentdesk.server.leases import Lease
from agentdesk.store import blobs
from agentdesk.store.engine import Database
from agentdesk.store.tables import chat_file, chat_line, chat_post, chat_session

__all__ = ["AccountPages", "show_line"]

_LOOK_SECONDS = 10.0
_SILENCE_SECONDS = 60.0


class AccountPages:
    """Fulfils :class:`agentdesk.sdk.pages.Pages` for one account."""

    def __init__(self, db: Database, account_id: UUID, doors: Doors, lease: Lease | None) -> None:
        self._db = db
        self._account_id = account_id
        self._doors = doors
        self._lease = lease
        self._heard = 0
        self._listened: float | None = None

    async def waiting(self, most: int) -> Sequence[RawItem]:
        """Return what was handed in, oldest first."""
        self._heard = self._doors.box(self._account_id).rings
        async with self._db.read() as conn:
            rows = await conn.execute(
                select(chat_post)
                .where(chat_post.c.account_id == self._account_id)
                .order_by(chat_post.c.seq)
                .limit(most)
            )
            return [
                RawItem(row.source_id, row.content.encode(), row.created_at, {"post": row.seq})
                for row in rows
            ]

    async def taken(self, items: Sequence[RawItem]) -> None:
        """Let go of items that are stored as raw items."""
        numbers = [item.facts["post"] for item in items]
        async with self._db.write() as conn:
            await self._check(conn)
            await conn.execute(delete(chat_post).where(chat_post.c.seq.in_(numbers)))

    async def news(self) -> None:
        """Wait for the bell; look by oneself from time to time."""
        await self._doors.box(self._account_id).wait(self._heard, _LOOK_SECONDS)

    async def show(self, visitor: str, line: PageLine) -> bool:
        """Add a line to the visitor's session, once per key."""
        async with self._db.write() as conn:
            await self._check(conn)
            session_id = await show_line(conn, self._account_id, visitor, line)
            if session_id is None:
                return False
            self._doors.tell(conn, "page", session_id)
        self._doors.shown(session_id)
        return True

    async def shown(self, key: str) -> bool:
        """Say whether there is a line of that key."""
        async with self._db.read() as conn:
            found = await conn.scalar(
                select(chat_line.c.n)
                .join(chat_session, chat_session.c.id == chat_line.c.session_id)
                .where(chat_line.c.key == key, chat_session.c.account_id == self._account_id)
            )
        return found is not None

    async def end_silent(self, after: timedelta) -> None:
        """End the chats in which nobody has written for so long; looks once in a while only."""
        if self._listened is not None and monotonic() - self._listened < _SILENCE_SECONDS:
            return
        now, self._listened = clock.now(), monotonic()
        async with self._db.read() as conn:
            if not await any_silent(conn, self._account_id, now - after):
                return
        async with self._db.write() as conn:
            await self._check(conn)
            ended = await end_silent(conn, self._doors, self._account_id, now - after, now)
        for session_id in ended:
            self._doors.shown(session_id)

    async def _check(self, conn: AsyncConnection) -> None:
        if self._lease is not None:
            await self._lease.check(conn)


async def show_line(conn: AsyncConnection, account_id: UUID, visitor: str, line: PageLine) -> UUID | None:
    """Add a line to the session of a visitor, once per key, and return the session; None: there is none."""
    row = await locked_of(conn, account_id, visitor)
    if row is None:
        return None
    if await number_of(conn, row.id, line.key) is None:
        at = clock.to_utc(line.at)
        ids = await _show_files(conn, row.id, line, row.lines + 1)
        text, name, extras = line.text, line.name, line.extras.as_row()
        await add_line(conn, row, line.key, "agent", at, text=text, name=name, files=ids, extras=extras)
    session_id: UUID = row.id
    return session_id


async def _show_files(conn: AsyncConnection, session_id: UUID, line: PageLine, n: int) -> list[str]:
    """Let a line show files of ours; returns their ids. Their contents are those of the message's own."""
    now = clock.now()
    contents = [blobs.hash_of(file.content) for file in line.files]
    await blobs.put_many(conn, dict(zip(contents, (f.content for f in line.files), strict=True)), now)
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "session_id": session_id,
            "key": f"{line.key[:60]}-{position}",
            "blob": content,
            "name": clean_name(file.name),
            "media_type": kept_type(file.media_type, file.content),
            "size": len(file.content),
            "n": n,
            "created_at": now,
        }
        for position, (file, content) in enumerate(zip(line.files, contents, strict=True))
    ]
    if rows:
        await conn.execute(insert(chat_file), rows)
    return [row["id"].hex for row in rows]
