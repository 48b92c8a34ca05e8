"""The statuses that a team has defined besides the usual ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.domain.availability import LONGEST_NAME, OWN_ICONS, Availability
from agentdesk.domain.cleaning import one_line
from agentdesk.store.engine import Database
from agentdesk.store.tables import availability, own_status
from agentdesk.store.unit import ServerUnit

__all__ = ["StatusLine", "list_statuses", "put_status", "retire_status"]

_LONGEST_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One status; ``minutes`` None: it lasts until another one is chosen."""

    name: str
    kind: str
    icon: str
    minutes: int | None
    retired: bool


async def list_statuses(db: Database) -> list[StatusLine]:
    """Return all statuses of the team, also retired ones, by name."""
    c = own_status.c
    async with db.read() as conn:
        rows = await conn.execute(select(own_status).order_by(func.lower(c.name), c.id))
        return [StatusLine(row.name, row.kind, row.icon, row.minutes, row.retired) for row in rows]


async def put_status(
    db: Database,
    name: str,
    kind: Availability | None = None,
    icon: str | None = None,
    minutes: int | None = None,
) -> None:
    """Define a status, or change one; a retired one can be chosen again. None leaves something as it is, or
    as usual; ``minutes`` 0: it lasts until another one is chosen. Who has it counts as ``kind`` at once.

    Raises Invalid where the name, the icon or the minutes cannot be used.
    """
    name = one_line(name, LONGEST_NAME + 1).strip()
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(msg("A name has 1 to {most} characters.", most=LONGEST_NAME))
    if icon is not None and icon not in OWN_ICONS:
        there = ", ".join(OWN_ICONS)
        raise Invalid(
            msg("There is no icon {name}.", name=icon[:40]), msg("There are: {names}.", names=there)
        )
    if minutes is not None and not 0 <= minutes <= _LONGEST_MINUTES:
        raise Invalid(msg("Minutes are a number from 0 to {most}.", most=_LONGEST_MINUTES))
    values: dict[str, Any] = {"name": name, "retired": False}
    values |= {} if kind is None else {"kind": kind.value}
    values |= {} if icon is None else {"icon": icon}
    values |= {} if minutes is None else {"minutes": minutes or None}
    async with db.write() as conn:
        unit = ServerUnit(conn)
        known = await _of_name(conn, name)
        if known is None:
            usual = {"kind": Availability.BUSY.value, "icon": OWN_ICONS[0], "minutes": None}
            made = {"id": new_id(), "created_at": clock.now(), **usual, **values}
            await unit.insert(own_status, [made])
        else:
            await unit.update(own_status, known, values)
            await _count_as(unit, known)
        await unit.flush()


async def retire_status(db: Database, name: str) -> None:
    """Offer a status no more; it goes on showing for who has it. Raises NotFound."""
    async with db.write() as conn:
        unit = ServerUnit(conn)
        known = await _of_name(conn, name.strip())
        if known is None:
            raise NotFound(msg("There is no status named {name}.", name=name.strip()[:200]))
        await unit.update(own_status, known, {"retired": True})
        await unit.flush()


async def _of_name(conn: AsyncConnection, name: str) -> Any:
    rows = await conn.execute(select(own_status.c.id, own_status.c.name))
    return next((row.id for row in rows if row.name.casefold() == name.casefold()), None)


async def _count_as(unit: ServerUnit, status_id: Any) -> None:
    """Let everybody who has a status stand as it says now."""
    kind = await unit.conn.scalar(select(own_status.c.kind).where(own_status.c.id == status_id))
    having = select(availability.c.id).where(
        availability.c.status_id == status_id, availability.c.state != kind
    )
    people = list(await unit.conn.scalars(having))
    await unit.update_many(availability, {one: {"state": kind} for one in people})
