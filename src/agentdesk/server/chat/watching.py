"""Visitors and agents see each other there, and type: visits join the board on which desks say where they
are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from agentdesk.base.events import Bell
from agentdesk.domain.cleaning import storable
from agentdesk.server.attendance import is_staffed
from agentdesk.server.chat.faces import HAS_FACE, agent_of
from agentdesk.server.chat.place import Place
from agentdesk.server.chat.protocol import Agent
from agentdesk.store.engine import Database
from agentdesk.store.tables import portrait, user
from agentdesk.sync.presence import Writing
from agentdesk.sync.presence_board import Board, Visitor
from agentdesk.sync.presence_board import Place as Spot

__all__ = ["LEFT_SECONDS", "Caller", "Watching"]

LEFT_SECONDS = 8.0
"""How long a visitor still counts as being there: they go from page to page, or their network is lost."""
_ELSEWHERE_SECONDS = 20.0
"""How long it is believed who is at the desks of other servers."""


class Caller:
    """One visit, as far as the board knows it; ``bell`` rings when somebody begins or ceases to write."""

    def __init__(self, bell: Bell) -> None:
        self.bell = bell
        self.place: Place | None = None
        self.visitor: Visitor | None = None


class Watching:
    """All visits of a server process on its board."""

    def __init__(self, db: Database, board: Board, *, left_seconds: float = LEFT_SECONDS) -> None:
        self._db = db
        self._board = board
        self._left_seconds = left_seconds
        self._leaving: dict[Visitor, asyncio.TimerHandle] = {}
        self._at: dict[UUID, set[Bell]] = {}
        self._elsewhere: dict[UUID, tuple[bool, float]] = {}
        board.on_change = self._changed

    @property
    def shared(self) -> bool:
        """Whether other servers may work on the database."""
        return self._db.dialect != "sqlite"

    async def online(self, inbox_id: UUID) -> bool:
        """Say whether somebody who works in an inbox is there: at a desk of this server, or, as far as the
        database tells, of another one. Raises DatabaseError."""
        if self._board.serves(inbox_id):
            return True
        if not self.shared:
            return False
        now = asyncio.get_running_loop().time()
        there, until = self._elsewhere.get(inbox_id, (False, 0.0))
        if now >= until:
            async with self._db.read() as conn:
                there = await is_staffed(conn, inbox_id)
            self._elsewhere[inbox_id] = there, now + _ELSEWHERE_SECONDS
        return there

    def follow(self, caller: Caller, place: Place) -> None:
        """A visit is known to belong to a conversation."""
        if place != caller.place:
            self.leave(caller)
            caller.place, caller.visitor = place, Visitor(place.contact_id)
            self._at.setdefault(place.conversation_id, set()).add(caller.bell)
            self._board.host(caller.visitor, _spot(place, ""))

    def close(self) -> None:
        """The server ends: nobody is waited for."""
        self._left_seconds = 0.0
        for visitor, timer in list(self._leaving.items()):
            timer.cancel()
            self._miss(visitor)

    def leave(self, caller: Caller) -> None:
        """A visit belongs to nothing any more."""
        self.fall_silent(caller)
        if caller.place is not None:
            bells = self._at.get(caller.place.conversation_id, set())
            bells.discard(caller.bell)
            if not bells:
                self._at.pop(caller.place.conversation_id, None)
        if caller.visitor is not None:
            wait = asyncio.get_running_loop().call_later
            self._leaving[caller.visitor] = wait(self._left_seconds, self._miss, caller.visitor)
        caller.place = caller.visitor = None

    def write(self, caller: Caller, text: str = "") -> None:
        """The visitor types; ``text`` is what they have typed so far, where agents may see that."""
        if caller.place is not None and caller.visitor is not None:
            self._board.preview(caller.visitor, storable(text))
            self._board.host(caller.visitor, _spot(caller.place, "reply"))

    def fall_silent(self, caller: Caller) -> None:
        """The visitor types no more."""
        if caller.place is not None and caller.visitor is not None:
            self._board.preview(caller.visitor, "")
            self._board.host(caller.visitor, _spot(caller.place, ""))

    def is_read(self, caller: Caller) -> bool:
        """Say whether somebody of the team has the conversation on screen."""
        return bool(self._team(caller))

    async def writer(self, caller: Caller) -> Agent | None:
        """Return who of the team types an answer to the visitor."""
        writers = [one for one, writing in self._team(caller).items() if writing == "reply"]
        if not writers:
            return None
        async with self._db.read() as conn:
            theirs = select(user.c.name, portrait.c.digest).outerjoin(portrait, HAS_FACE)
            row = (await conn.execute(theirs.where(user.c.id == min(writers)))).first()
        return None if row is None else agent_of(row.name, row.digest)

    def _team(self, caller: Caller) -> Mapping[UUID, Writing]:
        """Who of the team is at the visitor's conversation: all but the visitor, on whichever page."""
        place = caller.place
        if place is None:
            return {}
        people = self._board.people(place.conversation_id)
        return {one: writing for one, writing in people.items() if one != place.contact_id}

    def _miss(self, visitor: Visitor) -> None:
        self._leaving.pop(visitor, None)
        self._board.host(visitor, None)

    def _changed(self, conversation_id: UUID) -> None:
        for bell in self._at.get(conversation_id, ()):
            bell.ring()


def _spot(place: Place, writing: Writing) -> Spot:
    return Spot(place.conversation_id, place.inbox_id.hex, writing)
