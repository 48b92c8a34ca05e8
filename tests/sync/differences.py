"""What a desk has compared, row by row, with what the authority shows its agent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, select, true

from agentdesk.store.base import PRIVATE, synced_tables
from agentdesk.store.tables import contact_inbox, conversation, message, search_entry
from agentdesk.store.unit import FOR_EVERYONE
from agentdesk.sync import replica_index
from agentdesk.sync.scope import Scope
from agentdesk.sync.wire_rows import WireRow, to_wire
from tests.sync.world import SimDesk, World

_OF_CONTACT = {"contact": "id", "contact_identity": "contact_id", "contact_inbox": "contact_id"}


async def differences(world: World, desk: SimDesk) -> list[Any]:
    """Rows that the desk does not have as the server shows them to its agent, and what can be found there of
    messages that are not.

    Customers come to a desk with their conversations: those without any that the agent sees may be missing.
    """
    found: list[Any] = []
    needed = await _customers_of_conversations(world, desk)
    scope = Scope(world.actors[desk.token].inboxes)
    for table in synced_tables():
        visible: ColumnElement[bool] = true()
        if table.name in ("contact", "contact_identity"):
            mine = select(contact_inbox.c.contact_id).where(scope.of(contact_inbox.c.inbox_id))
            visible = table.c[_OF_CONTACT[table.name]].in_(mine)
        elif "inbox_id" in table.c and table.name not in FOR_EVERYONE:
            visible = scope.of(table.c.inbox_id)
        if table.name in PRIVATE:
            visible &= table.c.user_id == world.actors[desk.token].user_id
        async with world.db.read() as conn:
            rows = await conn.execute(select(table).where(visible))
            theirs = {row["id"]: to_wire(table, row) for row in rows.mappings()}
        async with desk.replica.read() as conn:
            rows = await conn.execute(select(table))
            ours = {row["id"]: to_wire(table, row) for row in rows.mappings()}
        found += [
            (table.name, theirs.get(key), ours.get(key))
            for key in theirs.keys() | ours.keys()
            if theirs.get(key) != ours.get(key) and (key in ours or _is_needed(table, theirs[key], needed))
        ]
    return found or await _index_differences(desk)


async def _customers_of_conversations(world: World, desk: SimDesk) -> set[bytes]:
    scope = Scope(world.actors[desk.token].inboxes)
    mine = select(conversation.c.contact_id).where(scope.of(conversation.c.inbox_id))
    async with world.db.read() as conn:
        return {contact_id.bytes for contact_id in await conn.scalars(mine)}


def _is_needed(table: Table, row: WireRow, customers: set[bytes]) -> bool:
    column = _OF_CONTACT.get(table.name)
    return column is None or row[column] in customers


async def _index_differences(desk: SimDesk) -> list[Any]:
    async with desk.replica.read() as conn:
        there = set(await conn.scalars(select(message.c.id)))
        findable = set(await conn.scalars(select(search_entry.c.message_id)))
        noted = set(await conn.scalars(select(replica_index.unindexed.c.id)))
    wrong = (findable - there) | (there - findable - noted)
    return [("search_entry", message_id) for message_id in wrong]
