"""Threading: nothing joins without proof, and the order of arrival does not matter."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.threading import Address, Claim, Rule, decide, parents_first

PEOPLE: list[Address] = [("email", name) for name in ("alice", "bob", "carol", "dave")]


@dataclass
class Place:
    id: UUID = field(default_factory=uuid4)
    participants: set[Address] = field(default_factory=set)


@dataclass(frozen=True)
class Mail:
    external_id: str
    references: tuple[str, ...] = ()


claims = st.lists(
    st.tuples(
        st.sampled_from([Rule.TOKEN, Rule.REFERENCES, Rule.SAME_ROOT]), st.sets(st.sampled_from(PEOPLE))
    ),
    max_size=6,
).map(lambda found: [Claim(Place(participants=who), rule, f"id{n}") for n, (rule, who) in enumerate(found)])


@given(sender=st.none() | st.sampled_from(PEOPLE), claims=claims)
def test_a_message_joins_only_where_its_sender_takes_part(
    sender: Address | None, claims: list[Claim]
) -> None:
    decision = decide(sender, claims)
    admitting = [c for c in claims if sender in c.place.participants]
    if admitting:
        assert decision.place is admitting[0].place
        assert (decision.rule, decision.evidence) == (admitting[0].rule, admitting[0].evidence)
        assert decision.related is None
    else:
        assert decision.place is None
        assert decision.rule in (Rule.RELATED, Rule.NEW)
        assert (decision.related is None) == (decision.rule is Rule.NEW)


@given(claims=claims)
def test_nobody_joins_without_a_sender(claims: list[Claim]) -> None:
    assert decide(None, claims).place is None


def test_a_shared_missing_root_alone_is_no_relation() -> None:
    claim = Claim(Place(participants={PEOPLE[0]}), Rule.SAME_ROOT, "root")
    assert decide(PEOPLE[1], [claim]).rule is Rule.NEW


@given(data=st.data(), size=st.integers(1, 25))
def test_parents_come_first_in_every_forest(data: st.DataObject, size: int) -> None:
    mails = []
    for n in range(size):
        parents = data.draw(st.lists(st.integers(0, max(0, n - 1)), max_size=3)) if n else []
        mails.append(Mail(f"m{n}", tuple(f"m{p}" for p in parents)))
    shuffled = list(mails)
    data.draw(st.randoms(use_true_random=False)).shuffle(shuffled)
    ordered = parents_first(shuffled)
    assert sorted(m.external_id for m in ordered) == sorted(m.external_id for m in mails)
    place = {m.external_id: n for n, m in enumerate(ordered)}
    for mail in mails:
        assert all(place[r] < place[mail.external_id] for r in mail.references)


@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 9), max_size=4)), max_size=20))
def test_circles_and_doubles_end_and_lose_nothing(drawn: list[tuple[int, list[int]]]) -> None:
    mails = [Mail(f"m{n}" if n else "", tuple(f"m{r}" for r in refs)) for n, refs in drawn]
    ordered = parents_first(mails)
    assert sorted(map(id, ordered)) == sorted(map(id, mails))


def test_messages_that_name_nothing_keep_their_order() -> None:
    mails = [Mail(f"m{n}", ("elsewhere",)) for n in range(10)]
    assert parents_first(mails) == mails


@pytest.mark.parametrize("seed", range(20))
def test_every_order_of_arrival_gives_the_same_conversations(seed: int) -> None:
    """Play whole histories through the rules as intake does, in batches of any size."""
    chance = random.Random(seed)
    history = _history(chance, 40)
    expected = _partition(_thread_all(history, chance, batch=len(history)))
    shuffled = list(history)
    chance.shuffle(shuffled)
    assert _partition(_thread_all(shuffled, chance, batch=len(history))) == expected


@dataclass(frozen=True)
class Sent(Mail):
    sender: Address = PEOPLE[0]


def _history(chance: random.Random, count: int) -> list[Sent]:
    made: list[Sent] = []
    for n in range(count):
        before = [m for m in made if chance.random() < 0.3]
        parent = chance.choice(before) if before else None
        references = (*parent.references, parent.external_id) if parent else ()
        sender = parent.sender if parent and chance.random() < 0.8 else chance.choice(PEOPLE)
        made.append(Sent(f"m{n}", references, sender))
    return made


def _thread_all(mails: list[Sent], chance: random.Random, batch: int) -> dict[str, UUID]:
    """A small model of intake: conversations by message id; who begins one takes part in it."""
    places: dict[str, Place] = {}
    for start in range(0, len(mails), batch):
        for mail in parents_first(mails[start : start + batch]):
            named = [places[r] for r in reversed(mail.references) if r in places]
            decision = decide(mail.sender, [Claim(p, Rule.REFERENCES, "") for p in named])
            place = decision.place if isinstance(decision.place, Place) else Place(participants={mail.sender})
            places[mail.external_id] = place
    return {name: place.id for name, place in places.items()}


def _partition(found: dict[str, UUID]) -> set[frozenset[str]]:
    groups: dict[UUID, set[str]] = {}
    for name, place in found.items():
        groups.setdefault(place, set()).add(name)
    return {frozenset(group) for group in groups.values()}
