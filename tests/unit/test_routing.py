"""Who is given which waiting conversation, whatever waits and whoever is there."""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.domain.routing import Agent, Placement, Waiting, placements
from agentdesk.domain.routing_rules import Care, Rules, Strategy, rules_from, rules_to, speaks

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOW = NOON + timedelta(minutes=15)
SALES, HELP = UUID(int=1), UUID(int=2)
INBOXES = (SALES, HELP)
AGENTS = [UUID(int=100 + number) for number in range(6)]

_moments = st.integers(0, 20).map(lambda minutes: NOON + timedelta(minutes=minutes))
_skills = st.frozensets(st.sampled_from(["billing", "returns"]))
_rules = st.builds(
    Rules,
    strategy=st.sampled_from(Strategy),
    skills=_skills,
    skills_are=st.sampled_from(Care),
    languages_are=st.sampled_from(Care),
    relax_after=st.none() | st.just(timedelta(minutes=10)),
)
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
            skills=draw(_skills),
            languages=draw(st.frozensets(st.sampled_from(["de", "en-GB", "pt"]))),
            askable=draw(st.booleans()),
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
            units=draw(st.integers(0, 3)),
            language=draw(st.sampled_from(["", "de", "en", "pt-BR"])),
            rules=draw(_rules),
            offered=draw(st.booleans()),
            declined=draw(_some_agents),
            known=draw(st.none() | st.sampled_from(AGENTS)),
            holder=draw(st.none() | st.sampled_from(AGENTS)),
            tried=draw(_some_agents),
        )
        for number in range(draw(st.integers(0, 12)))
    ]


def _open_to(agent: Agent, one: Waiting) -> bool:
    """Whether somebody may be given a conversation, had they room; said in other words than the program's."""
    if not agent.there or one.inbox_id not in agent.inboxes or agent.id in {one.holder, *one.tried}:
        return False
    if agent.capacity is not None and one.units > agent.capacity:
        return False
    long = one.rules.relax_after is not None and one.since + one.rules.relax_after <= NOW
    lacking = {"skills": not one.rules.skills <= agent.skills, "language": not _answers(agent, one)}
    cares = {"skills": one.rules.skills_are, "language": one.rules.languages_are}
    return long or not any(lacking[what] and cares[what] is Care.MUST for what in lacking)


def _answers(agent: Agent, one: Waiting) -> bool:
    return not one.language or one.language[:2] in {language[:2] for language in agent.languages}


def _lacks(agent: Agent, one: Waiting) -> int:
    skills = one.rules.skills_are is not Care.OFF and not one.rules.skills <= agent.skills
    language = one.rules.languages_are is not Care.OFF and not _answers(agent, one)
    return int(skills) + int(language)


@settings(max_examples=200)
@given(waiting=_waiting(), agents=_agents(), seed=st.integers(0, 9))
def test_each_placement_is_right_and_none_is_missing(
    waiting: list[Waiting], agents: list[Agent], seed: int
) -> None:
    made = placements(waiting, agents, NOW)
    shuffled = random.Random(seed)
    other_order = placements(
        shuffled.sample(waiting, len(waiting)), shuffled.sample(agents, len(agents)), NOW
    )
    assert other_order == made  # the same, however it was read
    chosen = {one.conversation_id: one.agent_id for one in made}
    assert len(chosen) == len(made)  # nothing is given twice
    loads = {agent.id: agent.load for agent in agents}
    kept_free: set[UUID] = set()
    asked = {agent.id for agent in agents if not agent.askable}
    by_turn = sorted(waiting, key=lambda one: (-one.urgency, one.since, one.id))
    assert [one.conversation_id for one in made] == [one.id for one in by_turn if one.id in chosen]
    for one in by_turn:
        able = [agent for agent in agents if _open_to(agent, one) and agent.id not in kept_free]
        if {a.id for a in able} - one.declined:
            able = [a for a in able if a.id not in one.declined]
        roomy = [a for a in able if a.capacity is None or a.capacity - loads[a.id] >= one.units]
        has_room, roomy = bool(roomy), [a for a in roomy if not one.offered or a.id not in asked]
        if one.id not in chosen:
            assert roomy == []  # it was left out only because nobody could have it
            if able and not has_room:  # then it is the next for whoever has most room
                kept_free.add(max(able, key=lambda a: ((a.capacity or 0) - loads[a.id], a.id)).id)
            continue
        agent = next(agent for agent in roomy if agent.id == chosen[one.id])
        fitting = [a for a in roomy if _lacks(a, one) == min(_lacks(b, one) for b in roomy)]
        assert agent in fitting
        if any(other.id == one.known for other in fitting):
            assert agent.id == one.known
        elif one.rules.strategy is Strategy.LEAST_LOADED:
            assert loads[agent.id] == min(loads[other.id] for other in fitting)
        loads[agent.id] += one.units
        assert not one.offered or agent.id not in asked
        asked |= {agent.id} if one.offered else set()
    for agent in agents:
        assert agent.capacity is None or loads[agent.id] <= max(agent.capacity, agent.load)


