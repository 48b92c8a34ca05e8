"""The server's board of who is at which conversation, in memory: a restart forgets it, desks tell anew.

Those who look are told to whoever has the same conversation open, those who write, and customers, to
everybody who may see it; nobody hears of themselves. A desk that falls silent is taken off after
:data:`EXPIRES_SECONDS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from agentdesk.base.events import Bell
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import conversation
from agentdesk.sync.presence import Other, Writing
from agentdesk.sync.protocol import Here, Others, encode
from agentdesk.sync.scope import Scope

__all__ = ["EXPIRES_SECONDS", "Board", "Guest", "Member", "Place", "Visitor"]

EXPIRES_SECONDS = 25.0
"""How long a desk counts as present without saying so again."""
_PAUSE_SECONDS = 0.1
_MOST_PEOPLE = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a desk is: ``inbox`` is that of the conversation; ``watching`` as in :class:`Other`."""

    conversation_id: UUID
    inbox: str
    writing: Writing
    watching: bool = False


class Member:
    """A connected desk. Of several reports that wait only the last counts, so a flood takes no memory. One
    that ``sees_visitors`` is told of customers as long as their page is open, others only while they type;
    one that ``sees_previews`` also what they type, while it has the conversation open. One that ``may_watch``
    can look on at a chat without counting as a reader of it."""

    is_customer = False

    def __init__(
        self,
        user_id: UUID,
        scope: Scope,
        *,
        sees_visitors: bool = False,
        sees_previews: bool = False,
        may_watch: bool = False,
    ) -> None:
        self.user_id = user_id
        self.scope = scope
        self.sees_visitors = sees_visitors
        self.sees_previews = sees_previews
        self.may_watch = may_watch
        self.typed = ""
        self.place: Place | None = None
        self.reported = Here()
        self.reports = Bell()
        self.news = Bell()
        self.to_tell: set[UUID] = set()
        self.told: dict[UUID, tuple[Other, ...]] = {}

    def report(self, here: Here) -> None:
        """The desk says where it is."""
        self.reported = here
        self.reports.ring()

    def touch(self, conversation_id: UUID) -> None:
        """Look anew who is at a conversation."""
        self.to_tell.add(conversation_id)
        self.news.ring()


class Guest(Member):
    """A desk, or a customer's page, at another server: it is seen here, and told nothing."""

    def __init__(self, user_id: UUID, *, is_customer: bool = False) -> None:
        super().__init__(user_id, Scope(frozenset()))
        self.is_customer = is_customer

    def touch(self, conversation_id: UUID) -> None:
        """Its own server tells it."""


class Visitor(Guest):
    """The customer of a conversation, on a page that is connected to this server; ``user_id`` is the
    contact's."""

    def __init__(self, user_id: UUID) -> None:
        super().__init__(user_id, is_customer=True)


