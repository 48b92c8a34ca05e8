"""Full-text search of messages in any language: FTS5 on SQLite, ``tsvector`` on PostgreSQL, same words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    cast,
    column,
    delete,
    func,
    literal,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy import table as light_table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.bulk import insert_many
from agentdesk.store.tables import conversation, search_entry
from agentdesk.store.words import TEXT_LIMIT, Term, parse_query, tokens

__all__ = ["Entry", "find_conversations", "index_messages", "move", "remove", "search_text", "tokens"]

Entry = tuple[UUID, UUID, UUID, str]
"""Message, conversation, inbox, and the text to be found (see :func:`search_text`)."""

_CANDIDATES = 20_000
"""Matching messages that are looked at, the latest indexed ones: keeps a search for "the" short."""

_AT_ONCE = 500  # ids in one statement

_index = light_table("search_index", column("rowid"), column("words"))


def search_text(subject: str, body: str, names: Iterable[str] = ()) -> str:
    """Return what a message is found by: its subject, names (people, addresses, files) and text.

    Only the first :data:`~agentdesk.store.words.TEXT_LIMIT` characters count.
    """
    return "\n".join((subject, *names, body))[:TEXT_LIMIT]


async def index_messages(conn: AsyncConnection, rows: Sequence[Entry]) -> None:
    """Make messages findable. What is known of one of them already is replaced."""
    entries = {
        message_id: {
            "message_id": message_id,
            "conversation_id": conversation_id,
            "inbox_id": inbox_id,
            "words": tokens(body),
        }
        for message_id, conversation_id, inbox_id, body in rows
    }
    if not entries:
        return
    await remove(conn, list(entries))
    if conn.dialect.name == "sqlite":
        await _add_to_sqlite(conn, list(entries.values()))
    else:
        await insert_many(conn, search_entry, list(entries.values()))


async def remove(conn: AsyncConnection, message_ids: Sequence[UUID]) -> None:
    """Take messages out of the index; those that are not in it do not matter."""
    for ids in _portions(message_ids):
        await _remove(conn, search_entry.c.message_id.in_(ids))


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
    """Return the conversations with a message that fulfils ``query``, those with the latest message first.

    For the language of queries see :func:`agentdesk.store.words.parse_query`. ``inboxes`` are those that the
    reader may see, None stands for all; ``among`` is a condition on the conversations.
    """
    terms = parse_query(query)
    if not terms or (inboxes is not None and not inboxes):
        return []
    source: Any = search_entry
    if conn.dialect.name == "sqlite":
        source = search_entry.join(_index, literal_column("search_index.rowid") == search_entry.c.id)
        order: ColumnElement[Any] = literal_column("search_index.rowid")
        condition = literal_column("search_index").op("MATCH")(literal(_fts5(terms)))
    else:
        # Plus nothing, so that the words are looked up first, instead of all rows from the latest back.
        order = search_entry.c.id + 0
        condition = search_entry.c.words.op("@@", is_comparison=True)(cast(literal(_tsquery(terms)), TSQUERY))
    matches = select(search_entry.c.conversation_id).select_from(source).where(condition)
    if inboxes is not None:
        matches = matches.where(search_entry.c.inbox_id.in_(list(inboxes)))
    matches = matches.order_by(order.desc()).limit(_CANDIDATES)
    # A desk that has merged two of them finds the messages where they were until the server's rows come.
    found = func.coalesce(conversation.c.merged_into_id, conversation.c.id)
    places = select(found).where(conversation.c.id.in_(matches))
    statement = (
        select(conversation.c.id)
        .where(conversation.c.id.in_(places), true() if among is None else among)
        .order_by(conversation.c.last_message_at.desc(), conversation.c.id.desc())
        .limit(limit)
    )
    return list(await conn.scalars(statement))


def _portions(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


async def _add_to_sqlite(conn: AsyncConnection, entries: list[dict[str, Any]]) -> None:
    last = await conn.scalar(select(func.coalesce(func.max(search_entry.c.id), 0)))
    for number, entry in enumerate(entries, (last or 0) + 1):
        entry["id"] = number
    await insert_many(conn, search_entry, entries)
    await conn.execute(
        text("INSERT INTO search_index (rowid, words) VALUES (:id, :words)"),
        [{"id": entry["id"], "words": entry["words"]} for entry in entries],
    )


async def _remove(conn: AsyncConnection, which: ColumnElement[bool]) -> None:
    if conn.dialect.name == "sqlite":
        # An index without content is told the very words that it is to forget.
        rows = (await conn.execute(select(search_entry.c.id, search_entry.c.words).where(which))).all()
        if not rows:
            return
        await conn.execute(
            text("INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', :id, :words)"),
            [{"id": row.id, "words": row.words} for row in rows],
        )
    await conn.execute(delete(search_entry).where(which))


def _fts5(terms: Sequence[Term]) -> str:
    wanted = " AND ".join(_fts5_term(term) for term in terms if term.wanted)
    unwanted = " OR ".join(_fts5_term(term) for term in terms if not term.wanted)
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def _fts5_term(term: Term) -> str:
    star = " *" if term.prefix else ""
    if term.exact:
        return f'"{" ".join(term.words)}"{star}'
    return "(" + " AND ".join(f'"{word}"' for word in term.words) + f"{star})"


def _tsquery(terms: Sequence[Term]) -> str:
    return " & ".join(("" if term.wanted else "!") + _tsquery_term(term) for term in terms)


def _tsquery_term(term: Term) -> str:
    between = " <-> " if term.exact else " & "
    return "(" + between.join(term.words) + (":*)" if term.prefix else ")")
