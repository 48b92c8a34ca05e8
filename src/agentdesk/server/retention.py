"""What is kept for how long: rules by inbox and kind, carried out in portions by whoever keeps house.

Conversations leave like anything that is removed: every desk hears of it. What is under a legal hold stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.domain.conversation import Status
from agentdesk.server.audit_retention import drop_sealed, sealed_before
from agentdesk.server.chat.dropping import drop_lines
from agentdesk.store import blobs, search
from agentdesk.store.audit import Entry, record
from agentdesk.store.base import EVERYONE
from agentdesk.store.engine import Database
from agentdesk.store.tables import (
    account,
    attachment,
    contact,
    conversation,
    draft,
    event,
    inbox,
    mention,
    message,
    offer,
    raw_item,
    retention_rule,
)
from agentdesk.store.unit import ServerUnit

__all__ = ["KINDS", "Rule", "list_rules", "run", "set_rule"]

KINDS = ("conversations", "raw", "attachments", "audit")
"""Closed conversations with all that is in them; mails as they came; files; the audit trail."""
_AT_ONCE = 50
_LONGEST = 36_500


@dataclass(frozen=True, slots=True)
class Rule:
    """``inbox`` is empty for the rule of all inboxes that have none of their own."""

    inbox: str
    kind: str
    days: int


async def set_rule(db: Database, kind: str, days: int | None, inbox_name: str = "") -> None:
    """Keep what is of ``kind`` for so many days, or for ever (None). Raises Invalid."""
    if days is not None and not 1 <= days <= _LONGEST:
        raise Invalid(msg("Keep it for 1 to {count} days, or for ever.", count=_LONGEST), field="days")
    if kind == "audit" and inbox_name:
        raise Invalid(msg("The audit trail is one for all inboxes."), field="inbox")
    async with db.write() as conn:
        scope = EVERYONE if not inbox_name else (await _inbox(conn, inbox_name)).hex
        mine = retention_rule.c.scope == scope, retention_rule.c.kind == kind
        await conn.execute(delete(retention_rule).where(*mine))
        if days is not None:
            values = {"scope": scope, "kind": kind, "days": days, "changed_at": clock.now()}
            await conn.execute(retention_rule.insert().values(values))


async def list_rules(db: Database) -> list[Rule]:
    """Return all rules, those for all inboxes first."""
    async with db.read() as conn:
        names = {row.id.hex: row.name for row in await conn.execute(select(inbox.c.id, inbox.c.name))}
        rows = (await conn.execute(select(retention_rule))).all()
    rules = [Rule(names.get(row.scope, ""), row.kind, row.days) for row in rows]
    return sorted(rules, key=lambda rule: (rule.inbox, KINDS.index(rule.kind)))


async def run(db: Database, *, dry_run: bool = False) -> dict[str, int]:
    """Drop what the rules let go, in portions; returns how much, by kind, and as ``held`` how many
    conversations stay for a legal hold only. ``dry_run`` only counts it.

    Raises DatabaseError; what went before stays gone.
    """
    counts: dict[str, int] = {}
    for kind, steps in _STEPS.items():
        for which in await _due(db, kind):
            counts[kind] = counts.get(kind, 0) + await steps(db, which, dry_run)
    before = await _audit_before(db)
    if before is not None:
        counts["audit"] = await (sealed_before if dry_run else drop_sealed)(db, before)
    gone = {kind: count for kind, count in counts.items() if count and kind != "audit"}
    if held := await _held(db):
        counts["held"] = held
    if gone and not dry_run:
        async with db.write() as conn:
            entries = [
                Entry("retention", kind, "done", "system", data={"count": count})
                for kind, count in gone.items()
            ]
            await record(conn, entries)
    return counts


async def _inbox(conn: AsyncConnection, name: str) -> UUID:
    found = await conn.scalar(select(inbox.c.id).where(inbox.c.name == name))
    if not isinstance(found, UUID):
        raise Invalid(msg("There is no inbox named {name}.", name=name[:200]), field="inbox")
    return found


async def _due(db: Database, kind: str) -> list[tuple[UUID, datetime]]:
    """For each inbox with a rule, its id and the moment before which things go."""
    async with db.read() as conn:
        rules = {
            row.scope: row.days
            for row in await conn.execute(select(retention_rule).where(retention_rule.c.kind == kind))
        }
        inboxes = list(await conn.scalars(select(inbox.c.id)))
    days = {one: rules.get(one.hex, rules.get(EVERYONE)) for one in inboxes}
    now = clock.now()
    return [(one, now - timedelta(days=kept)) for one, kept in days.items() if kept is not None]


async def _audit_before(db: Database) -> datetime | None:
    async with db.read() as conn:
        days = await conn.scalar(select(retention_rule.c.days).where(retention_rule.c.kind == "audit"))
    return None if days is None else clock.now() - timedelta(days=days)


_Which = tuple[UUID, datetime]
_Step = Callable[[Database, _Which, bool], Awaitable[int]]


_HOLDS: ColumnElement[bool] = or_(
    conversation.c.legal_hold.is_(True),
    conversation.c.contact_id.in_(select(contact.c.id).where(contact.c.legal_hold.is_(True))),
)


def _closed(which: _Which) -> ColumnElement[bool]:
    """Conversations of an inbox that were closed and silent before a moment, and that nothing holds."""
    return and_(_over(which), not_(_HOLDS))


def _over(which: _Which) -> ColumnElement[bool]:
    inbox_id, before = which
    columns = conversation.c
    return and_(
        columns.inbox_id == inbox_id,
        columns.status == Status.RESOLVED,
        columns.last_message_at < before,
        or_(columns.resolved_at.is_(None), columns.resolved_at < before),
    )


async def _held(db: Database) -> int:
    """How many conversations the rules would let go if nothing held them."""
    count = 0
    for which in await _due(db, "conversations"):
        async with db.read() as conn:
            held = select(func.count()).select_from(conversation).where(_over(which), _HOLDS)
            count += int(await conn.scalar(held) or 0)
    return count


async def _in_portions(
    db: Database,
    found: Select[Any],
    dry_run: bool,
    drop: Callable[[ServerUnit, Sequence[UUID]], Awaitable[None]],
) -> int:
    """Let ``drop`` take what ``found`` names until there is no more; returns how many there were."""
    if dry_run:
        async with db.read() as conn:
            return int(await conn.scalar(select(func.count()).select_from(found.subquery())) or 0)
    gone = 0
    while True:
        async with db.write() as conn:
            ids = list(await conn.scalars(found.limit(_AT_ONCE)))
            unit = ServerUnit(conn)
            if ids:
                await drop(unit, ids)
            await unit.flush()
        gone += len(ids)
        if len(ids) < _AT_ONCE:
            return gone


async def _conversations(db: Database, which: _Which, dry_run: bool) -> int:
    return await _in_portions(
        db, select(conversation.c.id).where(_closed(which)), dry_run, _drop_conversations
    )


async def _raw(db: Database, which: _Which, dry_run: bool) -> int:
    inbox_id, before = which
    held = (
        select(message.c.raw_id)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .join(contact, contact.c.id == conversation.c.contact_id)
        .where(message.c.raw_id.is_not(None))
        .where(or_(conversation.c.legal_hold.is_(True), contact.c.legal_hold.is_(True)))
    )
    found = (
        select(raw_item.c.id)
        .join(account, account.c.id == raw_item.c.account_id)
        .where(account.c.inbox_id == inbox_id, raw_item.c.created_at < before, raw_item.c.blob != "")
        .where(raw_item.c.state.in_(("done", "duplicate")), raw_item.c.id.not_in(held))
    )
    return await _in_portions(db, found, dry_run, _drop_raw)


async def _attachments(db: Database, which: _Which, dry_run: bool) -> int:
    found = (
        select(attachment.c.id)
        .join(message, message.c.id == attachment.c.message_id)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .where(_closed(which), message.c.created_at < which[1])
    )
    return await _in_portions(db, found, dry_run, _drop_attachments)


_STEPS: Mapping[str, _Step] = {"conversations": _conversations, "raw": _raw, "attachments": _attachments}


async def _drop_conversations(unit: ServerUnit, ids: Sequence[UUID]) -> None:
    conn = unit.conn
    rows = (
        await conn.execute(
            select(message.c.id, message.c.raw_id, message.c.external_id).where(
                message.c.conversation_id.in_(ids)
            )
        )
    ).all()
    await drop_lines(conn, [row.external_id for row in rows if row.external_id])
    await _drop_attachments(unit, await _children(conn, attachment, ids))
    await _drop_raw(unit, [row.raw_id for row in rows if row.raw_id is not None])
    await search.remove(conn, [row.id for row in rows])
    for table in (mention, offer, draft, event, message):
        await unit.delete(table, await _children(conn, table, ids))
    await unit.delete(conversation, ids)


async def _children(conn: AsyncConnection, table: Any, conversation_ids: Collection[UUID]) -> list[UUID]:
    return list(await conn.scalars(select(table.c.id).where(table.c.conversation_id.in_(conversation_ids))))


async def _drop_attachments(unit: ServerUnit, ids: Sequence[UUID]) -> None:
    contents = set(await unit.conn.scalars(select(attachment.c.blob).where(attachment.c.id.in_(ids))))
    await unit.delete(attachment, ids)
    await blobs.drop_unused(unit.conn, contents)


async def _drop_raw(unit: ServerUnit, ids: Sequence[UUID]) -> None:
    """The row stays: what was read once is not read again."""
    conn = unit.conn
    contents = set(await conn.scalars(select(raw_item.c.blob).where(raw_item.c.id.in_(ids))))
    await conn.execute(update(raw_item).where(raw_item.c.id.in_(ids)).values(blob="", facts={}, problem=""))
    made = list(await conn.scalars(select(raw_item.c.message_id).where(raw_item.c.id.in_(ids))))
    nothing: dict[str, Any] = {"raw_id": None}
    await unit.update_many(message, {one: nothing for one in made if one is not None})
    await blobs.drop_unused(conn, contents - {""})
