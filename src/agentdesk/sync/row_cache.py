"""Rows of the queue that were read and have not changed since: list, tabs and banners ask for the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from agentdesk.queries.rows import QueueRow
from agentdesk.store.unit import Changes

__all__ = ["RowCache"]

_KEPT = 1_000


class RowCache:
    """Asks ``read`` for each row once, until :meth:`forget` hears that it may be another one."""

    def __init__(self, read: Callable[[Sequence[UUID]], Awaitable[list[QueueRow]]]) -> None:
        self._read = read
        self._turn = asyncio.Lock()
        self._rows: dict[UUID, QueueRow] = {}
        self._reading: set[UUID] = set()

    async def rows(self, ids: Sequence[UUID]) -> list[QueueRow]:
        """The rows of ``ids`` in their order; those that are gone are left out."""
        async with self._turn:
            found = {one: row for one in ids if (row := self._rows.get(one)) is not None}
            missing = [one for one in ids if one not in found]
            if missing:
                self._reading = set(missing)
                read = {row.id: row for row in await self._read(missing)}
                self._rows.update((one, read[one]) for one in self._reading & read.keys())
                self._reading = set()
                found |= read
        while len(self._rows) > _KEPT:
            del self._rows[next(iter(self._rows))]
        return [found[one] for one in ids if one in found]

    def forget(self, changes: Changes) -> None:
        """Hear what changed. Of messages a row shows whether one was not sent: where that comes to be, the
        conversation changes too."""
        if not changes or "user" in changes:
            gone = {*self._rows, *self._reading}
        else:
            gone = set(changes.get("conversation", ()))
            contacts, messages = changes.get("contact", ()), bool(changes.get("message"))
            if contacts or messages:
                rows = self._rows.values()
                gone.update(row.id for row in rows if row.contact_id in contacts or row.failed)
                gone |= self._reading  # whose they are is not known yet
        self._reading -= gone
        for one in gone:
            self._rows.pop(one, None)
