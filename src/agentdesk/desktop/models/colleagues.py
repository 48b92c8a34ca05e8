"""Who is at a conversation, as words: names of colleagues are read from the team when somebody new turns up,
the customer of a live chat is known with the conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import Msg, msg
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.conversation import Status
from agentdesk.queries.rows import ConversationRow, QueueRow
from agentdesk.sync.desk import DeskPort
from agentdesk.sync.presence import Other, Writing

__all__ = [
    "Colleague",
    "Colleagues",
    "Customer",
    "is_writing",
    "visitor_at",
    "words_for_all",
    "words_for_one",
]

Doing = Writing | Literal["chat", "page", "watch"]
Colleague = tuple[UUID, str, Doing]
"""Who it is (id and whole name) and what they are writing. ``chat``: it is the customer, who types; ``page``:
the customer has their page open; ``watch``: it is a supervisor who looks on."""

_TOLD_WITHIN = timedelta(seconds=10)
"""A visitor who has begun to write is on a page; it may take so long until this desk is told of it."""

Customer = tuple[UUID, str]
"""The id and the name of the contact whose conversation it is."""


class Colleagues:
    """``on_read`` is called when names have arrived that were asked for."""

    def __init__(self, desk: DeskPort, tasks: Tasks, on_read: Callable[[], None]) -> None:
        self._desk = desk
        self._tasks = tasks
        self._on_read = on_read
        self._names: dict[UUID, str] = {}
        self._unknown: set[UUID] = set()

    def at(self, conversation_id: UUID, customer: Customer | None = None) -> tuple[Colleague, ...]:
        """Who else is at a conversation, writers first; those without a name yet are left out until it is
        there. The ``customer`` of a live chat comes first."""
        others = self._desk.others_at(conversation_id)
        team = [other for other in others if customer is None or other.user_id != customer[0]]
        if any(other.user_id not in self._names and other.user_id not in self._unknown for other in team):
            self._read(team)
        theirs = tuple(
            (other.user_id, self._names[other.user_id], _doing(other))
            for other in team
            if other.user_id in self._names
        )
        if customer is None or len(team) == len(others):
            return theirs
        types = any(other.writing for other in others if other.user_id == customer[0])
        return ((*customer, "chat" if types else "page"), *theirs)

    def read_again(self) -> None:
        """Somebody's name may be another one now; the old ones show meanwhile."""
        self._unknown.clear()
        if self._names:
            self._tasks.start(self._read_names(set()), "names")

    def _read(self, others: Sequence[Other]) -> None:
        if not self._tasks.running("names"):
            self._tasks.start(self._read_names({other.user_id for other in others}), "names")

    async def _read_names(self, wanted: set[UUID]) -> None:
        self._names = {user.id: user.name for user in await self._desk.users()}
        self._unknown |= wanted - self._names.keys()
        self._on_read()


def _doing(other: Other) -> Doing:
    return "watch" if other.watching and not other.writing else other.writing


def is_writing(person: Colleague) -> bool:
    """Say whether somebody types, whatever it is."""
    return person[2] not in ("", "page", "watch")


def visitor_at(desk: DeskPort, row: QueueRow | ConversationRow) -> bool | None:
    """Say whether the visitor of an open chat has their page open; None where it is none, or not known."""
    if row.channel != CHANNEL or row.status != Status.OPEN:
        return None
    here = desk.visitor_at(row.id, row.contact_id)
    began = row.waiting_since
    if here is False and began is not None and abs(clock.now() - began) < _TOLD_WITHIN:
        return None
    return here


def words_for_one(name: str, writing: Doing) -> Msg:
    """Say what somebody is doing at a conversation; first names do within a team."""
    if writing == "chat":
        return msg("{name} is typing", name=name)
    if writing == "page":
        return msg("{name} is on the page", name=name)
    name = _first(name)
    if writing == "reply":
        return msg("{name} is writing a reply", name=name)
    if writing == "note":
        return msg("{name} is writing a note", name=name)
    if writing == "watch":
        return msg("{name} is watching", name=name)
    return msg("{name} is viewing", name=name)


def words_for_all(writers: Sequence[Colleague]) -> Msg | None:
    """Say who is writing; None where nobody is."""
    if not writers:
        return None
    if len(writers) == 1:
        return words_for_one(writers[0][1], writers[0][2])
    return msg("{names} are writing", names=", ".join(_first(name) for _, name, _ in writers))


def _first(name: str) -> str:
    return (name.split() or [name])[0]
