"""People who work at the desk."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is; see :mod:`agentdesk.domain.authority` for what each role may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
