"""How an account fares, in figures: what its ``account_state`` keeps beside its state, for people to see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from agentdesk.base.text import Msg, msg, plural

__all__ = ["Figures", "Quota", "Signs", "figures_of", "worries"]

_SOON = timedelta(days=3)
_MANY_ERRORS = 3


class Quota(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is left of an allowance: ``remaining`` calls of ``limit`` until ``resets_at`` (UTC). ``name`` is
    what it is spent on; ``waiting`` how many calls of ours wait for their turn."""

    name: str
    limit: int
    remaining: int
    resets_at: datetime | None = None
    waiting: int = 0


class Signs(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a connector knows of its account's health: until when its token holds (UTC), which permissions
    it has, which it needs and lacks, what is left of its allowances, and what its watch list names."""

    token_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    quotas: tuple[Quota, ...] = ()
    watching: tuple[str, ...] = ()


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """``last_event_at`` is when the newest thing that came in happened on the network (UTC), ``lag`` how
    many seconds later it was here, ``errors`` how often in a row reading has failed."""

    last_event_at: datetime | None = None
    lag: float = 0.0
    errors: int = 0
    signs: Signs = Signs()


def figures_of(row: Mapping[str, Any] | None) -> Figures:
    """Read what an account keeps."""
    return Figures() if row is None else msgspec.convert(row, Figures)


def worries(figures: Figures, now: datetime) -> tuple[Msg, ...]:
    """Say what somebody should look after before it stops the account, or what keeps it waiting at ``now``
    (UTC)."""
    signs, found = figures.signs, []
    if signs.missing:
        found.append(msg("Permissions are missing: {names}.", names=", ".join(signs.missing)))
    ends = signs.token_expires_at
    if ends is not None and ends - now < _SOON:
        days = max(0, (ends - now).days)
        found.append(plural("Its sign-in ends in {count} day.", "Its sign-in ends in {count} days.", days))
    spent = [one.name for one in signs.quotas if one.remaining == 0 and one.resets_at and one.resets_at > now]
    if spent:
        found.append(msg("The network allows no more for now: {names}.", names=", ".join(spent)))
    if figures.errors >= _MANY_ERRORS:
        found.append(
            plural("It failed {count} time in a row.", "It failed {count} times in a row.", figures.errors)
        )
    return tuple(found)
