"""Full-text search of messages in any language: FTS5 on SQLite, ``tsvector`` on PostgreSQL, same words."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    and_,
    cast,
    column,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy import table as light_table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store import search_file
from agentdesk.store.bulk import insert_many
from agentdesk.store.search_file import Words
from agentdesk.store.sqlite import at_once
from agentdesk.store.tables import conversation, message, search_entry
from agentdesk.store.types import unpacked
from agentdesk.store.words import TEXT_LIMIT, Term, parse_query, tokens

__all__ = [
    "Entry",
    "Found",
    "find_conversations",
    "find_phrases",
    "index_messages",
    "look_for",
    "move",
    "remove",
    "search_text",
    "tokens",
]

Entry = tuple[UUID, UUID, UUID, str]
"""Message, conversation, inbox, and the text to be found (see :func:`search_text`)."""

_Ways = Sequence[Sequence[Term]]

_COMMON = 20_000
"""Words in more messages than that are looked for another way: keeps a search for "the" short."""

_LOOKED_AT = 10_000
"""Conversations that are looked at for common words before the answer is given."""

_AT_A_LOOK = 100
_AT_ONCE = 500  # ids in one statement

_index = light_table("search_index", column("rowid"), column("words"))
_entry = search_entry.c.message_id == message.c.id
_root = func.coalesce(conversation.c.merged_into_id, conversation.c.id).label("root")
_latest_first = select(conversation.c.id, conversation.c.last_message_at).order_by(
    conversation.c.last_message_at.desc(), conversation.c.id.desc()
)


class Found(NamedTuple):
    """The conversations that a search found, those with the latest message first. Where it stopped before it
    had looked at all of them: the last one that it looked at, and when its latest message came."""

    ids: list[UUID]
    stopped: tuple[datetime, UUID] | None = None


def search_text(subject: str, body: str, names: Iterable[str] = ()) -> str:
    """Return what a message is found by: its subject, names (people, addresses, files) and text.

    Only the first :data:`~agentdesk.store.words.TEXT_LIMIT` characters count.
    """
    return "\n".join((subject, *names, body))[:TEXT_LIMIT]


async def index_messages(conn: AsyncConnection, rows: Sequence[Entry], *, fresh: bool = False) -> None:
    """Make messages findable. What is known of one of them already is replaced; nothing is of those that are
    ``fresh``."""
    entries = {
        message_id: Words(conversation_id, inbox_id, tokens(body))
        for message_id, conversation_id, inbox_id, body in rows
    }
    if not entries:
        return
    if conn.dialect.name == "sqlite":
        await at_once(conn, partial(_put_into_file, entries=entries, fresh=fresh))
        return
    if not fresh:
        await remove(conn, list(entries))
    named = [{"message_id": message_id, **entry._asdict()} for message_id, entry in entries.items()]
    await insert_many(conn, search_entry, named)


def _put_into_file(db: sqlite3.Connection, entries: Mapping[UUID, Words], *, fresh: bool) -> None:
    if not fresh:
        search_file.take_out(db, entries)
    search_file.put(db, entries)


async def remove(conn: AsyncConnection, message_ids: Sequence[UUID]) -> None:
    """Take messages out of the index; those that are not in it do not matter."""
    if conn.dialect.name == "sqlite":
        await at_once(conn, partial(search_file.take_out, message_ids=message_ids))
        return
    for ids in _portions(message_ids):
        await conn.execute(delete(search_entry).where(search_entry.c.message_id.in_(ids)))


async def move(
    conn: AsyncConnection, message_ids: Sequence[UUID], conversation_id: UUID, inbox_id: UUID
) -> None:
    """Let messages be found in another conversation."""
    for ids in _portions(message_ids):
        await conn.execute(
            update(search_entry)
            .where(search_entry.c.message_id.in_(ids))
            .values(conversation_id=conversation_id, inbox_id=inbox_id)
        )


async def find_conversations(
    conn: AsyncConnection,
    query: str,
    *,
    inboxes: Collection[UUID] | None,
    limit: int = 200,
    among: ColumnElement[bool] | None = None,
) -> list[UUID]:
    """Return the ids that :func:`look_for` finds."""
    return (await look_for(conn, query, inboxes=inboxes, limit=limit, among=among)).ids


async def look_for(
    conn: AsyncConnection,
    query: str,
    *,
    inboxes: Collection[UUID] | None,
    limit: int,
    among: ColumnElement[bool] | None = None,
    most: int | None = None,
) -> Found:
    """Return the conversations with a message that fulfils ``query``, those with the latest message first.

    For the language of queries see :func:`agentdesk.store.words.parse_query`. ``inboxes`` are those that the
    reader may see, None stands for all; ``among`` is a condition on the conversations. Where the words are
    very common, ``most`` conversations are looked at, None: 10,000.
    """
    terms = parse_query(query)
    if not terms or (inboxes is not None and not inboxes):
        return Found([])
    condition = true() if among is None else among
    if inboxes is not None:
        condition = and_(condition, conversation.c.inbox_id.in_(list(inboxes)))
    hits = _hits(conn, [terms], inboxes)
    if await conn.scalar(hits.offset(_COMMON).limit(1)) is not None:
        return await _look_through(conn, terms, condition, limit, _LOOKED_AT if most is None else most)
    # A desk that has merged two of them finds the messages where they were until the server's rows come.
    places = select(_root).where(conversation.c.id.in_(hits.order_by(None)))
    statement = _latest_first.where(conversation.c.id.in_(places), condition).limit(limit)
    return Found([row.id for row in await conn.execute(statement)])


async def find_phrases(
    conn: AsyncConnection, phrases: Collection[str], *, among: ColumnElement[bool], limit: int
) -> list[UUID]:
    """Return the messages that have one of ``phrases``, word for word, in conversations for which ``among``
    is so; the latest indexed first."""
    spelled = [terms for phrase in sorted(phrases) if (terms := parse_query(f'"{phrase}"'))]
    if not spelled:
        return []
    found: dict[UUID, None] = {}
    for start in range(0, len(spelled), _AT_A_LOOK):
        hits = _hits(conn, spelled[start : start + _AT_A_LOOK], None)
        hits = hits.with_only_columns(search_entry.c.message_id)
        here = hits.join(conversation, conversation.c.id == search_entry.c.conversation_id).where(among)
        found |= dict.fromkeys(await conn.scalars(here.limit(limit)))
    return list(found)[:limit]


def _hits(conn: AsyncConnection, ways: _Ways, inboxes: Collection[UUID] | None) -> Select[Any]:
    """The conversation of each message that fulfils one of ``ways``, found by the index of words."""
    source: Any = search_entry
    if conn.dialect.name == "sqlite":
        source = search_entry.join(_index, literal_column("search_index.rowid") == search_entry.c.id)
        order: ColumnElement[Any] = literal_column("search_index.rowid")
        condition: ColumnElement[bool] = literal_column("search_index").op("MATCH")(literal(_fts5(ways)))
    else:
        # Plus nothing, so that the words are looked up first, instead of all rows from the latest back.
        order = search_entry.c.id + 0
        condition = _fulfils(ways)
    hits = select(search_entry.c.conversation_id).select_from(source).where(condition).order_by(order.desc())
    return hits if inboxes is None else hits.where(search_entry.c.inbox_id.in_(list(inboxes)))


async def _look_through(
    conn: AsyncConnection, terms: Sequence[Term], among: ColumnElement[bool], limit: int, most: int
) -> Found:
    """Look at one conversation after the other, the latest first: quick where many of them fulfil
    ``terms``, when sorting all that do would be long."""
    rows = (await conn.execute(_latest_first.where(among).limit(most + 1))).all()
    looked_at = rows[:most]
    ids: list[UUID] = []
    for start in range(0, len(looked_at), _AT_A_LOOK):
        portion = [row.id for row in looked_at[start : start + _AT_A_LOOK]]
        fulfilling = await _fulfilling(conn, terms, portion)
        ids += [one for one in portion if one in fulfilling]
        if len(ids) >= limit:
            return Found(ids[:limit])
    stopped = looked_at[-1] if len(rows) > len(looked_at) else None
    return Found(ids, None if stopped is None else (stopped.last_message_at, stopped.id))


async def _fulfilling(conn: AsyncConnection, terms: Sequence[Term], ids: Sequence[UUID]) -> set[UUID]:
    """Return those of ``ids`` with a message that fulfils ``terms``."""
    parts = or_(conversation.c.id.in_(ids), conversation.c.merged_into_id.in_(ids))
    roots = {row.id: row.root for row in await conn.execute(select(conversation.c.id, _root).where(parts))}
    said = message.c.conversation_id.in_(list(roots))
    if conn.dialect.name == "postgresql":
        places = select(message.c.conversation_id).distinct().join(search_entry, _entry)
        found = set(await conn.scalars(places.where(said, _fulfils([terms]))))
    else:
        words = type_coerce(search_entry.c.words, LargeBinary)
        rows = await conn.execute(
            select(message.c.conversation_id, words).join(search_entry, _entry).where(said)
        )
        found = await asyncio.to_thread(lambda: {where for where, packed in rows if _hold(packed, terms)})
    return {roots[one] for one in found}


def _portions(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def _fts5(ways: _Ways) -> str:
    return " OR ".join(_fts5_way(terms) for terms in ways)


def _fts5_way(terms: Sequence[Term]) -> str:
    wanted = " AND ".join(_fts5_term(term) for term in terms if term.wanted)
    unwanted = " OR ".join(_fts5_term(term) for term in terms if not term.wanted)
    return f"(({wanted}) NOT ({unwanted}))" if unwanted else f"({wanted})"


def _fts5_term(term: Term) -> str:
    star = " *" if term.prefix else ""
    if term.exact:
        return f'"{" ".join(term.words)}"{star}'
    return "(" + " AND ".join(f'"{word}"' for word in term.words) + f"{star})"


def _fulfils(ways: _Ways) -> ColumnElement[bool]:
    """Whether an entry fulfils one of ``ways``, on PostgreSQL."""
    return search_entry.c.words.op("@@", is_comparison=True)(cast(literal(_tsquery(ways)), TSQUERY))


def _hold(packed: bytes, terms: Sequence[Term]) -> bool:
    """Whether the words of an entry fulfil ``terms``, on SQLite: its index tells of all entries only."""
    padded = f" {unpacked(packed)} "
    return all(_has(padded, term) is term.wanted for term in terms)


def _has(padded: str, term: Term) -> bool:
    runs = [" ".join(term.words)] if term.exact else list(term.words)
    ends = [" "] * (len(runs) - 1) + ["" if term.prefix else " "]
    return all(f" {run}{end}" in padded for run, end in zip(runs, ends, strict=True))


def _tsquery(ways: _Ways) -> str:
    return " | ".join(f"({_tsquery_way(terms)})" for terms in ways)


def _tsquery_way(terms: Sequence[Term]) -> str:
    return " & ".join(("" if term.wanted else "!") + _tsquery_term(term) for term in terms)


def _tsquery_term(term: Term) -> str:
    between = " <-> " if term.exact else " & "
    return "(" + between.join(term.words) + (":*)" if term.prefix else ")")
