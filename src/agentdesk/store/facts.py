"""The few facts that a server keeps about its database, by name."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.tables import server_info

__all__ = ["fact", "put_fact"]


async def fact(conn: AsyncConnection, name: str) -> str | None:
    """Return a fact of the server, or None."""
    value: str | None = await conn.scalar(select(server_info.c.value).where(server_info.c.name == name))
    return value


async def put_fact(conn: AsyncConnection, name: str, value: str, *, keep: bool = False) -> None:
    """Write a fact of the server; ``keep`` leaves one that is there already."""
    make = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
    statement = make(server_info).values(name=name, value=value)
    if keep:
        await conn.execute(statement.on_conflict_do_nothing(index_elements=["name"]))
        return
    await conn.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
    )
