"""Customers that turn out to be one person, and who turn out not to be.

The addresses and conversations of the joined one move, and it notes which; what comes later is sorted by the
address it came from when the two part again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select

from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.customer import contact_of
from agentdesk.commands.values import MergeContacts, UnmergeContacts
from agentdesk.domain.message import Direction
from agentdesk.domain.threading import Address
from agentdesk.store.merged import contact_root
from agentdesk.store.tables import contact, contact_identity, contact_inbox, conversation, message

_FIELDS = ("name", "company", "place", "language", "time_zone")


async def merge_contacts(context: Context, command: MergeContacts) -> None:
    """Let one customer be known as another one; nothing where they are already."""
    if command.joined_id == command.contact_id:
        raise Refusal("invalid", msg("A customer cannot be merged with themselves."))
    for one in sorted({command.contact_id, command.joined_id}):  # all who lock both do it in this order
        await contact_of(context, one)
    stays, joins = await _row(context, command.contact_id), await _row(context, command.joined_id)
    if joins["merged_into_id"] == stays["id"]:
        return
    if stays["merged_into_id"] is not None or joins["merged_into_id"] is not None:
        raise Refusal("merged", msg("One of these customers was merged with somebody else meanwhile."))
    values = _together(stays, joins, command.take)
    moved = {
        "identities": await _moved(context, contact_identity, joins["id"], stays["id"]),
        "conversations": await _moved(context, conversation, joins["id"], stays["id"]),
        "inboxes": await _enter_inboxes(context, stays["id"], joins["id"]),
        "before": {name: stays[name] for name in values},
        "after": values,
    }
    await context.unit.update(contact, joins["id"], {"merged_into_id": stays["id"], "merge": moved})
    if values | _marks_of(joins):
        await context.unit.update(contact, stays["id"], values | _marks_of(joins))


async def _row(context: Context, contact_id: UUID) -> RowMapping:
    found = await context.conn.execute(select(contact).where(contact.c.id == contact_id))
    return found.mappings().one()


def _together(stays: RowMapping, joins: RowMapping, take: Collection[str]) -> dict[str, Any]:
    """What is known of both: of the one that stays first, but for the details in ``take``; notes one after
    the other."""
    wanted = {name: joins[name] for name in _FIELDS if joins[name] and (name in take or not stays[name])}
    values = {name: value for name, value in wanted.items() if value != stays[name]}
    if joins["notes"] and joins["notes"] != stays["notes"]:
        values["notes"] = "\n\n".join(notes for notes in (stays["notes"], joins["notes"]) if notes)
    if any(name not in stays["fields"] for name in joins["fields"]):
        values["fields"] = {**joins["fields"], **stays["fields"]}
    return values


async def _moved(context: Context, table: Any, from_id: UUID, to_id: UUID) -> list[str]:
    """Move all rows of a customer to another one and return which."""
    ids = list(await context.conn.scalars(select(table.c.id).where(table.c.contact_id == from_id)))
    await context.unit.update_many(table, {key: {"contact_id": to_id} for key in ids})
    return [str(row_id) for row_id in ids]


async def _enter_inboxes(context: Context, stays_id: UUID, joins_id: UUID) -> list[str]:
    """Let the desks of the one's inboxes know the other; returns what was added."""
    rows = [
        {"id": new_id(), "contact_id": stays_id, "inbox_id": inbox_id}
        for inbox_id in await _inboxes(context, joins_id) - await _inboxes(context, stays_id)
    ]
    await context.unit.insert(contact_inbox, rows)
    return [str(row["id"]) for row in rows]


async def _inboxes(context: Context, contact_id: UUID) -> set[UUID]:
    columns = contact_inbox.c
    return set(await context.conn.scalars(select(columns.inbox_id).where(columns.contact_id == contact_id)))


def _marks_of(row: Mapping[Any, Any]) -> dict[str, bool]:
    """The marks that go along with what moves from one customer to another; only a person lifts them."""
    return {name: True for name in ("sensitive", "legal_hold") if row[name]}


