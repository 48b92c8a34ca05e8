"""A chat that somebody of the team has asked for is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.ids import parse_id
from agentdesk.commands.arrival import Arrival
from agentdesk.commands.placing import Event
from agentdesk.domain.conversation import EventKind
from agentdesk.domain.team import Role
from agentdesk.store.tables import conversation, inbox, inbox_member, user
from agentdesk.store.unit import Unit

__all__ = ["give_to_inviters"]


async def give_to_inviters(unit: Unit, arrivals: Sequence[Arrival]) -> list[Event]:
    """Assign conversations whose customer answers a person's invitation to that person, where they still
    work in the inbox; returns the lines for the transcripts."""
    events = []
    for arrival in arrivals:
        invitation, thread = arrival.inbound.invitation, arrival.thread
        inviter = parse_id(invitation.user_id) if invitation is not None else None
        if inviter is None or thread is None:
            continue
        name = await _works_in(unit.conn, inviter, thread.inbox_id)
        if name is not None:
            await unit.update(conversation, thread.id, {"assignee_id": inviter})
            data = {"assignee_id": str(inviter), "assignee": name}
            events.append(Event(thread, EventKind.ASSIGNED, data, at=thread.last_message_at))
    return events


async def _works_in(conn: AsyncConnection, user_id: UUID, inbox_id: UUID) -> str | None:
    """Return the name of somebody who may see an inbox; None where they do not (any more)."""
    member = exists().where(inbox_member.c.inbox_id == inbox_id, inbox_member.c.user_id == user_id)
    everyone = exists().where(inbox.c.id == inbox_id, inbox.c.everyone)
    mine = select(user.c.name).where(user.c.id == user_id, user.c.active)
    name: str | None = await conn.scalar(mine.where((user.c.role != Role.AGENT) | everyone | member))
    return name
