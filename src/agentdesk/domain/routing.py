"""Who is given which waiting conversation: a pure function of what waits and who is there.

The preference is: whom the customer knows already, then who has least, then who was given something longest
ago. So people with equal room take turns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from agentdesk.domain.availability import has_room

__all__ = ["Agent", "Placement", "Waiting", "placements"]

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A conversation that waits for somebody since ``since``; a greater ``urgency`` goes first.

    ``known`` is who had this customer before. ``holder`` has it, but is to lose it; those in ``tried`` had it
    and did not take it up, or gave it back: neither is given it again.
    """

    id: UUID
    inbox_id: UUID
    urgency: int
    since: datetime
    known: UUID | None = None
    holder: UUID | None = None
    tried: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person with ``load`` open conversations of at most ``capacity`` (None: any number).

    ``there``: available, and at a connected desk. ``given_at`` is when they were last given something.
    """

    id: UUID
    there: bool
    inboxes: frozenset[UUID]
    load: int = 0
    capacity: int | None = None
    given_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """A conversation and who is given it."""

    conversation_id: UUID
    agent_id: UUID


def placements(waiting: Iterable[Waiting], agents: Collection[Agent]) -> tuple[Placement, ...]:
    """Return who is given what, in the order of their turns; the order of the arguments does not matter.

    The most urgent go first, and the oldest of those. What nobody can take is left out.
    """
    loads = {agent.id: agent.load for agent in agents}
    turns = {agent.id: (0, agent.given_at or _NEVER) for agent in agents}
    made: list[Placement] = []
    for one in sorted(waiting, key=lambda one: (-one.urgency, one.since, one.id)):
        possible = [agent for agent in agents if _may_have(agent, one, loads[agent.id])]
        if not possible:
            continue
        chosen = min(
            possible,
            key=lambda agent: (agent.id != one.known, loads[agent.id], turns[agent.id], agent.id),
        )
        loads[chosen.id] += 1
        turns[chosen.id] = (len(made) + 1, _NEVER)
        made.append(Placement(one.id, chosen.id))
    return tuple(made)


def _may_have(agent: Agent, one: Waiting, load: int) -> bool:
    if not agent.there or agent.id == one.holder or agent.id in one.tried:
        return False
    return one.inbox_id in agent.inboxes and has_room(load, agent.capacity)
