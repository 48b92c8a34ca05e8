"""Locking rows that nobody else has locked, without waiting for the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.fixed import Among

__all__ = ["Holding"]


class Holding:
    """Locks rows of one table by their ids, ``key`` being that column, and reads ``columns`` of them.

    However many ids there are, it is one statement for PostgreSQL, prepared once.
    """

    def __init__(
        self, key: Column[UUID], *columns: Column[Any], where: Sequence[ColumnElement[bool]] = ()
    ) -> None:
        self._among = Among(select(*columns).where(*where).with_for_update(skip_locked=True), key)

    async def rows(self, conn: AsyncConnection, ids: Collection[UUID]) -> list[dict[str, Any]]:
        """Return the rows that are locked from now on, until the transaction ends."""
        return await self._among.rows(conn, ids)
