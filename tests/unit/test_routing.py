"""Who is given which waiting conversation, whatever waits and whoever is there."""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.domain.routing import Agent, Placement, Waiting, placements

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SALES, HELP = UUID(int=1), UUID(int=2)
INBOXES = (SALES, HELP)
AGENTS = [UUID(int=100 + number) for number in range(6)]

_moments = st.integers(0, 20).map(lambda minutes: NOON + timedelta(minutes=minutes))
_some_agents = st.frozensets(st.sampled_from(AGENTS), max_size=3)


@st.composite
def _agents(draw: st.DrawFn) -> list[Agent]:
    return [
        Agent(
            id=one,
            there=draw(st.booleans()),
            inboxes=draw(st.frozensets(st.sampled_from(INBOXES))),
            load=draw(st.integers(0, 5)),
            capacity=draw(st.none() | st.integers(0, 6)),
            given_at=draw(st.none() | _moments),
        )
        for one in AGENTS[: draw(st.integers(0, len(AGENTS)))]
    ]


@st.composite
def _waiting(draw: st.DrawFn) -> list[Waiting]:
    return [
        Waiting(
            id=UUID(int=1000 + number),
            inbox_id=draw(st.sampled_from(INBOXES)),
            urgency=draw(st.integers(0, 3)),
            since=draw(_moments),
            known=draw(st.none() | st.sampled_from(AGENTS)),
            holder=draw(st.none() | st.sampled_from(AGENTS)),
            tried=draw(_some_agents),
        )
        for number in range(draw(st.integers(0, 12)))
    ]


def _free(agent: Agent, one: Waiting, load: int) -> bool:
    """Whether somebody may be given a conversation, said in other words than the program says it."""
    full = agent.capacity is not None and load >= agent.capacity
    had = {one.holder, *one.tried}
    return agent.there and one.inbox_id in agent.inboxes and not full and agent.id not in had


@settings(max_examples=300)
@given(waiting=_waiting(), agents=_agents(), seed=st.integers(0, 9))
def test_each_placement_is_right_and_none_is_missing(
    waiting: list[Waiting], agents: list[Agent], seed: int
) -> None:
    made = placements(waiting, agents)
    shuffled = random.Random(seed)
    other_order = placements(shuffled.sample(waiting, len(waiting)), shuffled.sample(agents, len(agents)))
    assert other_order == made  # the same, however it was read
    chosen = {one.conversation_id: one.agent_id for one in made}
    assert len(chosen) == len(made)  # nothing is given twice
    loads = {agent.id: agent.load for agent in agents}
    by_turn = sorted(waiting, key=lambda one: (-one.urgency, one.since, one.id))
    assert [one.conversation_id for one in made] == [one.id for one in by_turn if one.id in chosen]
    for one in by_turn:
        possible = [agent for agent in agents if _free(agent, one, loads[agent.id])]
        if one.id not in chosen:
            assert possible == []  # it was left out only because nobody could have it
            continue
        agent = next(agent for agent in possible if agent.id == chosen[one.id])
        if any(other.id == one.known for other in possible):
            assert agent.id == one.known
        else:
            assert loads[agent.id] == min(loads[other.id] for other in possible)
        loads[agent.id] += 1
    for agent in agents:
        assert agent.capacity is None or loads[agent.id] <= max(agent.capacity, agent.load)


@settings(max_examples=100)
@given(count=st.integers(1, 20), people=st.integers(1, 5), agents=st.data())
def test_equals_take_turns(count: int, people: int, agents: st.DataObject) -> None:
    """Nobody gets two more than anybody else in one round; whoever had nothing for longest begins."""
    team = [
        Agent(id=one, there=True, inboxes=frozenset(INBOXES), given_at=agents.draw(_moments))
        for one in AGENTS[:people]
    ]
    waiting = [Waiting(id=UUID(int=n), inbox_id=HELP, urgency=1, since=NOON) for n in range(count)]
    made = [one.agent_id for one in placements(waiting, team)]
    shares = [made.count(agent.id) for agent in team]
    assert max(shares) - min(shares) <= 1
    first = min(team, key=lambda agent: (agent.given_at, agent.id))
    assert made[0] == first.id


@settings(max_examples=150)
@given(waiting=_waiting(), agents=_agents())
def test_what_one_round_leaves_the_next_one_gives_when_somebody_is_free(
    waiting: list[Waiting], agents: list[Agent]
) -> None:
    """Whoever changes between two rounds: nothing is given away from anybody, and nothing is lost."""
    first = {one.conversation_id for one in placements(waiting, agents)}
    left = [one for one in waiting if one.id not in first]
    newcomer = Agent(id=UUID(int=999), there=True, inboxes=frozenset(INBOXES))
    gone = [dataclasses.replace(agent, there=False) for agent in agents]
    second = placements(left, [*gone, newcomer])
    assert {one.conversation_id for one in second} == {one.id for one in left}


def test_the_most_urgent_and_then_the_oldest_gets_the_last_place() -> None:
    old = Waiting(id=UUID(int=1), inbox_id=HELP, urgency=1, since=NOON)
    urgent = Waiting(id=UUID(int=2), inbox_id=HELP, urgency=3, since=NOON + timedelta(hours=1))
    new = Waiting(id=UUID(int=3), inbox_id=HELP, urgency=1, since=NOON + timedelta(hours=2))
    one = Agent(id=AGENTS[0], there=True, inboxes=frozenset({HELP}), load=4, capacity=6)
    assert placements([new, old, urgent], [one]) == (
        Placement(urgent.id, one.id),
        Placement(old.id, one.id),
    )
