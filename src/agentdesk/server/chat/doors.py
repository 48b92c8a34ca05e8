"""What joins the visitors' pages with the accounts that answer them, in one process and across servers.

Whatever has to be known later is a row; here are only the bells. A missed ring costs seconds, nothing else.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.events import Bell
from agentdesk.base.ids import parse_id

__all__ = ["CHANNEL", "Doors"]

CHANNEL = "agentdesk_chat"


class Doors:
    """The bells of one server process."""

    def __init__(self) -> None:
        self._me = secrets.token_hex(4)
        self._boxes: dict[UUID, Bell] = {}
        self._pages: dict[UUID, set[Bell]] = {}
        self._doubted: set[UUID] = set()

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
            self._doubted.discard(session_id)

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

    def doubt(self, session_id: UUID) -> None:
        """A visitor may not be welcome any more: their pages are to look."""
        if session_id in self._pages:
            self._doubted.add(session_id)
            self.shown(session_id)

    def doubts(self, session_id: UUID) -> bool:
        """Say whether the pages of a visitor are to look whether they are still welcome."""
        return session_id in self._doubted

    def trust(self, session_id: UUID) -> None:
        """They are."""
        self._doubted.discard(session_id)

    async def tell(self, conn: AsyncConnection, kind: str, name: UUID) -> None:
        """Have the other servers ring too, as soon as the transaction of ``conn`` has ended well; ``kind`` is
        ``box``, ``page`` or ``doubt``."""
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
        elif kind == "doubt":
            self.doubt(found)
