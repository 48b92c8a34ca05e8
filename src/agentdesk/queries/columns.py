"""From the database's columns to the values of rows: names of people, parties, whole rows."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Column, Result, Select, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NullType

from agentdesk.domain.party import Party
from agentdesk.store.tables import contact, conversation, user

PLAIN_ID = type_coerce(conversation.c.id, NullType())
"""The id of a conversation as the driver gives it: see :func:`id_list`."""

_QUEUE_COLUMNS: tuple[Column[Any], ...] = (
    conversation.c.id,
    conversation.c.ver,
    conversation.c.number,
    conversation.c.channel,
    conversation.c.inbox_id,
    conversation.c.contact_id,
    conversation.c.subject,
    conversation.c.preview,
    conversation.c.status,
    conversation.c.priority,
    conversation.c.tags,
    conversation.c.language,
    conversation.c.unread,
    conversation.c.assignee_id,
    conversation.c.waiting_since,
    conversation.c.last_message_at,
    conversation.c.visibility,
    conversation.c.watched,
)


def with_people(*more: Any) -> Select[Any]:
    """Select what every row of a conversation shows, with the names of its customer and its assignee."""
    return (
        select(
            *_QUEUE_COLUMNS,
            func.coalesce(contact.c.name, "").label("contact_name"),
            func.coalesce(user.c.name, "").label("assignee_name"),
            *more,
        )
        .select_from(conversation)
        .outerjoin(contact, contact.c.id == conversation.c.contact_id)
        .outerjoin(user, user.c.id == conversation.c.assignee_id)
    )


def plain(result: Result[Any]) -> list[dict[str, Any]]:
    """Return the rows of ``result`` as dictionaries with plain names, ready to become our rows."""
    keys = result.keys()  # a sort of str that msgspec does not take for one
    names = [str(name) for name in keys]
    return [dict(zip(names, row, strict=True)) for row in result]


async def id_list(conn: AsyncConnection, statement: Select[Any]) -> list[UUID]:
    """Return the ids that ``statement`` selects as :data:`PLAIN_ID`; there may be a hundred thousand.

    They are taken from the driver without a row object for each, and made at once: three times as fast.
    """
    return _to_ids([value for (value,) in await _raw(conn, statement)])


async def id_list_with(conn: AsyncConnection, statement: Select[Any]) -> tuple[list[UUID], list[str]]:
    """The same for a statement that selects a text beside each id; returns ids and texts."""
    rows = await _raw(conn, statement)
    return _to_ids([row[0] for row in rows]), [row[1] for row in rows]


async def _raw(conn: AsyncConnection, statement: Select[Any]) -> Sequence[Any]:
    result = await conn.execute(statement)
    assert result.cursor is not None
    rows: Sequence[Any] = result.cursor.fetchall()
    result.close()
    return rows


def _to_ids(values: list[Any]) -> list[UUID]:
    collects = gc.isenabled()
    gc.disable()  # so many new objects would make it look through all others again and again
    try:
        return msgspec.convert(values, list[UUID])
    finally:
        if collects:
            gc.enable()


def party(value: Mapping[str, Any] | None) -> Party | None:
    """Return the party that was stored as ``{"kind", "value", "name"}``."""
    return None if value is None else msgspec.convert(value, Party)


def parties(values: Sequence[Mapping[str, Any]]) -> tuple[Party, ...]:
    """Return stored parties in their order."""
    return tuple(msgspec.convert(value, Party) for value in values)
