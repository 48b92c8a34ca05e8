"""Who may come in, who is in, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.commands.availability import put_availability
from agentdesk.domain.authority import Permission, grant, permissions
from agentdesk.domain.conversation import Status
from agentdesk.domain.team import Role
from agentdesk.server.auth import hash_password
from agentdesk.server.portraits import made_portrait, put_portrait
from agentdesk.server.second_factor import forget
from agentdesk.store.engine import Database
from agentdesk.store.tables import api_token, availability, conversation, credential, second_factor, user
from agentdesk.store.unit import ServerUnit

AT_WORK = (Status.OPEN.value, Status.SNOOZED.value)
"""Conversations that somebody has still to do something about."""
_SESSION, _PROGRAM = "session", "api"
_MOST_CONVERSATIONS = 1000


@dataclass(frozen=True, slots=True)
class SignIn:
    """One signed-in desk; ``last_used_at`` is some minutes behind."""

    email: str
    since: datetime
    last_used_at: datetime | None
    id: UUID


@dataclass(frozen=True, slots=True)
class Token:
    """What one program signs in with; ``last_used_at`` is some minutes behind."""

    name: str
    since: datetime
    last_used_at: datetime | None
    id: UUID


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here, or did."""

    email: str
    name: str
    role: Role
    active: bool
    second_factor: bool
    permissions: frozenset[Permission]
    capacity: int | None


async def person_id(conn: AsyncConnection, email: str) -> UUID:
    """Return who has an address, however it is written. Raises Invalid for somebody unknown."""
    address = email.strip().lower()
    found = await conn.scalar(select(user.c.id).where(user.c.email == address))
    if not isinstance(found, UUID):
        raise Invalid(msg("There is no person with the address {value}.", value=address), field="email")
    return found


async def list_people(db: Database) -> list[Person]:
    """Return everybody, by address."""
    async with db.read() as conn:
        rows = await conn.execute(
            select(user, second_factor.c.confirmed_at, availability.c.capacity)
            .outerjoin(second_factor, second_factor.c.user_id == user.c.id)
            .outerjoin(availability, availability.c.id == user.c.id)
            .order_by(user.c.email)
        )
        return [
            Person(
                email=row.email,
                name=row.name,
                role=Role(row.role),
                active=row.active,
                second_factor=row.confirmed_at is not None,
                permissions=permissions(Role(row.role), row.permissions),
                capacity=row.capacity,
            )
            for row in rows
        ]


async def drop_second_factor(db: Database, email: str) -> bool:
    """Let a person sign in with the password alone again (a lost phone); returns whether there was a second
    factor. Raises Invalid for somebody unknown."""
    async with db.write() as conn:
        return await forget(conn, await person_id(conn, email))


async def set_permission(db: Database, email: str, permission: Permission, given: bool) -> None:
    """Give a person a permission, or deny it; desks that are connected know within seconds. Raises
    Invalid for somebody unknown."""
    async with db.write() as conn:
        user_id = await person_id(conn, email)
        statement = select(user.c.role, user.c.permissions).where(user.c.id == user_id).with_for_update()
        row = (await conn.execute(statement)).one()
        exceptions = grant(Role(row.role), row.permissions, permission, given)
        unit = ServerUnit(conn)
        await unit.update(user, user_id, {"permissions": exceptions})
        await unit.flush()


async def set_role(db: Database, email: str, role: Role) -> None:
    """Give a person another role; what they were given or denied besides stays. Desks that are connected know
    within seconds. Raises Invalid for somebody unknown, and for the last administrator."""
    async with db.write() as conn:
        user_id = await person_id(conn, email)
        if role is not Role.ADMIN:
            await _not_the_last(conn, user_id)
        unit = ServerUnit(conn)
        await unit.update(user, user_id, {"role": role.value})
        await unit.flush()


async def set_password(db: Database, email: str, password: str) -> int:
    """Give a person another password: all their sign-ins end. Returns how many there were. Raises Invalid for
    somebody unknown and for a password that cannot be used."""
    hashed = hash_password(password)
    async with db.write() as conn:
        user_id = await person_id(conn, email)
        mine = credential.c.user_id == user_id
        await conn.execute(
            update(credential).where(mine).values(password_hash=hashed, changed_at=clock.now())
        )
        ended = await _end_all(conn, user_id)
        await _ask_again(conn, user_id)
    return ended


async def set_capacity(db: Database, email: str, capacity: int | None) -> None:
    """Say how many open conversations a person has at most (None: any number). Raises Invalid for somebody
    unknown, and for a number that is none."""
    if capacity is not None and not 0 <= capacity <= _MOST_CONVERSATIONS:
        raise Invalid(msg("A limit is a number from 0 to {count}.", count=_MOST_CONVERSATIONS))
    async with db.write() as conn:
        unit = ServerUnit(conn)
        await put_availability(unit, await person_id(conn, email), {"capacity": capacity})
        await unit.flush()


