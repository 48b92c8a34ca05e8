"""People who work at the desk, and what each role may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do; each role includes the ones before it."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


_RANK = {Role.AGENT: 0, Role.SUPERVISOR: 1, Role.ADMIN: 2}


def at_least(role: Role, needed: Role) -> bool:
    """Say whether ``role`` includes ``needed``."""
    return _RANK[role] >= _RANK[needed]