@settings(max_examples=60)
@given(
    count=st.integers(1, 20), people=st.integers(1, 5), agents=st.data(), strategy=st.sampled_from(Strategy)
)
def test_equals_take_turns(count: int, people: int, agents: st.DataObject, strategy: Strategy) -> None:
    """Nobody gets two more than anybody else in one round; whoever had nothing for longest begins."""
    team = [
        Agent(id=one, there=True, inboxes=frozenset(INBOXES), given_at=agents.draw(_moments))
        for one in AGENTS[:people]
    ]
    rules = Rules(strategy=strategy)
    waiting = [
        Waiting(id=UUID(int=n), inbox_id=HELP, urgency=1, since=NOON, rules=rules) for n in range(count)
    ]
    made = [one.agent_id for one in placements(waiting, team, NOON)]
    shares = [made.count(agent.id) for agent in team]
    assert max(shares) - min(shares) <= 1
    first = min(team, key=lambda agent: (agent.given_at, agent.id))
    assert made[0] == first.id


@settings(max_examples=80)
@given(waiting=_waiting(), agents=_agents())
def test_what_one_round_leaves_the_next_one_gives_when_somebody_is_free(
    waiting: list[Waiting], agents: list[Agent]
) -> None:
    """Whoever changes between two rounds: nothing is given away from anybody, and nothing is lost."""
    first = {one.conversation_id for one in placements(waiting, agents, NOW)}
    left = [dataclasses.replace(one, offered=False) for one in waiting if one.id not in first]
    newcomer = Agent(
        id=UUID(int=999),
        there=True,
        inboxes=frozenset(INBOXES),
        skills=frozenset({"billing", "returns"}),
        languages=frozenset({"de", "en", "pt"}),
    )
    gone = [dataclasses.replace(agent, there=False) for agent in agents]
    second = placements(left, [*gone, newcomer], NOW)
    assert {one.conversation_id for one in second} == {one.id for one in left}


def test_the_most_urgent_and_then_the_oldest_gets_the_last_place() -> None:
    old = Waiting(id=UUID(int=1), inbox_id=HELP, urgency=1, since=NOON)
    urgent = Waiting(id=UUID(int=2), inbox_id=HELP, urgency=3, since=NOON + timedelta(hours=1))
    new = Waiting(id=UUID(int=3), inbox_id=HELP, urgency=1, since=NOON + timedelta(hours=2))
    one = Agent(id=AGENTS[0], there=True, inboxes=frozenset({HELP}), load=4, capacity=6)
    assert placements([new, old, urgent], [one], NOON) == (
        Placement(urgent.id, one.id),
        Placement(old.id, one.id),
    )


def _agent(number: int, **values: Any) -> Agent:
    return Agent(id=AGENTS[number], there=True, inboxes=frozenset(INBOXES), **values)


def _one(number: int = 1, **values: Any) -> Waiting:
    return Waiting(id=UUID(int=number), inbox_id=HELP, urgency=1, **{"since": NOON, **values})


def test_taking_turns_looks_at_the_last_time_and_not_at_how_much_somebody_has() -> None:
    long_ago, just_now = NOON - timedelta(hours=1), NOON - timedelta(minutes=1)
    busy, idle = _agent(0, load=9, given_at=long_ago), _agent(1, given_at=just_now)
    for strategy, chosen in ((Strategy.ROUND_ROBIN, busy), (Strategy.LEAST_LOADED, idle)):
        (made,) = placements([_one(rules=Rules(strategy=strategy))], [busy, idle], NOON)
        assert made.agent_id == chosen.id


def test_a_must_holds_until_the_customer_has_waited_long_enough() -> None:
    rules = Rules(languages_are=Care.MUST, relax_after=timedelta(minutes=5))
    waiting = [_one(language="pt-BR", rules=rules)]
    english = _agent(0, languages=frozenset({"en"}))
    speaker = _agent(1, languages=frozenset({"pt"}), load=5)
    almost, then = NOON + timedelta(minutes=5, seconds=-1), NOON + timedelta(minutes=5)
    assert placements(waiting, [english], almost) == ()
    assert placements(waiting, [english], then) == (Placement(waiting[0].id, english.id),)
    assert placements(waiting, [english, speaker], then)[0].agent_id == speaker.id  # still preferred


def test_a_large_one_is_not_overtaken_for_ever_by_small_ones() -> None:
    large = _one(1, units=3, since=NOON - timedelta(minutes=1))
    small = [_one(number, since=NOON) for number in range(2, 6)]
    one, other = _agent(0, load=2, capacity=4), _agent(1, load=3, capacity=4)
    made = placements([large, *small], [one, other], NOON)
    assert {placed.agent_id for placed in made} == {other.id}  # the first is kept free
    freed = dataclasses.replace(one, load=1)
    assert placements([large], [freed, other], NOON) == (Placement(large.id, one.id),)


@given(rules=_rules)
def test_rules_come_back_as_they_were_stored(rules: Rules) -> None:
    assert rules_from(rules_to(rules)) == rules


def test_rules_that_this_program_does_not_know_are_as_usual() -> None:
    assert rules_from(None) == rules_from({"strategy": "by-stars", "languages_are": 3}) == Rules()


def test_languages_are_compared_without_their_regions() -> None:
    assert speaks({"pt"}, "pt-BR")
    assert speaks({"zh-Hant"}, "zh_CN")
    assert speaks((), "")
    assert speaks((), "und")
    assert not speaks({"en", "de"}, "da")
