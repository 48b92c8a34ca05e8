"""Locking rows that nobody else has locked, without waiting for the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.fixed import Fixed

__all__ = ["Holding"]


class Holding:
    """Locks rows of one table by their ids, ``key`` being that column, and reads ``columns`` of them.

    However many ids there are, it is one statement for PostgreSQL, prepared once.
    """

    def __init__(
        self, key: Column[UUID], *columns: Column[Any], where: Sequence[ColumnElement[bool]] = ()
    ) -> None:
        self._key = key
        self._wanted = select(*columns).where(*where).with_for_update(skip_locked=True)
        self._fixed = Fixed(self._wanted.where(key == any_(bindparam("ids", type_=ARRAY(key.type)))))

    async def rows(self, conn: AsyncConnection, ids: Collection[UUID]) -> list[dict[str, Any]]:
        """Return the rows that are locked from now on, until the transaction ends."""
        if conn.dialect.name == "postgresql":
            return await self._fixed.rows(conn, {"ids": list(ids)})
        found = await conn.execute(self._wanted.where(self._key.in_(ids)))
        return [dict(row) for row in found.mappings()]
