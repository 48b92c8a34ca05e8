"""The core's side of the contract, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentdesk.sdk.inbound import Cursor, RawItem

__all__ = ["MemorySecrets", "MemorySink"]


class MemorySecrets:
    """Secrets in a dictionary; ``written`` are the names that were set, in order."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.written: list[str] = []

    def get(self, name: str) -> str | None:
        """See :class:`agentdesk.sdk.context.Secrets`."""
        return self.values.get(name)

    async def set(self, name: str, value: str) -> None:
        """See :class:`agentdesk.sdk.context.Secrets`."""
        self.written.append(name)
        self.values[name] = value


@dataclass
class MemorySink:
    """Stores as the core does: items once by source id, together with the cursor. ``failure`` is raised
    instead, where it is set: the database is away."""

    cursor: Cursor | None = None
    items: dict[str, RawItem] = field(default_factory=dict)
    accepted: list[int] = field(default_factory=list)
    reports: list[tuple[int, int | None]] = field(default_factory=list)
    connections: int = 0
    times_caught_up: int = 0
    failure: Exception | None = None

    async def accept(self, items: Sequence[RawItem], cursor: Cursor | None) -> None:
        """See :class:`agentdesk.sdk.context.Sink`."""
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        for item in items:
            self.items.setdefault(item.source_id, item)
        self.accepted.append(len(items))
        if cursor is not None:
            self.cursor = dict(cursor)

    async def known(self, source_ids: Sequence[str]) -> set[str]:
        """See :class:`agentdesk.sdk.context.Sink`."""
        return {source_id for source_id in source_ids if source_id in self.items}

    async def progress(self, done: int, total: int | None) -> None:
        """See :class:`agentdesk.sdk.context.Sink`."""
        self.reports.append((done, total))

    async def caught_up(self) -> None:
        """See :class:`agentdesk.sdk.context.Sink`."""
        self.times_caught_up += 1

    async def connected(self) -> None:
        """See :class:`agentdesk.sdk.context.Sink`."""
        self.connections += 1

    @property
    def raws(self) -> list[bytes]:
        """What was stored, in the order in which it came."""
        return [item.raw for item in self.items.values()]
