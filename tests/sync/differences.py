"""What a desk has compared, row by row, with what the authority shows its agent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, or_, select, true

from agentdesk.base import clock
from agentdesk.domain.conversation import RETAINED
from agentdesk.queries.queue import retired
from agentdesk.store.base import PRIVATE, SHAREABLE, synced_tables
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
    So may conversations that desks do not keep, with all that is in them; half of one may not.
    """
    found: list[Any] = []
    absent = await _not_kept(world, desk)
    needed = await _customers_of_conversations(world, desk, absent)
    scope = Scope(world.actors[desk.token].inboxes)
    for table in synced_tables():
        visible: ColumnElement[bool] = true()
        if table.name in ("contact", "contact_identity"):
            mine = select(contact_inbox.c.contact_id).where(scope.of(contact_inbox.c.inbox_id))
            visible = table.c[_OF_CONTACT[table.name]].in_(mine)
        elif "inbox_id" in table.c and table.name not in FOR_EVERYONE:
            visible = scope.of(table.c.inbox_id)
        if table.name in SHAREABLE:
            visible = _shared_or_own(table, scope, world.actors[desk.token].user_id)
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
            if theirs.get(key) != ours.get(key)
            and (key in ours or _is_needed(table, theirs[key], needed, absent))
        ]
    return found or await _index_differences(desk)


def _shared_or_own(table: Table, scope: Scope, me: UUID | None) -> ColumnElement[bool]:
    own = table.c.user_id == me
    if "inbox_id" not in table.c:
        return own
    here = or_(table.c.inbox_id.is_(None), scope.of(table.c.inbox_id))
    return or_(own, and_(table.c.user_id.is_(None), here))


async def _not_kept(world: World, desk: SimDesk) -> set[UUID]:
    """The conversations that are resolved and silent for longer than desks keep them, and not there."""
    async with world.db.read() as conn:
        old = set(await conn.scalars(select(conversation.c.id).where(retired(clock.now() - RETAINED))))
    async with desk.replica.read() as conn:
        return old - set(await conn.scalars(select(conversation.c.id)))


async def _customers_of_conversations(world: World, desk: SimDesk, but: set[UUID]) -> set[bytes]:
    scope = Scope(world.actors[desk.token].inboxes)
    columns = conversation.c
    mine = select(columns.contact_id).where(scope.of(columns.inbox_id), columns.id.not_in(but))
    async with world.db.read() as conn:
        return {contact_id.bytes for contact_id in await conn.scalars(mine)}


def _is_needed(table: Table, row: WireRow, customers: set[bytes], absent: set[UUID]) -> bool:
    column = _OF_CONTACT.get(table.name)
    if column is not None:
        return row[column] in customers
    place = row["id"] if table is conversation else row.get("conversation_id")
    return place is None or table.name in PRIVATE or UUID(bytes=place) not in absent


async def _index_differences(desk: SimDesk) -> list[Any]:
    async with desk.replica.read() as conn:
        there = set(await conn.scalars(select(message.c.id)))
        findable = set(await conn.scalars(select(search_entry.c.message_id)))
        noted = set(await conn.scalars(select(replica_index.unindexed.c.id)))
    wrong = (findable - there) | (there - findable - noted)
    return [("search_entry", message_id) for message_id in wrong]
