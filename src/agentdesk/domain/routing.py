"""Who is given which waiting conversation: a pure function of what waits and who is there.

Somebody who fits goes before somebody who does not, then whom the customer knows already, then, as the inbox
wants it, who has least or who was given something longest ago. So people with equal room take turns.

A conversation counts as many units as its channel says, and nobody has more units than their limit. Where
one waits only because nobody has room enough for it, the one with the most room is kept free for it, so that
smaller ones do not overtake it for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from agentdesk.domain.availability import has_room
from agentdesk.domain.routing_rules import Care, Rules, Strategy, speaks

__all__ = ["Agent", "OfferState", "Placement", "Waiting", "fits", "placements"]

_NEVER = datetime.min.replace(tzinfo=UTC)
_USUAL = Rules()


class OfferState(StrEnum):
    """What became of asking somebody. The values are stored: never renamed."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MISSED = "missed"
    """They did not answer in time."""
    WITHDRAWN = "withdrawn"
    """They went away, or the conversation needs nobody any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A conversation that waits for somebody since ``since``; a greater ``urgency`` goes first.

    It counts ``units``, and is in ``language`` (BCP 47, empty: not known). ``known`` is who had this customer
    before. ``holder`` has it, but is to lose it; those in ``tried`` had it and did not take it up, or gave it
    back: neither is given it again. ``offered``: people are asked whether they take it; those in ``declined``
    are asked again only where nobody else is there.
    """

    id: UUID
    inbox_id: UUID
    urgency: int
    since: datetime
    units: int = 1
    language: str = ""
    rules: Rules = _USUAL
    known: UUID | None = None
    holder: UUID | None = None
    tried: frozenset[UUID] = frozenset()
    offered: bool = False
    declined: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person with ``load`` units of open conversations of at most ``capacity`` (None: any number).

    ``there``: available, and at a connected desk. ``given_at`` is when they were last given something.
    ``askable``: they can be offered something now; who has an offer to answer gets no other one.
    """

    id: UUID
    there: bool
    inboxes: frozenset[UUID]
    load: int = 0
    capacity: int | None = None
    given_at: datetime | None = None
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    askable: bool = True


@dataclass(frozen=True, slots=True)
class Placement:
    """A conversation and who is given it, or asked to take it."""

    conversation_id: UUID
    agent_id: UUID


def placements(waiting: Iterable[Waiting], agents: Collection[Agent], now: datetime) -> tuple[Placement, ...]:
    """Return who is given what at ``now``, in the order of their turns; the order of the arguments does not
    matter.

    The most urgent go first, and the oldest of those. What nobody can take is left out.
    """
    loads = {agent.id: agent.load for agent in agents}
    turns = {agent.id: (0, agent.given_at or _NEVER) for agent in agents}
    kept_free: set[UUID] = set()
    asked = {agent.id for agent in agents if not agent.askable}
    made: list[Placement] = []
    for one in sorted(waiting, key=lambda one: (-one.urgency, one.since, one.id)):
        able = [agent for agent in agents if agent.id not in kept_free and _could_have(agent, one, now)]
        able = [agent for agent in able if agent.id not in one.declined] or able
        roomy = [agent for agent in able if has_room(loads[agent.id], agent.capacity, one.units)]
        possible = [agent for agent in roomy if not (one.offered and agent.id in asked)]
        if possible:
            chosen = min(possible, key=lambda agent: _order(agent, one, loads[agent.id], turns[agent.id]))
            loads[chosen.id] += one.units
            turns[chosen.id] = (len(made) + 1, _NEVER)
            made.append(Placement(one.id, chosen.id))
            if one.offered:
                asked.add(chosen.id)
        elif able and not roomy:
            kept_free.add(max(able, key=lambda agent: (_room(agent, loads[agent.id]), agent.id)).id)
    return tuple(made)


def fits(agent: Agent, one: Waiting) -> tuple[bool, bool]:
    """Say whether somebody has the skills that a conversation needs, and speaks its language."""
    return one.rules.skills <= agent.skills, speaks(agent.languages, one.language)


def _could_have(agent: Agent, one: Waiting, now: datetime) -> bool:
    """Whether somebody may be given a conversation at ``now``, had they the room."""
    if not agent.there or agent.id == one.holder or agent.id in one.tried:
        return False
    if one.inbox_id not in agent.inboxes or not has_room(0, agent.capacity, one.units):
        return False
    relax = one.rules.relax_after
    if relax is not None and now - one.since >= relax:
        return True
    skilled, spoken = fits(agent, one)
    return (skilled or one.rules.skills_are is not Care.MUST) and (
        spoken or one.rules.languages_are is not Care.MUST
    )


def _order(agent: Agent, one: Waiting, load: int, turn: tuple[int, datetime]) -> tuple[object, ...]:
    """By what people are compared who may be given a conversation: the least comes first."""
    skilled, spoken = fits(agent, one)
    lacking = (not spoken and one.rules.languages_are is not Care.OFF) + (
        not skilled and one.rules.skills_are is not Care.OFF
    )
    share = (turn, load) if one.rules.strategy is Strategy.ROUND_ROBIN else (load, turn)
    return (lacking, agent.id != one.known, *share, agent.id)


def _room(agent: Agent, load: int) -> int:
    """How many units somebody can still have, who has a limit."""
    return (agent.capacity or 0) - load