class Board:
    """All members of one server process. ``expires_seconds`` as in the module's text; ``on_move`` hears when
    one of them has moved, ``on_change`` of each conversation where one of them, or a guest, came or went, or
    began or ceased to write."""

    def __init__(self, db: Database, *, expires_seconds: float = EXPIRES_SECONDS) -> None:
        self._db = db
        self._expires = expires_seconds
        self._members: set[Member] = set()
        self.on_move: Callable[[Member], None] = lambda _: None
        self.on_change: Callable[[UUID], None] = lambda _: None
        self._there: dict[UUID, set[Member]] = {}

    def join(self, member: Member) -> None:
        """A desk has connected: it will hear who is writing."""
        self._members.add(member)
        self._touch_all(member)

    def leave(self, member: Member) -> None:
        """A desk has gone."""
        self._members.discard(member)
        self._move(member, None)

    def rescope(self, member: Member, scope: Scope) -> None:
        """A desk may see other inboxes from now on."""
        member.scope = scope
        self._touch_all(member)

    def host(self, guest: Guest, place: Place | None) -> None:
        """A desk of another server, or a customer, is at ``place`` now."""
        self._move(guest, place)

    def preview(self, visitor: Visitor, text: str) -> None:
        """A customer has typed ``text`` and not sent it: for desks of this server that have the conversation
        open, as long as it lasts."""
        before, visitor.typed = visitor.typed, text
        if before != text and visitor.place is not None:
            for hearer in self._there.get(visitor.place.conversation_id, ()):
                hearer.touch(visitor.place.conversation_id)

    def serves(self, inbox_id: UUID) -> bool:
        """Say whether a desk is connected that may see an inbox."""
        return any(member.scope.covers({inbox_id.hex}) for member in self._members)

    def people(self, conversation_id: UUID) -> dict[UUID, Writing]:
        """Return who is at a conversation, at the desks of any server, and what they are writing; who only
        looks on is not."""
        found: dict[UUID, Writing] = {}
        for one in self._there.get(conversation_id, ()):
            if one.place is not None and not one.place.watching:
                found[one.user_id] = found.get(one.user_id) or one.place.writing
        return found

    async def hear(self, member: Member) -> None:
        """Take the reports of a desk, a few per second, and miss it when none comes any more."""
        heard = 0
        while True:
            rings = await member.reports.wait(heard, self._expires if member.place else None)
            report = member.reported if rings > heard else Here()
            heard = rings
            place = await self._checked(member, report)
            if member in self._members:
                self._move(member, place)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def next(self, member: Member) -> bytes:
        """Return the next frame that tells a desk something it does not know, waiting for it."""
        while True:
            heard = member.news.rings
            while member.to_tell:
                conversation_id = member.to_tell.pop()
                before, people = member.told.pop(conversation_id, ()), self._seen_by(member, conversation_id)
                if people:
                    member.told[conversation_id] = people
                if people != before:
                    return encode(Others(conversation_id=conversation_id, people=people))
            await member.news.wait(heard)

    async def _checked(self, member: Member, report: Here) -> Place | None:
        """Where the report puts a desk; nowhere, if it may not see that conversation."""
        if report.conversation_id is None:
            return None
        query = select(conversation.c.inbox_id).where(conversation.c.id == report.conversation_id)
        try:
            async with self._db.read() as conn:
                inbox_id = await conn.scalar(query)
        except DatabaseError:
            return None
        if inbox_id is None or not member.scope.covers({inbox_id.hex}):
            return None
        watching = report.watching and member.may_watch
        return Place(report.conversation_id, inbox_id.hex, report.writing, watching)

    def _move(self, member: Member, place: Place | None) -> None:
        before, member.place = member.place, place
        if before == place:
            return
        if isinstance(member, Visitor) or not isinstance(member, Guest):
            self.on_move(member)
        concerned: dict[UUID, bool] = {}
        for one in (before, place):
            if one is not None:
                told = concerned.get(one.conversation_id, False) or bool(one.writing) or member.is_customer
                concerned[one.conversation_id] = told
        if before is not None:
            self._take_off(member, before.conversation_id)
        if place is not None:
            self._there.setdefault(place.conversation_id, set()).add(member)
        for conversation_id, everywhere in concerned.items():
            hearers = self._members if everywhere else self._there.get(conversation_id, set())
            for hearer in {*hearers, member}:
                hearer.touch(conversation_id)
            self.on_change(conversation_id)

    def _take_off(self, member: Member, conversation_id: UUID) -> None:
        there = self._there[conversation_id]
        there.discard(member)
        if not there:
            del self._there[conversation_id]

    def _touch_all(self, member: Member) -> None:
        for conversation_id in self._there:
            member.touch(conversation_id)

    def _seen_by(self, member: Member, conversation_id: UUID) -> tuple[Other, ...]:
        """Who is at a conversation, as far as it concerns ``member``: writers first."""
        at_it = member.place is not None and member.place.conversation_id == conversation_id
        people: dict[UUID, Other] = {}
        for other in self._there.get(conversation_id, ()):
            place = other.place
            if place is None or other.user_id == member.user_id or not member.scope.covers({place.inbox}):
                continue
            if other.is_customer and not place.writing and not member.sees_visitors:
                continue
            if place.writing or at_it or other.is_customer:
                before = people.get(other.user_id, Other(other.user_id, watching=True))
                writing, watching = before.writing or place.writing, before.watching and place.watching
                shows = at_it and member.sees_previews and place.writing
                text = before.text or (other.typed if shows else "")
                people[other.user_id] = Other(other.user_id, writing, watching, text)
        ranked = sorted(people.values(), key=lambda one: (not one.writing, one.user_id))
        return tuple(ranked[:_MOST_PEOPLE])
