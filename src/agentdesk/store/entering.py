"""Noting that a command is carried out: once, and in the order of its desk's numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.bulk import insert_many
from agentdesk.store.fixed import Fixed
from agentdesk.store.holding import Holding
from agentdesk.store.tables import applied_command, desk

__all__ = ["answer_of", "enter", "enter_all", "hold_desks", "leave_out", "raise_numbers"]

_ROW = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in applied_command.c}
_raising = (
    update(desk)
    .where(desk.c.id == bindparam("new_desk_id", type_=desk.c.id.type))
    .where(desk.c.last_number < bindparam("new_number", type_=desk.c.last_number.type))
    .values(
        last_number=bindparam("new_number", type_=desk.c.last_number.type),
        seen_at=bindparam("new_applied_at", type_=desk.c.seen_at.type),
    )
)
_counting = _raising.returning(desk.c.id)
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
_RAISE = Fixed(_raising)
_ENTER = {
    "postgresql": Fixed(_entering),
    "sqlite": Fixed(
        sqlite.insert(applied_command).values(_ROW).on_conflict_do_nothing().returning(applied_command.c.id)
    ),
}
_DESKS = Holding(desk.c.id, desk.c.id, desk.c.last_number)
_ANSWER = Fixed(
    select(applied_command.c.answer).where(
        applied_command.c.id == bindparam("id", type_=applied_command.c.id.type)
    )
)


async def enter(conn: AsyncConnection, row: Mapping[str, Any], *, counts: bool) -> tuple[bool, bool]:
    """Store a command with its answer (``row``, of ``applied_command``) and, where it ``counts``, raise its
    desk's last number.

    Returns whether the number was raised (no: it is no higher than the last one, or the desk is unknown), and
    whether the command was stored (no: it was before). Whoever does the same at the same moment waits.
    """
    values = {f"new_{name}": value for name, value in row.items()}
    if counts and conn.dialect.name == "postgresql":
        (both,) = await _BOTH.rows(conn, values)
        return bool(both["counted"]), bool(both["entered"])
    counted = bool(counts and await _COUNT.rows(conn, values))
    return counted, bool(await _ENTER[conn.dialect.name].rows(conn, values))


async def hold_desks(conn: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, int]:
    """Lock those of the desks that nobody else has locked, and return the number each has come to."""
    return {row["id"]: row["last_number"] for row in await _DESKS.rows(conn, ids)}


async def enter_all(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store commands with their answers. Raises IntegrityError where one of them was stored before."""
    await insert_many(conn, applied_command, rows)


async def leave_out(conn: AsyncConnection, ids: Collection[UUID]) -> None:
    """Take commands back that :func:`enter_all` has stored in this transaction."""
    await conn.execute(delete(applied_command).where(applied_command.c.id.in_(ids)))


async def raise_numbers(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise the numbers of desks that are held to those of their commands (``rows`` as for `enter_all`)."""
    values = [{f"new_{name}": value for name, value in row.items()} for row in rows]
    await _RAISE.each(conn, values)


async def answer_of(conn: AsyncConnection, command_id: UUID) -> bytes | None:
    """Return the answer that was stored with a command."""
    found = await _ANSWER.rows(conn, {"id": command_id})
    return found[0]["answer"] if found else None