async def unmerge_contacts(context: Context, command: UnmergeContacts) -> None:
    """Let a customer be known by themselves again; nothing where they are already."""
    root_id = await contact_root(context.conn, command.joined_id)
    for one in sorted({root_id, command.joined_id}):
        await contact_of(context, one)
    parts = await _row(context, command.joined_id)
    if parts["merged_into_id"] is None:
        return
    root, kept = await _row(context, root_id), parts["merge"]
    identities = {UUID(one) for one in kept["identities"]}
    addresses = await _addresses(context, identities)
    await _back(context, contact_identity, identities, root_id, parts["id"])
    await _back(context, message, await _written_from(context, root_id, addresses), root_id, parts["id"])
    theirs = {UUID(one) for one in kept["conversations"]}
    theirs |= await _begun_from(context, root_id, addresses)
    await _back(context, conversation, theirs, root_id, parts["id"])
    await _leave_inboxes(context, root_id, parts["id"], kept["inboxes"])
    values = {name: kept["before"][name] for name in kept["after"] if root[name] == kept["after"][name]}
    if values:
        await context.unit.update(contact, root_id, values)
    apart = {"merged_into_id": None, "merge": None}
    await context.unit.update(contact, parts["id"], apart | _marks_of(root))


async def _addresses(context: Context, identities: set[UUID]) -> set[Address]:
    columns = contact_identity.c
    rows = await context.conn.execute(select(columns.kind, columns.value).where(columns.id.in_(identities)))
    return {(row.kind, row.value) for row in rows}


async def _back(context: Context, table: Any, ids: set[UUID], from_id: UUID, to_id: UUID) -> None:
    """Move those of ``ids`` back that nobody has moved elsewhere."""
    here = select(table.c.id).where(table.c.id.in_(ids), table.c.contact_id == from_id)
    found = list(await context.conn.scalars(here))
    await context.unit.update_many(table, {key: {"contact_id": to_id} for key in found})


async def _begun_from(context: Context, root_id: UUID, addresses: set[Address]) -> set[UUID]:
    """The root's conversations whose first message came from one of ``addresses``."""
    theirs = select(conversation.c.id).where(conversation.c.contact_id == root_id)
    statement = (
        select(message.c.conversation_id, message.c.sender)
        .where(message.c.conversation_id.in_(theirs), message.c.direction == Direction.IN)
        .order_by(message.c.created_at.desc(), message.c.id.desc())
    )
    first = {row.conversation_id: row.sender for row in await context.conn.execute(statement)}
    return {one for one, sender in first.items() if _address(sender) in addresses}


async def _written_from(context: Context, root_id: UUID, addresses: set[Address]) -> set[UUID]:
    theirs = select(conversation.c.id).where(conversation.c.contact_id == root_id)
    statement = select(message.c.id, message.c.sender).where(
        message.c.conversation_id.in_(theirs), message.c.contact_id == root_id
    )
    rows = await context.conn.execute(statement)
    return {row.id for row in rows if _address(row.sender) in addresses}


def _address(sender: Mapping[str, str] | None) -> Address:
    return (sender["kind"], sender["value"].lower()) if sender else ("", "")


async def _leave_inboxes(context: Context, root_id: UUID, parts_id: UUID, added: list[str]) -> None:
    """Take the one that stayed out of inboxes where nothing of theirs is, and let the other into those where
    something of theirs is now."""
    used = {one: await _used_inboxes(context, one) for one in (root_id, parts_id)}
    columns = contact_inbox.c
    rows = await context.conn.execute(
        select(columns.id, columns.inbox_id).where(columns.id.in_([UUID(one) for one in added]))
    )
    await context.unit.delete(contact_inbox, [row.id for row in rows if row.inbox_id not in used[root_id]])
    missing = used[parts_id] - await _inboxes(context, parts_id)
    await context.unit.insert(
        contact_inbox,
        [{"id": new_id(), "contact_id": parts_id, "inbox_id": inbox_id} for inbox_id in missing],
    )


async def _used_inboxes(context: Context, contact_id: UUID) -> set[UUID]:
    columns = conversation.c
    statement = select(columns.inbox_id).where(columns.contact_id == contact_id).distinct()
    return set(await context.conn.scalars(statement))
