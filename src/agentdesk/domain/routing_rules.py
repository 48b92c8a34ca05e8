"""How an inbox gives out what waits: by which strategy, and to people with which skills and languages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

__all__ = ["Care", "Rules", "Strategy", "primary", "rules_from", "rules_to", "speaks"]


_Kind = TypeVar("_Kind", bound=StrEnum)


class Strategy(StrEnum):
    """Who comes first among those who fit equally well. The values are stored: never renamed."""

    LEAST_LOADED = "least-loaded"
    ROUND_ROBIN = "round-robin"


class Care(StrEnum):
    """How much it matters that somebody fits. The values are stored: never renamed."""

    OFF = "off"
    PREFERRED = "preferred"
    MUST = "must"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one inbox. ``skills`` are what its conversations need, in lower case.

    What is a must becomes a preference for conversations that have waited for ``relax_after`` (None: never).
    A chat is offered to one person after the other, who has ``offer_within`` to take it; None: it is given.
    """

    strategy: Strategy = Strategy.LEAST_LOADED
    skills: frozenset[str] = frozenset()
    skills_are: Care = Care.PREFERRED
    languages_are: Care = Care.PREFERRED
    relax_after: timedelta | None = timedelta(minutes=5)
    offer_within: timedelta | None = None


def rules_from(stored: Mapping[str, Any] | None) -> Rules:
    """Return the rules in what is stored with an inbox; what is not there, or not known here, is as usual."""
    usual, stored = Rules(), stored or {}
    relax, offer = stored.get("relax_after", 300), stored.get("offer_within")
    return Rules(
        strategy=_member(Strategy, stored.get("strategy"), usual.strategy),
        skills=frozenset(stored.get("skills", ())),
        skills_are=_member(Care, stored.get("skills_are"), usual.skills_are),
        languages_are=_member(Care, stored.get("languages_are"), usual.languages_are),
        relax_after=timedelta(seconds=relax) if relax else None,
        offer_within=timedelta(seconds=offer) if offer else None,
    )


def rules_to(rules: Rules) -> dict[str, Any]:
    """Return what is stored of ``rules``."""
    return {
        "strategy": rules.strategy.value,
        "skills": sorted(rules.skills),
        "skills_are": rules.skills_are.value,
        "languages_are": rules.languages_are.value,
        "relax_after": _seconds(rules.relax_after),
        "offer_within": _seconds(rules.offer_within),
    }


def _seconds(duration: timedelta | None) -> int:
    return 0 if duration is None else int(duration.total_seconds())


def primary(language: str) -> str:
    """Return the language of a BCP 47 tag without its region or script: ``pt`` of ``pt-BR``."""
    return language.replace("_", "-").partition("-")[0].lower()


def speaks(languages: Collection[str], needed: str) -> bool:
    """Say whether somebody with ``languages`` can answer in ``needed`` (empty: it is not known which)."""
    wanted = primary(needed)
    return wanted in ("", "und") or any(primary(one) == wanted for one in languages)


def _member(kind: type[_Kind], value: Any, usual: _Kind) -> _Kind:
    return kind(value) if isinstance(value, str) and value in list(kind) else usual
