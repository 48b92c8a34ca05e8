"""What joins the visitors' pages with the accounts that answer them, in one process and across servers.

Whatever has to be known later is a row; here are only the bells. A missed ring costs seconds, nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import parse_id
from agentdesk.domain.cleaning import one_line, storable
from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.pages import PageLine
from agentdesk.server.leases import Lease
from agentdesk.store.engine import Database
from agentdesk.store.tables import chat_line, chat_post, chat_session

__all__ = ["CHANNEL", "AccountPages", "Doors"]

CHANNEL = "agentdesk_chat"
_LOOK_SECONDS = 10.0


class Doors:
    """The bells of one server process."""

    def __init__(self) -> None:
        self._me = secrets.token_hex(4)
        self._boxes: dict[UUID, Bell] = {}
        self._pages: dict[UUID, set[Bell]] = {}

    def box(self, account_id: UUID) -> Bell:
        """Return the bell that rings when visitors have handed something in for an account."""
        return self._boxes.setdefault(account_id, Bell())

    def enter(self, session_id: UUID, bell: Bell) -> None:
        """Ring ``bell`` when there is something new for a visitor."""
        self._pages.setdefault(session_id, set()).add(bell)

    def leave(self, session_id: UUID, bell: Bell) -> None:
        """Ring it no more."""
        bells = self._pages.get(session_id, set())
        bells.discard(bell)
        if not bells:
            self._pages.pop(session_id, None)

    def visits(self, session_id: UUID) -> int:
        """How many pages of a visitor are connected here."""
        return len(self._pages.get(session_id, ()))

    def handed_in(self, account_id: UUID) -> None:
        """Something was stored for an account."""
        self.box(account_id).ring()

    def shown(self, session_id: UUID) -> None:
        """Something was stored for a visitor."""
        for bell in self._pages.get(session_id, ()):
            bell.ring()

    async def tell(self, conn: AsyncConnection, kind: str, name: UUID) -> None:
        """Have the other servers ring too, as soon as the transaction of ``conn`` has ended well; ``kind`` is
        ``box`` or ``page``."""
        if conn.dialect.name == "postgresql":
            await conn.execute(select(func.pg_notify(CHANNEL, f"{self._me} {kind} {name.hex}")))

    def hear(self, text: str) -> None:
        """Another server has stored something."""
        sender, _, rest = text.partition(" ")
        kind, _, name = rest.partition(" ")
        found = parse_id(name)
        if sender == self._me or found is None:
            return
        if kind == "box":
            self.handed_in(found)
        elif kind == "page":
            self.shown(found)


class AccountPages:
    """Fulfils :class:`agentdesk.sdk.pages.Pages` for one account."""

    def __init__(self, db: Database, account_id: UUID, doors: Doors, lease: Lease | None) -> None:
        self._db = db
        self._account_id = account_id
        self._doors = doors
        self._lease = lease
        self._heard = 0

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
            mine = chat_session.c.account_id == self._account_id, chat_session.c.identity == visitor
            columns = chat_session.c.id, chat_session.c.lines
            row = (await conn.execute(select(*columns).where(*mine).with_for_update())).first()
            if row is None:
                return False
            known = chat_line.c.session_id == row.id, chat_line.c.key == line.key
            if await conn.scalar(select(chat_line.c.n).where(*known)) is not None:
                return True
            await conn.execute(
                insert(chat_line).values(
                    session_id=row.id,
                    n=row.lines + 1,
                    key=line.key,
                    origin="agent",
                    text=storable(line.text),
                    name=one_line(line.name, 300),
                    created_at=clock.to_utc(line.at),
                )
            )
            await conn.execute(
                update(chat_session).where(chat_session.c.id == row.id).values(lines=row.lines + 1)
            )
            await self._doors.tell(conn, "page", row.id)
        self._doors.shown(row.id)
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

    async def _check(self, conn: AsyncConnection) -> None:
        if self._lease is not None:
            await self._lease.check(conn)
