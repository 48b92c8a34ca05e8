"""What is known of a customer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select

from agentdesk.base.errors import NotFound
from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.rows import conversation_of
from agentdesk.commands.values import BlockContact, EditContact, MarkContact, NoteRead
from agentdesk.domain.cleaning import storable
from agentdesk.store.merged import contact_root
from agentdesk.store.tables import contact, contact_inbox

_LIMITS = {"name": 300, "company": 300, "place": 300, "language": 35, "time_zone": 64, "notes": 20_000}
_MOST_FIELDS = 100
_LONGEST_FIELD = 2_000


async def edit_contact(context: Context, command: EditContact) -> None:
    """Change the named fields; a name that is none of ours is kept as a field of the team's own."""
    row = await contact_of(context, await contact_root(context.conn, command.contact_id))
    changed: dict[str, Any] = {}
    own = dict(row["fields"])
    for name, value in command.fields.items():
        text = storable(value).strip()
        if len(text) > _LIMITS.get(name, _LONGEST_FIELD):
            raise Refusal("invalid", msg("The text for {name} is too long.", name=name[:60]))
        if name not in _LIMITS:
            own[name[:60]] = text
        elif row[name] != text:
            changed[name] = text
    if own != row["fields"]:
        if len(own) > _MOST_FIELDS:
            raise Refusal("invalid", msg("There are too many fields."))
        changed["fields"] = own
    if changed:
        await context.unit.update(contact, row["id"], changed)


async def mark_contact(context: Context, command: MarkContact) -> None:
    """Set or take away a customer's marks."""
    row = await contact_of(context, command.contact_id)
    wanted = {"sensitive": command.sensitive, "legal_hold": command.legal_hold}
    changed = {name: mark for name, mark in wanted.items() if mark is not None and mark != row[name]}
    if changed:
        await context.unit.update(contact, row["id"], changed)


async def block_contact(context: Context, command: BlockContact) -> None:
    """Block a customer, or let them write again; pages on which they chat are closed at once."""
    row = await contact_of(context, await contact_root(context.conn, command.contact_id))
    if row["blocked"] == command.blocked:
        return
    await context.unit.update(contact, row["id"], {"blocked": command.blocked})
    if command.blocked and context.channels is not None:
        await context.channels.send_away(context, row["id"])


async def note_read(context: Context, command: NoteRead) -> None:
    """Nothing but that it was read: the entry in the audit trail is all there is to it."""
    await conversation_of(context, command.conversation_id)


async def contact_of(context: Context, contact_id: UUID) -> RowMapping:
    """Return a customer, locked until the transaction ends.

    Raises NotFound also where the actor works in no inbox that the customer has written to, and Refusal where
    the customer was erased.
    """
    found = await context.conn.execute(select(contact).where(contact.c.id == contact_id).with_for_update())
    row = found.mappings().first()
    inboxes = await context.conn.scalars(
        select(contact_inbox.c.inbox_id).where(contact_inbox.c.contact_id == contact_id)
    )
    if row is None or not any(context.actor.sees(inbox_id) for inbox_id in inboxes):
        raise NotFound
    if row["erased_at"] is not None:
        raise Refusal("gone", msg("This customer was erased."))
    return row
