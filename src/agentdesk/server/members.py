"""Who works in an inbox: every agent, or its members alone. Desks take a change up within seconds."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.server.people import AT_WORK, person_id
from agentdesk.store.engine import Database
from agentdesk.store.people import people_of
from agentdesk.store.tables import conversation, inbox, inbox_member, user
from agentdesk.store.unit import ServerUnit

__all__ = ["join", "leave", "list_members", "open_to_everyone"]


async def list_members(db: Database) -> dict[str, list[str]]:
    """Return the addresses of the members of each inbox that has any, by its name."""
    statement = (
        select(inbox.c.name, user.c.email)
        .join(inbox_member, inbox_member.c.inbox_id == inbox.c.id)
        .join(user, user.c.id == inbox_member.c.user_id)
    )
    members: dict[str, list[str]] = defaultdict(list)
    async with db.read() as conn:
        for row in await conn.execute(statement.order_by(user.c.email)):
            members[row.name].append(row.email)
    return members


async def open_to_everyone(db: Database, name: str, everyone: bool) -> int:
    """Let every agent work in an inbox, or its members alone: all of it leaves the desks of the others.

    Supervisors and administrators see it in any case. Returns how many conversations at work there are
    assigned to people who do not see them. Raises NotFound.
    """
    async with db.write() as conn:
        inbox_id = await _inbox_id(conn, name)
        unit = ServerUnit(conn)
        await unit.update(inbox, inbox_id, {"everyone": everyone})
        await unit.flush()
        return await _out_of_sight(conn, inbox_id)


async def join(db: Database, name: str, email: str) -> None:
    """Make a person a member of an inbox. Raises NotFound, and Invalid for somebody unknown."""
    async with db.write() as conn:
        inbox_id, user_id = await _inbox_id(conn, name), await person_id(conn, email)
        if await _membership(conn, inbox_id, user_id) is None:
            unit = ServerUnit(conn)
            await unit.insert(inbox_member, [{"id": new_id(), "inbox_id": inbox_id, "user_id": user_id}])
            await unit.flush()


async def leave(db: Database, name: str, email: str) -> int:
    """Let a person be a member of an inbox no more. Returns as :func:`open_to_everyone` does.

    Raises NotFound, and Invalid for somebody who is unknown or no member.
    """
    async with db.write() as conn:
        inbox_id = await _inbox_id(conn, name)
        membership = await _membership(conn, inbox_id, await person_id(conn, email))
        if membership is None:
            raise Invalid(msg("{value} is no member of this inbox.", value=email), msg("See inbox list."))
        unit = ServerUnit(conn)
        await unit.delete(inbox_member, [membership])
        await unit.flush()
        return await _out_of_sight(conn, inbox_id)


async def _inbox_id(conn: AsyncConnection, name: str) -> UUID:
    """The inbox, which others wait for who change it."""
    mine = inbox.c.name == name.strip()
    found = await conn.scalar(select(inbox.c.id).where(mine).with_for_update())
    if not isinstance(found, UUID):
        raise NotFound(msg("There is no inbox named {name}.", name=name.strip()[:200]))
    return found


async def _membership(conn: AsyncConnection, inbox_id: UUID, user_id: UUID) -> UUID | None:
    mine = inbox_member.c.inbox_id == inbox_id, inbox_member.c.user_id == user_id
    found = await conn.scalar(select(inbox_member.c.id).where(*mine))
    return found if isinstance(found, UUID) else None


async def _out_of_sight(conn: AsyncConnection, inbox_id: UUID) -> int:
    """How many conversations wait for somebody who does not see them."""
    sees = people_of(inbox_id).with_only_columns(user.c.id).order_by(None)
    held = conversation.c.assignee_id.is_not(None), conversation.c.assignee_id.not_in(sees)
    here = conversation.c.inbox_id == inbox_id, conversation.c.status.in_(AT_WORK)
    return await conn.scalar(select(func.count()).select_from(conversation).where(*here, *held)) or 0
