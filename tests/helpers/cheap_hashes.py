"""Hashes of passwords at a hundredth of the cost: tests ask who gets in, not how long a guess takes."""

from __future__ import annotations

from argon2 import PasswordHasher

from agentdesk.server import auth


def cheapen_hashes() -> None:
    """From now on this process hashes passwords in the same way, but quickly; programs it starts do not."""
    auth._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
