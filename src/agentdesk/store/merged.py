"""Where merged rows lead to: each names the one it was merged into, which may have been merged in turn."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.tables import contact, conversation

__all__ = ["contact_root", "conversation_root", "conversation_roots", "conversation_tree"]

_MOST_STEPS = 1000
"""Merging makes no circles; a damaged row must not make an endless loop."""


async def conversation_root(conn: AsyncConnection, conversation_id: UUID) -> UUID:
    """Return the conversation that one goes on in: itself, unless it was merged."""
    return (await conversation_roots(conn, [conversation_id]))[conversation_id]


async def conversation_roots(conn: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return for each conversation the one that it goes on in."""
    return await _roots(conn, conversation, ids)


async def contact_root(conn: AsyncConnection, contact_id: UUID) -> UUID:
    """Return the contact that one is known as: itself, unless it was merged."""
    return (await _roots(conn, contact, [contact_id]))[contact_id]


async def conversation_tree(conn: AsyncConnection, conversation_id: UUID) -> set[UUID]:
    """Return a conversation and all that were merged into it, directly or by way of others."""
    tree, edge = {conversation_id}, {conversation_id}
    while edge:
        found = await conn.scalars(select(conversation.c.id).where(conversation.c.merged_into_id.in_(edge)))
        edge = set(found) - tree
        tree |= edge
    return tree


async def _roots(conn: AsyncConnection, table: Table, ids: Collection[UUID]) -> dict[UUID, UUID]:
    roots = {row_id: row_id for row_id in ids}
    edge = set(ids)
    for _ in range(_MOST_STEPS):
        if not edge:
            break
        merged = table.c.id.in_(edge), table.c.merged_into_id.is_not(None)
        rows = await conn.execute(select(table.c.id, table.c.merged_into_id).where(*merged))
        leads = {row.id: row.merged_into_id for row in rows}
        roots = {row_id: leads.get(root, root) for row_id, root in roots.items()}
        edge = set(leads.values())
    return roots
