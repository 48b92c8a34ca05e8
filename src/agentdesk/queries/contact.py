"""A customer, as the customer panel shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.queries.columns import plain
from agentdesk.queries.rows import ContactDetail, IdentityRow, PastConversation, SimilarContact
from agentdesk.store.merged import contact_root
from agentdesk.store.tables import contact, contact_identity, conversation

_PAST = 200
_MOST = 3
_MOST_WORDS = 8
_NUMBER = re.compile(r"\+?[\d\s()./-]{5,}")


async def detail(conn: AsyncConnection, contact_id: UUID) -> ContactDetail | None:
    """Return a customer, or whom they were merged into, with all identities and the 200 latest conversations;
    None where they are gone."""
    contact_id = await contact_root(conn, contact_id)
    found = plain(await conn.execute(select(contact).where(contact.c.id == contact_id)))
    if not found:
        return None
    values = found[0]
    values["identities"] = await _identities(conn, contact_id)
    values["conversations"] = await _conversations(conn, contact_id)
    alone = contact.c.merged_into_id.is_(None), contact.c.erased_at.is_(None), contact.c.id != contact_id
    name = values["name"].strip()
    values["similar"] = await _others(conn, contact.c.name == name, *alone) if name else ()
    values["merged"] = await _others(conn, contact.c.merged_into_id == contact_id)
    return msgspec.convert(values, ContactDetail)


async def find(conn: AsyncConnection, text: str, limit: int) -> list[SimilarContact]:
    """Return customers whose name, company, address or handle has all words of ``text``, whose names begin
    with it first, then by name; none where there are no words."""
    words = _words_of(text)
    if not words:
        return []
    alone = contact.c.merged_into_id.is_(None), contact.c.erased_at.is_(None)
    begins = case((_spelled(contact.c.name, words[0], begins=True), 0), else_=1)
    order = begins, func.lower(contact.c.name), contact.c.id
    return list(await _others(conn, *alone, *map(_found_by, words), order=order, limit=limit))


def _words_of(text: str) -> list[str]:
    """The words to look for; a telephone number is one, however it is written."""
    bare = text.strip()
    if _NUMBER.fullmatch(bare):
        return [re.sub(r"\D", "", bare)]
    return [word.lstrip("@") for word in bare.split()[:_MOST_WORDS] if word.lstrip("@")]


def _found_by(word: str) -> ColumnElement[bool]:
    c = contact_identity.c
    known = select(c.contact_id).where(or_(_spelled(c.value, word), _spelled(c.display, word)))
    return or_(_spelled(contact.c.name, word), _spelled(contact.c.company, word), contact.c.id.in_(known))


def _spelled(column: ColumnElement[str], word: str, *, begins: bool = False) -> ColumnElement[bool]:
    """Whether a column has a word, in capitals or not: LIKE on SQLite knows only the letters of ASCII."""
    spellings = {word, word.lower(), word.upper(), word.capitalize()}
    has = column.startswith if begins else column.contains
    return or_(*(has(one, autoescape=True) for one in sorted(spellings)))


async def is_sensitive(conn: AsyncConnection, conversation_id: UUID) -> bool:
    """Say whether a conversation is with a customer of whom each reading is written down."""
    marked = (
        select(contact.c.sensitive)
        .join(conversation, conversation.c.contact_id == contact.c.id)
        .where(conversation.c.id == conversation_id)
    )
    return bool(await conn.scalar(marked))


async def _others(
    conn: AsyncConnection,
    *where: ColumnElement[bool],
    order: Sequence[ColumnElement[Any]] = (contact.c.id,),
    limit: int = _MOST,
) -> tuple[SimilarContact, ...]:
    address = select(func.min(contact_identity.c.display)).where(
        contact_identity.c.contact_id == contact.c.id
    )
    shown = func.coalesce(address.scalar_subquery(), "").label("address")
    statement = select(contact.c.id, contact.c.name, shown).where(*where).order_by(*order).limit(limit)
    found = plain(await conn.execute(statement))
    return tuple(msgspec.convert(row, SimilarContact) for row in found)


async def _identities(conn: AsyncConnection, contact_id: UUID) -> tuple[IdentityRow, ...]:
    statement = (
        select(contact_identity)
        .where(contact_identity.c.contact_id == contact_id)
        .order_by(contact_identity.c.created_at, contact_identity.c.id)
    )
    found = plain(await conn.execute(statement))
    return tuple(msgspec.convert(row, IdentityRow) for row in found)


async def _conversations(conn: AsyncConnection, contact_id: UUID) -> tuple[PastConversation, ...]:
    c = conversation.c
    statement = (
        select(c.id, c.number, c.channel, c.subject, c.status, c.last_message_at)
        .where(c.contact_id == contact_id)
        .order_by(c.last_message_at.desc(), c.id.desc())
        .limit(_PAST)
    )
    found = plain(await conn.execute(statement))
    return tuple(msgspec.convert(row, PastConversation) for row in found)
