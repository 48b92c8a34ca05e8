"""To which conversation a message belongs: pure rules, so that they can be tested with every history.

A message joins a conversation only with proof: it names a message of that conversation (References,
In-Reply-To: RFC 5322, 3.6.4), is named by one that came before it, or carries a token that we signed, **and**
its sender takes part in it already.
Numbers and words in a subject prove nothing. A message that names a conversation in which its sender has no
part begins a new one, which is noted as related.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

Address = tuple[str, str]
"""Kind and comparable value of somebody's address."""


class Rule(StrEnum):
    """Why a message is where it is."""

    TOKEN = "token"  # noqa: S105 - the name of a rule
    REFERENCES = "references"
    ANSWERED = "answered"
    SAME_ROOT = "same_root"
    RELATED = "related"
    NEW = "new"
    FLOOD = "flood"


class Place(Protocol):
    """A conversation, as far as threading looks at it."""

    @property
    def id(self) -> UUID: ...

    @property
    def participants(self) -> Iterable[Address]: ...


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message's claim to belong to the conversation ``place`` of the same inbox. ``evidence`` is what it
    named: the external id or the token; ``home`` is the conversation it named where that is merged into
    ``place``."""

    place: Place
    rule: Rule
    evidence: str
    home: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """``place`` is the conversation to join, or None for a new one, which may be ``related`` to another;
    ``home`` is as in the claim that was believed."""

    place: Place | None
    rule: Rule
    evidence: str = ""
    related: Place | None = None
    home: UUID | None = None


def decide(sender: Address | None, claims: Sequence[Claim]) -> Decision:
    """Return where a message goes. ``sender`` is None where nobody can say who wrote it; ``claims`` come in
    the order in which they are to be believed."""
    for claim in claims:
        if sender is not None and sender in claim.place.participants:
            return Decision(claim.place, claim.rule, claim.evidence, home=claim.home)
    for claim in claims:
        if claim.rule is not Rule.SAME_ROOT:
            return Decision(None, Rule.RELATED, claim.evidence, claim.place)
    return Decision(None, Rule.NEW)


class Linked(Protocol):
    """A message, as far as its links go."""

    @property
    def external_id(self) -> str: ...

    @property
    def references(self) -> Sequence[str]: ...


L = TypeVar("L", bound=Linked)


def parents_first(messages: Sequence[L]) -> list[L]:
    """Return the messages so that each comes after those of them which it names, else in the given order.

    Circles, which only a forger makes, are cut where they are met.
    """
    by_id: Mapping[str, int] = {m.external_id: n for n, m in enumerate(messages) if m.external_id}
    ordered: list[L] = []
    begun: set[int] = set()
    for start in range(len(messages)):
        stack = [(start, iter(_named(messages[start], by_id)))] if start not in begun else []
        begun.add(start)
        while stack:
            index, parents = stack[-1]
            parent = next((n for n in parents if n not in begun), None)
            if parent is None:
                ordered.append(messages[index])
                stack.pop()
            else:
                begun.add(parent)
                stack.append((parent, iter(_named(messages[parent], by_id))))
    return ordered


def _named(message: Linked, by_id: Mapping[str, int]) -> list[int]:
    return [by_id[reference] for reference in message.references if reference in by_id]
