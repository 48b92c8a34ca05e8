"""Where conversations with others name a customer: an erasure leaves them, and a person has to look."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.commands.erasing import same_person, words_of_view
from agentdesk.domain.spellings import is_number, spellings_of_name, spellings_of_number
from agentdesk.store.engine import Database
from agentdesk.store.search import find_phrases
from agentdesk.store.tables import contact, contact_identity, conversation, message, saved_view, user
from agentdesk.store.words import fold, tokens

__all__ = ["Naming", "named_elsewhere", "views_left", "views_named_after"]

_MOST = 1000
"""Messages that are listed, and messages of the customer whose senders' names are looked at."""
_AROUND = 60


@dataclass(frozen=True, slots=True)
class Naming:
    """A message in the conversation ``number`` that names the customer, and the words around that."""

    number: int
    excerpt: str


async def named_elsewhere(db: Database, contact_id: UUID) -> list[Naming]:
    """Return messages in conversations with others that have a name, an address, a number or a handle of the
    customer in one of its usual spellings, 1,000 at most. Asked before the erasure."""
    async with db.read() as conn:
        people = await same_person(conn, contact_id)
        phrases = await _phrases(conn, people)
        elsewhere = conversation.c.contact_id.not_in(people)
        found = await find_phrases(conn, phrases, among=elsewhere, limit=_MOST)
        columns = message.c.subject, message.c.text, message.c.quoted_text
        statement = (
            select(conversation.c.number, *columns)
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(message.c.id.in_(found))
            .order_by(conversation.c.number, message.c.created_at, message.c.id)
        )
        rows = (await conn.execute(statement)).all()
    wanted = _pattern(phrases)
    return [Naming(row.number, _excerpt(row[1:], wanted)) for row in rows]


async def views_named_after(db: Database, contact_id: UUID) -> dict[UUID, str]:
    """Return saved views that have a name, an address, a number or a handle of the customer in their own name
    or in what they search: whose each is, and its name, by id. Asked before the erasure, which takes those
    with addresses, numbers and handles; the others may mean somebody of the same name."""
    columns = saved_view.c.id, saved_view.c.name, saved_view.c.query, user.c.email
    statement = select(*columns).outerjoin(user, user.c.id == saved_view.c.user_id)
    async with db.read() as conn:
        phrases = await _phrases(conn, await same_person(conn, contact_id))
        rows = (await conn.execute(statement.order_by(saved_view.c.name, saved_view.c.id))).all()
    return {
        row.id: f"{row.name}\t{row.email or '*'}"
        for row in rows
        if any(f" {phrase} " in words_of_view(row) for phrase in phrases)
    }


async def views_left(db: Database, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these views are still there."""
    async with db.read() as conn:
        return set(await conn.scalars(select(saved_view.c.id).where(saved_view.c.id.in_(ids))))


async def _phrases(conn: AsyncConnection, people: Collection[UUID]) -> set[str]:
    """All that the customer is called, or written to at."""
    names = set(await conn.scalars(select(contact.c.name).where(contact.c.id.in_(people))))
    known = select(contact_identity.c.value, contact_identity.c.display)
    written = await conn.execute(known.where(contact_identity.c.contact_id.in_(people)))
    addresses = {text for row in written for text in row}
    senders = select(message.c.sender).where(message.c.contact_id.in_(people), message.c.sender.is_not(None))
    latest = senders.order_by(message.c.created_at.desc()).limit(_MOST)
    names |= {_name_of(sender) for sender in await conn.scalars(latest)}
    phrases = {spelled for name in names - addresses for spelled in spellings_of_name(name)}
    phrases |= {text for text in addresses if not is_number(text)}
    for number in filter(is_number, addresses):
        phrases |= spellings_of_number(number)
    return {phrase for phrase in map(tokens, phrases) if phrase}


def _name_of(sender: Any) -> str:
    return str(sender.get("name", "")) if isinstance(sender, dict) else ""


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """What finds one of ``phrases`` in a folded text, the longest first."""
    ranked = sorted(phrases, key=len, reverse=True)
    spelled = (r"\s+".join(map(re.escape, phrase.split())) for phrase in ranked)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)")


def _excerpt(texts: Iterable[str], wanted: re.Pattern[str]) -> str:
    """The words around the first place; the beginning where it stands in none of ``texts`` (a file's name, an
    address of the message)."""
    whole = "\n".join(text for text in texts if text)
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(whole):
        form = fold(character)
        folded.append(form)
        places += [place] * len(form)
    found = wanted.search("".join(folded))
    first, last = (places[found.start()], places[found.end() - 1]) if found else (0, 0)
    start, end = max(0, first - _AROUND), last + _AROUND
    cut = " ".join(whole[start:end].split())
    return ("…" if start else "") + cut + ("…" if end < len(whole) else "")
