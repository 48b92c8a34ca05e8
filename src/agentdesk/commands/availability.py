"""A person's own status, the same on all their desks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentdesk.base.errors import NotFound
from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.values import SetAvailability
from agentdesk.domain.availability import LONGEST_AWAY, Availability
from agentdesk.store.tables import availability, own_status, user
from agentdesk.store.unit import Unit, Values

__all__ = ["put_availability", "set_availability"]

_NOTHING_CHOSEN: Values = {
    "state": Availability.AVAILABLE.value,
    "status_id": None,
    "back_at": None,
    "chosen_at": None,
    "capacity": None,
    "skills": None,
    "languages": None,
    "unreachable_since": None,
}


async def set_availability(context: Context, command: SetAvailability) -> None:
    """Note what the person chose. What was chosen last counts, whenever it arrives: a choice that was made
    offline does not undo one that was made on another desk since."""
    state = await _counts_as(context, command)
    person = context.actor.user_id
    if person is None:
        raise Refusal("invalid", msg("Only a person has a status."))
    back_at = command.back_at
    if back_at is not None and back_at > context.now + LONGEST_AWAY:
        raise Refusal("invalid", msg("That is too far ahead."))
    if command.status_id is None and state == Availability.AVAILABLE:
        back_at = None
    chosen_at = min(command.chosen_at, context.now)
    before = await context.conn.scalar(select(availability.c.chosen_at).where(availability.c.id == person))
    if before is not None and before > chosen_at:
        return
    values = {"state": state, "status_id": command.status_id, "back_at": back_at, "chosen_at": chosen_at}
    await put_availability(context.unit, person, values)


async def _counts_as(context: Context, command: SetAvailability) -> str:
    """Return what the choice counts as: what was said, or what the team says of its own status."""
    if command.status_id is not None:
        c = own_status.c
        kind = await context.conn.scalar(select(c.kind).where(c.id == command.status_id, ~c.retired))
        if kind is None:
            raise Refusal("invalid", msg("Your team does not have that status any more."))
        return str(kind)
    if command.state not in list(Availability):
        raise Refusal("invalid", msg("{value} is not known here.", value=command.state[:40]))
    return command.state


async def put_availability(unit: Unit, user_id: UUID, values: Values) -> None:
    """Change what is kept of a person; nothing is kept of somebody who has chosen nothing. Raises NotFound
    for somebody unknown."""
    # Also against two who write the first row of a person at the same moment.
    person = select(user.c.id).where(user.c.id == user_id).with_for_update(key_share=True)
    if await unit.conn.scalar(person) is None:
        raise NotFound
    known = await unit.conn.scalar(select(availability.c.id).where(availability.c.id == user_id))
    if known is not None:
        await unit.update(availability, user_id, values)
        return
    row: dict[str, Any] = {"id": user_id, **_NOTHING_CHOSEN, **values}
    await unit.insert(availability, [row])
