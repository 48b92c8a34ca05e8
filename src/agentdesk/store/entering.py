"""Noting that a command is carried out: once, and in the order of its desk's numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.fixed import Fixed
from agentdesk.store.tables import applied_command, desk

__all__ = ["answer_of", "enter"]

_ROW = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in applied_command.c}
_counting = (
    update(desk)
    .where(desk.c.id == bindparam("new_desk_id", type_=desk.c.id.type))
    .where(desk.c.last_number < bindparam("new_number", type_=desk.c.last_number.type))
    .values(
        last_number=bindparam("new_number", type_=desk.c.last_number.type),
        seen_at=bindparam("new_applied_at", type_=desk.c.seen_at.type),
    )
    .returning(desk.c.id)
)
_entering = (
    postgresql.insert(applied_command).values(_ROW).on_conflict_do_nothing().returning(applied_command.c.id)
)
_counted, _entered = _counting.cte("counted"), _entering.cte("entered")
_BOTH = Fixed(
    select(
        select(func.count()).select_from(_counted).scalar_subquery().label("counted"),
        select(func.count()).select_from(_entered).scalar_subquery().label("entered"),
    )
)
_COUNT = Fixed(_counting)
_ENTER = {
    "postgresql": Fixed(_entering),
    "sqlite": Fixed(
        sqlite.insert(applied_command).values(_ROW).on_conflict_do_nothing().returning(applied_command.c.id)
    ),
}
_ANSWER = Fixed(
    select(applied_command.c.answer).where(
        applied_command.c.id == bindparam("id", type_=applied_command.c.id.type)
    )
)


async def enter(
    conn: AsyncConnection,
    *,
    command_id: UUID,
    kind: str,
    desk_id: UUID | None,
    number: int | None,
    user_id: UUID | None,
    answer: bytes,
    now: datetime,
    counts: bool,
) -> tuple[bool, bool]:
    """Store a command with its answer and, where it ``counts``, raise its desk's last number.

    Returns whether the number was raised (no: it is no higher than the last one, or the desk is unknown), and
    whether the command was stored (no: it was before). Whoever does the same at the same moment waits.
    """
    values: dict[str, Any] = {
        "new_id": command_id,
        "new_kind": kind,
        "new_desk_id": desk_id,
        "new_number": number,
        "new_user_id": user_id,
        "new_answer": answer,
        "new_applied_at": now,
    }
    if counts and conn.dialect.name == "postgresql":
        (both,) = await _BOTH.rows(conn, values)
        return bool(both["counted"]), bool(both["entered"])
    counted = bool(counts and await _COUNT.rows(conn, values))
    return counted, bool(await _ENTER[conn.dialect.name].rows(conn, values))


async def answer_of(conn: AsyncConnection, command_id: UUID) -> bytes | None:
    """Return the answer that was stored with a command."""
    found = await _ANSWER.rows(conn, {"id": command_id})
    return found[0]["answer"] if found else None