async def set_picture(db: Database, email: str, content: bytes | None) -> None:
    """Give a person a picture (None: take theirs away). Raises Invalid for somebody unknown, and with a
    sentence for a file that cannot become one."""
    made = None if content is None else await made_portrait(content)
    async with db.write() as conn:
        await put_portrait(conn, await person_id(conn, email), made)


async def set_active(db: Database, email: str, active: bool) -> int:
    """Let a person in, or out: then all their sign-ins end, and desks that are connected are sent away within
    seconds. Returns how many sign-ins ended. Raises Invalid for somebody unknown and for the last
    administrator."""
    async with db.write() as conn:
        user_id = await person_id(conn, email)
        if not active:
            await _not_the_last(conn, user_id)
        unit = ServerUnit(conn)
        await unit.update(user, user_id, {"active": active})
        ended = 0 if active else await _end_all(conn, user_id)
        await unit.flush()
    return ended


async def count_assigned(db: Database, email: str) -> int:
    """Return how many conversations at work are assigned to a person. Raises Invalid for somebody unknown."""
    async with db.read() as conn:
        mine = conversation.c.assignee_id == await person_id(conn, email), conversation.c.status.in_(AT_WORK)
        return await conn.scalar(select(func.count()).select_from(conversation).where(*mine)) or 0


async def end_sign_ins(db: Database, email: str) -> int:
    """End all sign-ins of a person, who may sign in again; returns how many there were. Raises Invalid."""
    async with db.write() as conn:
        user_id = await person_id(conn, email)
        ended = await _end_all(conn, user_id)
        await _ask_again(conn, user_id)
    return ended


async def end_sign_in(db: Database, sign_in_id: UUID) -> None:
    """End one sign-in; the others of the person go on. Raises Invalid where there is none of that id."""
    async with db.write() as conn:
        this = api_token.c.id == sign_in_id, api_token.c.kind == _SESSION
        user_id = await conn.scalar(delete(api_token).where(*this).returning(api_token.c.user_id))
        if user_id is None:
            raise Invalid(msg("There is no sign-in of that id."), msg("See session list."))
        await _ask_again(conn, user_id)


async def list_sign_ins(db: Database) -> list[SignIn]:
    """Return the sign-ins that have not run out, by person, the newest first."""
    async with db.read() as conn:
        rows = await conn.execute(
            select(user.c.email, api_token.c.created_at, api_token.c.last_used_at, api_token.c.id)
            .join(user, user.c.id == api_token.c.user_id)
            .where(api_token.c.kind == _SESSION)
            .where(or_(api_token.c.expires_at.is_(None), api_token.c.expires_at > clock.now()))
            .order_by(user.c.email, api_token.c.created_at.desc())
        )
        return [SignIn(*row) for row in rows]


async def list_tokens(db: Database) -> list[Token]:
    """Return the tokens of programs, by name, the newest first."""
    columns = api_token.c.name, api_token.c.created_at, api_token.c.last_used_at, api_token.c.id
    programs = select(*columns).where(api_token.c.kind == _PROGRAM)
    async with db.read() as conn:
        rows = await conn.execute(programs.order_by(func.lower(api_token.c.name), api_token.c.id.desc()))
        return [Token(*row) for row in rows]


async def revoke_token(db: Database, token_id: UUID) -> str:
    """Let a program in no more, from its next request; returns the token's name. Raises Invalid where there
    is none of that id."""
    this = api_token.c.id == token_id, api_token.c.kind == _PROGRAM
    async with db.write() as conn:
        name = await conn.scalar(delete(api_token).where(*this).returning(api_token.c.name))
    if name is None:
        raise Invalid(msg("There is no token of that id."), msg("See token list."))
    return str(name)


async def _ask_again(conn: AsyncConnection, user_id: UUID) -> None:
    """Let every server ask again who is there: they do when a row of the people is written."""
    unit = ServerUnit(conn)
    await unit.update(user, user_id, {"email": user.c.email})
    await unit.flush()


async def _not_the_last(conn: AsyncConnection, user_id: UUID) -> None:
    others = await conn.scalar(
        select(func.count()).where(user.c.role == Role.ADMIN, user.c.active.is_(True), user.c.id != user_id)
    )
    role = await conn.scalar(select(user.c.role).where(user.c.id == user_id))
    if role == Role.ADMIN and not others:
        raise Invalid(msg("This is the last administrator."), msg("Add another one first."))


async def _end_all(conn: AsyncConnection, user_id: UUID) -> int:
    mine = api_token.c.user_id == user_id, api_token.c.kind == _SESSION
    return (await conn.execute(delete(api_token).where(*mine))).rowcount
