"""What leaves a desk: single rows, inboxes that were revoked, conversations closed long ago, and their files.

Rows and what can be found of them go in the transaction of the caller, while no overlay lies over them. Files
cannot: their names are noted in that same transaction, and they are dropped after it, or at the next start.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Table, delete, select, union
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.queries.queue import retired
from agentdesk.store.base import synced_tables
from agentdesk.store.tables import (
    attachment,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    event,
    message,
)
from agentdesk.store.unit import FOR_EVERYONE, Changes
from agentdesk.sync import replica_index
from agentdesk.sync.replica_tables import base_row, leaving_file

__all__ = [
    "closed",
    "forget_closed",
    "keep_only",
    "leaving_files",
    "note_all_files",
    "note_files",
    "remove",
    "settle_files",
]

_AT_ONCE = 500  # values in one statement


async def keep_only(conn: AsyncConnection, inboxes: Collection[UUID]) -> Changes:
    """Drop what lies in other inboxes than these, and the customers known from nowhere else; returns what
    has gone."""
    changes: Changes = {}
    for table in reversed(synced_tables()):
        if "inbox_id" in table.c and table.name not in FOR_EVERYONE:
            await _drop(conn, table, table.c.inbox_id.not_in(list(inboxes)), changes)
    known = select(contact_inbox.c.contact_id).union(select(conversation.c.contact_id))
    await _drop(conn, contact_identity, contact_identity.c.contact_id.not_in(known), changes)
    await _drop(conn, contact, contact.c.id.not_in(known), changes)
    return changes


async def remove(conn: AsyncConnection, table: Table, row_id: UUID) -> None:
    """Drop one row."""
    await _drop(conn, table, table.c.id == row_id, {})


async def closed(conn: AsyncConnection, before: datetime, limit: int, but: Collection[UUID]) -> list[UUID]:
    """Return up to ``limit`` conversations that were resolved and silent before then, and are none of
    ``but``. What lies under changes of our own is not among them."""
    columns, spared = conversation.c, set(but)
    silent = select(columns.id).where(retired(before), columns.id.not_in(_touched()))
    found = await conn.scalars(silent.limit(limit + len(spared)))
    return [one for one in found if one not in spared][:limit]


def _touched() -> CompoundSelect[Any]:
    """The conversations of which a row was set aside: also by a command about a customer, or about another
    conversation. Such a row comes back, and must find there what it belongs to."""
    aside = select(base_row.c.row_id).where(base_row.c.table_name == conversation.name)
    inside = [
        select(table.c.conversation_id).join(
            base_row, (base_row.c.row_id == table.c.id) & (base_row.c.table_name == table.name)
        )
        for table in (message, event, attachment)
    ]
    return union(select(base_row.c.family), aside, *inside)


async def forget_closed(
    conn: AsyncConnection, before: datetime, limit: int, but: Collection[UUID] = ()
) -> Changes:
    """Drop conversations that :func:`closed` names; returns what has gone.

    Should one of them wake up, all of it comes again.
    """
    columns = conversation.c
    ids = await closed(conn, before, limit, but)
    changes: Changes = {}
    if ids:
        for table in (attachment, event, message):
            await _drop(conn, table, table.c.conversation_id.in_(ids), changes)
        await _drop(conn, conversation, columns.id.in_(ids), changes)
    return changes


async def note_all_files(conn: AsyncConnection) -> None:
    """All rows are about to go: note the files of all attachments."""
    await _note_files(conn, attachment.c.blob != "")


async def note_files(conn: AsyncConnection, blobs: Collection[str]) -> None:
    """Note files that may be needed no more."""
    if blobs:
        await conn.execute(upsert(leaving_file).on_conflict_do_nothing(), [{"blob": one} for one in blobs])


async def leaving_files(conn: AsyncConnection) -> tuple[set[str], set[str]]:
    """Return the files that were noted, and those of them that an attachment still names."""
    noted = select(leaving_file.c.blob)
    needed = select(attachment.c.blob).where(attachment.c.blob.in_(noted))
    return set(await conn.scalars(noted)), set(await conn.scalars(needed))


async def settle_files(conn: AsyncConnection, blobs: Collection[str]) -> None:
    """These files have been dropped, or are needed: they are not noted any more."""
    settled = sorted(blobs)
    for start in range(0, len(settled), _AT_ONCE):
        some = settled[start : start + _AT_ONCE]
        await conn.execute(delete(leaving_file).where(leaving_file.c.blob.in_(some)))


async def _drop(conn: AsyncConnection, table: Table, which: ColumnElement[bool], changes: Changes) -> None:
    if table is attachment:
        await _note_files(conn, which)
    if table is message:
        await replica_index.remove(conn, table, list(await conn.scalars(select(table.c.id).where(which))))
    gone = set(await conn.scalars(delete(table).where(which).returning(table.c.id)))
    if gone:
        changes.setdefault(table.name, set()).update(gone)


async def _note_files(conn: AsyncConnection, which: ColumnElement[bool]) -> None:
    gone = select(attachment.c.blob).where(which).distinct()
    await conn.execute(upsert(leaving_file).from_select(["blob"], gone).on_conflict_do_nothing())
