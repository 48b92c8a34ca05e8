"""What joins the visitors' pages with the accounts that answer them, in one process and across servers.

Whatever has to be known later is a row; here are only the bells. A missed ring costs seconds, nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.events import Bell
from agentdesk.base.ids import parse_id
from agentdesk.sdk.inbound import RawItem
from agentdesk.store.fixed import Asked
from agentdesk.store.herald import note_word

__all__ = ["CHANNEL", "Doors", "Way"]

CHANNEL = "agentdesk_chat"


class Way(Protocol):
    """The way in of an account that this server runs."""

    def asks_first(self, conn: AsyncConnection) -> Asked:
        """Return what :meth:`take` asks the database first of all."""
        ...

    async def take(self, conn: AsyncConnection, item: RawItem) -> Callable[[], None]:
        """Store and record an item in the transaction of ``conn``; what it returns is to be called after the
        commit. Raises NotNow, IntegrityError and LeaseLost: nothing of the transaction may be kept then."""
        ...


class Doors:
    """The bells of one server process, and the ways in of the accounts that it runs."""

    def __init__(self) -> None:
        self._me = secrets.token_hex(4)
        self._boxes: dict[UUID, Bell] = {}
        self._pages: dict[UUID, set[Bell]] = {}
        self._doubted: set[UUID] = set()
        self._ways: dict[UUID, Way] = {}

    def open_way(self, account_id: UUID, way: Way) -> None:
        """An account is run here from now on."""
        self._ways[account_id] = way

    def close_way(self, account_id: UUID) -> None:
        """It is not any more."""
        self._ways.pop(account_id, None)

    def way(self, account_id: UUID) -> Way | None:
        """Return the way in of an account; None where another server runs it, or nobody."""
        return self._ways.get(account_id)

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

    def sessions(self) -> list[UUID]:
        """Return whose pages are connected here."""
        return list(self._pages)

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

    def tell(self, conn: AsyncConnection, kind: str, name: UUID) -> None:
        """Have the other servers ring too, as soon as the transaction of ``conn`` has ended well; ``kind`` is
        ``box``, ``page`` or ``doubt``."""
        note_word(conn, CHANNEL, f"{self._me} {kind} {name.hex}")

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
