"""Inboxes as an administrator sees them: who works in them, and whether they are routed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.text import msg
from agentdesk.store.engine import Database
from agentdesk.store.tables import inbox
from agentdesk.store.unit import ServerUnit

__all__ = ["InboxLine", "list_inboxes", "set_routing"]

_SHORTEST, _LONGEST = 10, 24 * 3600


@dataclass(frozen=True, slots=True)
class InboxLine:
    """One inbox; ``open_within`` in seconds, None: nothing is given to somebody else for not being opened."""

    name: str
    everyone: bool
    routed: bool
    open_within: int | None


async def list_inboxes(db: Database) -> list[InboxLine]:
    """Return all inboxes, by name."""
    async with db.read() as conn:
        rows = await conn.execute(select(inbox).order_by(func.lower(inbox.c.name), inbox.c.id))
        return [InboxLine(row.name, row.everyone, row.routed, row.open_within) for row in rows]


async def set_routing(
    db: Database, name: str, *, routed: bool | None = None, open_within: int | None = None
) -> None:
    """Switch routing of an inbox on or off, and say after how many seconds something that was not opened is
    given to somebody else (0: never); None leaves it as it is. A server takes it up within seconds.

    Raises NotFound, and Invalid where nothing is said or the time makes no sense.
    """
    values: dict[str, Any] = {} if routed is None else {"routed": routed}
    if open_within is not None:
        if open_within != 0 and not _SHORTEST <= open_within <= _LONGEST:
            raise Invalid(msg("A time to open is {least} to {most} seconds.", least=_SHORTEST, most=_LONGEST))
        values["open_within"] = open_within or None
    if not values:
        raise Invalid(msg("Nothing was changed."), msg("Give --routing or --open-within."))
    async with db.write() as conn:
        inbox_id = await conn.scalar(select(inbox.c.id).where(inbox.c.name == name.strip()))
        if inbox_id is None:
            raise NotFound(msg("There is no inbox named {name}.", name=name.strip()[:200]))
        unit = ServerUnit(conn)
        await unit.update(inbox, inbox_id, values)
        await unit.flush()
