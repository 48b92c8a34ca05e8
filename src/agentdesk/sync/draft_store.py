"""The server's copies of what people typed and did not send; each goes to the desks of its author only.

Desks save on their own and may be offline. A text replaces the one it grew out of; where two grew out of the
same, the one that was typed last stays, and the other is put aside, to be looked at on any desk.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.reply import LONGEST_TEXT, MOST_FILES
from agentdesk.domain.cleaning import storable
from agentdesk.domain.posts import Visibility
from agentdesk.domain.recipients import LONGEST_ADDRESS, MOST_RECIPIENTS
from agentdesk.store.engine import Database
from agentdesk.store.tables import contact, conversation, draft, user
from agentdesk.store.unit import ServerUnit
from agentdesk.sync.draft import Draft
from agentdesk.sync.protocol import KeepDraft

__all__ = ["draft_of", "keep_draft"]

_MODES = ("reply", "note")
_LONGEST_SUBJECT = 2000
_CONTENT = ("text", "html", "to", "cc", "bcc", "subject", "files", "visibility")


async def keep_draft(db: Database, actor: Actor, put: KeepDraft) -> bool:
    """Take note of what a person typed; safe to repeat. False where it cannot be kept here: the person may
    not see the conversation, or it is too large. Raises DatabaseError."""
    if actor.user_id is None or put.mode not in _MODES:
        return False
    async with db.write() as conn:
        # One at a time per person: two of their desks may save at once.
        await conn.execute(
            select(user.c.id).where(user.c.id == actor.user_id).with_for_update(key_share=True)
        )
        unit = ServerUnit(conn)
        if put.aside:
            await _drop_aside(unit, actor.user_id, put)
        elif put.draft is None:
            await _remove(unit, actor.user_id, put)
        elif not await _keep(unit, actor, put, put.draft):
            return False
        await unit.flush()
    return True


async def _drop_aside(unit: ServerUnit, user_id: UUID, put: KeepDraft) -> None:
    found = select(draft.c.id).where(
        draft.c.user_id == user_id, draft.c.edition == put.edition, draft.c.aside.is_(True)
    )
    await unit.delete(draft, list(await unit.conn.scalars(found)))


async def _remove(unit: ServerUnit, user_id: UUID, put: KeepDraft) -> None:
    """It was sent or thrown away; something that was written since on another desk stays."""
    current = await _current(unit.conn, user_id, put)
    if current is not None and current["edition"] in put.based_on:
        await unit.delete(draft, [current["id"]])


async def _keep(unit: ServerUnit, actor: Actor, put: KeepDraft, given: Draft) -> bool:
    assert actor.user_id is not None
    inbox_id = await unit.conn.scalar(
        select(conversation.c.inbox_id)
        .join(contact, contact.c.id == conversation.c.contact_id)
        .where(conversation.c.id == put.conversation_id, contact.c.erased_at.is_(None))
    )
    if inbox_id is None or not actor.sees(inbox_id) or not _fits(given):
        return False
    current = await _current(unit.conn, actor.user_id, put)
    now = clock.now()
    values = _values(given, put.edition, min(given.saved_at or now, now))
    place = {
        "user_id": actor.user_id,
        "conversation_id": put.conversation_id,
        "inbox_id": inbox_id,
        "mode": put.mode,
    }
    if current is None:
        await unit.insert(draft, [{"id": new_id(), "aside": False, **place, **values}])
    elif current["edition"] == put.edition:
        return True
    elif current["edition"] in put.based_on or _same(current, values):
        await unit.update(draft, current["id"], values)
    elif values["saved_at"] >= current["saved_at"]:
        before = {name: current[name] for name in values}
        await _put_aside(unit, place, before)
        await unit.update(draft, current["id"], values)
    else:
        await _put_aside(unit, place, values)
    return True


async def _put_aside(unit: ServerUnit, place: dict[str, Any], values: dict[str, Any]) -> None:
    known = select(draft.c.id).where(
        draft.c.user_id == place["user_id"], draft.c.edition == values["edition"], draft.c.aside.is_(True)
    )
    if await unit.conn.scalar(known) is None:
        await unit.insert(draft, [{"id": new_id(), "aside": True, **place, **values}])


async def _current(conn: AsyncConnection, user_id: UUID, put: KeepDraft) -> RowMapping | None:
    statement = select(draft).where(
        draft.c.user_id == user_id,
        draft.c.conversation_id == put.conversation_id,
        draft.c.mode == put.mode,
        draft.c.aside.is_(False),
    )
    return (await conn.execute(statement)).mappings().first()


def _fits(given: Draft) -> bool:
    addresses = (*given.to, *given.cc, *given.bcc)
    return (
        len(given.text) <= LONGEST_TEXT
        and len(given.html) <= LONGEST_TEXT * 2
        and len(given.subject) <= _LONGEST_SUBJECT
        and len(given.files) <= MOST_FILES
        and len(addresses) <= MOST_RECIPIENTS
        and all(len(address) <= LONGEST_ADDRESS for address in addresses)
    )


def _values(given: Draft, edition: UUID, saved_at: datetime) -> dict[str, Any]:
    return {
        "edition": edition,
        "text": storable(given.text),
        "html": storable(given.html),
        "to": [storable(address) for address in given.to],
        "cc": [storable(address) for address in given.cc],
        "bcc": [storable(address) for address in given.bcc],
        "subject": storable(given.subject),
        "files": msgspec.to_builtins(given.files),
        "visibility": given.visibility if given.visibility in set(Visibility) else None,
        "seen_message_id": given.seen_message_id,
        "saved_at": saved_at,
    }


def _same(row: RowMapping, values: dict[str, Any]) -> bool:
    return all(row[name] == values[name] for name in _CONTENT)


def draft_of(row: RowMapping) -> Draft:
    """Return a row of the table as the draft it holds."""
    names = ("conversation_id", "mode", "edition", "seen_message_id", "saved_at", *_CONTENT)
    return msgspec.convert({name: row[name] for name in names if row[name] is not None}, Draft)
