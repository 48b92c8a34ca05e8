"""What has to wait for now, and what need not: a command that the server could not carry out yet holds up its
own conversation and customer, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from time import monotonic
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.sync.overlay import Pending

__all__ = ["PutOff"]

_BACKOFF = Backoff(first=0.5, longest=30.0)
_KNOWN_BY_ID = timedelta(days=60)
"""The server knows a command by its id for 90 days, later only by its number: so old ones keep theirs."""


class PutOff:
    """The commands that one connection is to try later, each after a time of its own."""

    def __init__(self) -> None:
        self._tries: dict[UUID, int] = {}
        self._due: dict[UUID, float] = {}

    def later(self, command_id: UUID) -> None:
        """Try a command again after a while, a longer one each time."""
        tries = self._tries[command_id] = self._tries.get(command_id, 0) + 1
        self._due[command_id] = monotonic() + _BACKOFF.delay(tries)

    def over(self, command_ids: Iterable[UUID]) -> None:
        """These have been answered."""
        for command_id in command_ids:
            self._tries.pop(command_id, None)
            self._due.pop(command_id, None)

    def seconds(self) -> float | None:
        """How long until the next may be tried; None where nothing was put off."""
        return max(0.0, min(self._due.values()) - monotonic()) if self._due else None

    def divide(self, commands: Sequence[Pending]) -> tuple[list[Pending], list[Pending]]:
        """Part ``commands`` into those that may go up now and those that wait, each in their order: what was
        put off, and what comes after it and has to do with it."""
        free: list[Pending] = []
        behind: list[Pending] = []
        tied: set[UUID] = set()
        everything, now, long_ago = False, monotonic(), clock.now() - _KNOWN_BY_ID
        for pending in commands:
            waits = everything or self._due.get(pending.id, now) > now
            if not waits and not (behind and not pending.families) and tied.isdisjoint(pending.families):
                free.append(pending)
                continue
            behind.append(pending)
            tied |= pending.families
            everything = everything or not pending.families or pending.envelope.issued_at < long_ago
        return free, behind
