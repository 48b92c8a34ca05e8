"""The table registry: naming rules, and which tables travel to desks."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Table

from agentdesk.store.types import Id

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

EVERYONE = "*"
"""The scope of rows that every desk receives; other scopes are the id of an inbox, or of a person
(hexadecimal)."""

MERGED = "merged_into_id IS NOT NULL"
"""The few conversations and contacts that were merged into another one: only they are in the index of it."""

SYNCED: dict[str, Table] = {}
"""Tables whose rows travel to desks, by name."""

PRIVATE: set[str] = set()
"""Those of them whose rows go to the desks of one person (``user_id``) only; their scope in the change log is
the hexadecimal id of that person, and ``inbox_id`` must still be visible to them."""


SHAREABLE: set[str] = set()
"""Those whose rows are one person's where ``user_id`` is set, else everybody's who sees ``inbox_id``, or,
where that is not set either, everybody's. A row may go from one to the other."""


def synced(name: str, *columns: Any, private: bool = False, shareable: bool = False, **options: Any) -> Table:
    """Return a table that travels to desks: it gets ``id`` and ``ver`` (raised by one on each write)."""
    table = Table(
        name,
        metadata,
        Column("id", Id, primary_key=True),
        *columns,
        Column("ver", BigInteger, nullable=False),
        **options,
    )
    SYNCED[name] = table
    if private:
        PRIVATE.add(name)
    if shareable:
        SHAREABLE.add(name)
    return table


def synced_tables() -> tuple[Table, ...]:
    """Return the tables that travel to desks, parents before children."""
    return _in_order(len(SYNCED))


@cache
def _in_order(_registered: int) -> tuple[Table, ...]:
    return tuple(table for table in metadata.sorted_tables if table.name in SYNCED)
