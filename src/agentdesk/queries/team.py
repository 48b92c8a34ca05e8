"""People, inboxes, accounts and templates: short lists, each whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.availability import Availability
from agentdesk.domain.mentions import WHISPER
from agentdesk.domain.routing import OfferState
from agentdesk.queries.columns import plain
from agentdesk.queries.rows import (
    AccountRow,
    InboxRow,
    MentionRow,
    Row,
    SavedViewRow,
    TemplateRow,
    UserRow,
)
from agentdesk.queries.team_rows import OfferRow, OwnStatusRow, PortraitRow, TeammateRow
from agentdesk.store import people
from agentdesk.store.loads import loads
from agentdesk.store.tables import (
    account,
    account_state,
    availability,
    contact,
    conversation,
    inbox,
    mention,
    message,
    offer,
    own_status,
    portrait,
    rail_order,
    saved_view,
    template,
    user,
)

R = TypeVar("R", bound=Row)


async def users(conn: AsyncConnection) -> list[UserRow]:
    """Return everybody who works or worked here, by name."""
    return await _rows(conn, select(user).order_by(func.lower(user.c.name), user.c.id), UserRow)


async def teammates(conn: AsyncConnection) -> list[TeammateRow]:
    """Return everybody who works here with status and load, by name."""
    c = availability.c
    load = loads()
    statement = (
        select(
            user,
            func.coalesce(c.state, Availability.AVAILABLE.value).label("state"),
            c.back_at,
            c.unreachable_since,
            c.capacity,
            c.languages,
            c.status_id,
            func.coalesce(own_status.c.name, "").label("own_name"),
            func.coalesce(own_status.c.icon, "").label("own_icon"),
            func.coalesce(load.c.units, 0).label("load"),
            func.coalesce(load.c.count, 0).label("count"),
        )
        .outerjoin(availability, c.id == user.c.id)
        .outerjoin(own_status, own_status.c.id == c.status_id)
        .outerjoin(load, load.c.assignee_id == user.c.id)
        .where(user.c.active)
        .order_by(func.lower(user.c.name), user.c.id)
    )
    return await _rows(conn, statement, TeammateRow)


async def own_statuses(conn: AsyncConnection) -> list[OwnStatusRow]:
    """Return the statuses that the team has defined and that can be chosen, by name."""
    c = own_status.c
    statement = select(own_status).where(~c.retired).order_by(func.lower(c.name), c.id)
    return await _rows(conn, statement, OwnStatusRow)


async def portraits(conn: AsyncConnection) -> list[PortraitRow]:
    """Return the pictures of everybody who has one."""
    rows = await conn.execute(select(portrait).where(portrait.c.content.is_not(None)))
    return [PortraitRow(row.id, row.digest, bytes(row.content)) for row in rows]


async def faces(conn: AsyncConnection) -> dict[UUID, str]:
    """Return the SHA-256 of the picture of everybody who has one."""
    rows = await conn.execute(select(portrait.c.id, portrait.c.digest).where(portrait.c.digest.is_not(None)))
    return {row.id: row.digest for row in rows}


async def people_of(conn: AsyncConnection, inbox_id: UUID) -> list[UserRow]:
    """Return everybody who may see an inbox, by name."""
    return await _rows(conn, people.people_of(inbox_id), UserRow)


async def unseen_mentions(conn: AsyncConnection, me: UUID | None) -> list[MentionRow]:
    """Return where ``me`` was mentioned and has not looked yet, oldest first."""
    statement = (
        select(
            mention.c.id,
            mention.c.conversation_id,
            mention.c.created_at,
            func.coalesce(user.c.name, "").label("author_name"),
            message.c.text,
            message.c.mentions,
        )
        .join(message, message.c.id == mention.c.message_id)
        .join(conversation, conversation.c.id == mention.c.conversation_id)
        .outerjoin(user, user.c.id == message.c.user_id)
        .where(mention.c.user_id == me, mention.c.seen_at.is_(None))
        .order_by(mention.c.created_at, mention.c.id)
    )
    found = plain(await conn.execute(statement))
    return [
        msgspec.convert({**row, "whisper": _is_whisper(row["mentions"], me)}, MentionRow) for row in found
    ]


def _is_whisper(mentions: Sequence[Mapping[str, str]] | None, me: UUID | None) -> bool:
    return any(one["kind"] == WHISPER and one["id"] == str(me) for one in mentions or ())


async def offers(conn: AsyncConnection, me: UUID | None) -> list[OfferRow]:
    """Return what ``me`` is asked to take and nobody has taken since, the oldest first."""
    c = conversation.c
    waits = and_(offer.c.from_id.is_(None), c.assignee_id.is_(None))
    handed = and_(offer.c.from_id.is_not(None), c.asked_id == me)
    statement = (
        select(
            offer.c.id,
            offer.c.conversation_id,
            offer.c.offered_at,
            offer.c.expires_at,
            offer.c.from_id,
            c.preview,
            func.coalesce(contact.c.name, "").label("contact_name"),
            func.coalesce(user.c.name, "").label("from_name"),
            func.coalesce(message.c.text, "").label("note"),
        )
        .join(conversation, conversation.c.id == offer.c.conversation_id)
        .outerjoin(contact, contact.c.id == c.contact_id)
        .outerjoin(user, user.c.id == offer.c.from_id)
        .outerjoin(message, message.c.id == offer.c.note_id)
        .where(offer.c.user_id == me, offer.c.state == OfferState.OPEN, or_(waits, handed))
        .order_by(offer.c.offered_at, offer.c.id)
    )
    return await _rows(conn, statement, OfferRow)


async def inboxes(conn: AsyncConnection) -> list[InboxRow]:
    """Return all inboxes, by name."""
    return await _rows(conn, select(inbox).order_by(func.lower(inbox.c.name), inbox.c.id), InboxRow)


async def accounts(conn: AsyncConnection) -> list[AccountRow]:
    """Return all accounts and how they are doing, by name; ``starting`` where nothing is known yet."""
    state = account_state.c
    statement = (
        select(
            account,
            func.coalesce(state.state, "starting").label("state"),
            state.problem,
            state.remedy,
            state.complete_until,
            func.coalesce(state.done, 0).label("done"),
            state.total,
            state.changed_at.label("since"),
            state.retry_at,
            state.retried_at,
            state.abilities,
            state.figures,
        )
        .outerjoin(account_state, state.id == account.c.id)
        .order_by(func.lower(account.c.name), account.c.id)
    )
    return await _rows(conn, statement, AccountRow)


async def saved_views(conn: AsyncConnection, me: UUID | None) -> list[SavedViewRow]:
    """Return the lists that ``me`` has saved and those that are shared with them, by name."""
    c = saved_view.c
    mine = or_(c.user_id == me, c.user_id.is_(None))
    statement = select(saved_view).where(mine, c.removed_at.is_(None)).order_by(func.lower(c.name), c.id)
    return await _rows(conn, statement, SavedViewRow)


async def rail_keys(conn: AsyncConnection, me: UUID | None) -> list[str]:
    """Return the order in which ``me`` has the entries of the rail; empty where that was never chosen."""
    found: list[str] | None = await conn.scalar(select(rail_order.c["keys"]).where(rail_order.c.id == me))
    return found or []


async def templates(conn: AsyncConnection) -> list[TemplateRow]:
    """Return all templates in all languages, by folder, name and language."""
    c = template.c
    statement = select(template).order_by(c.folder, func.lower(c.name), c.language, c.id)
    return await _rows(conn, statement, TemplateRow)


async def _rows(conn: AsyncConnection, statement: Select[Any], kind: type[R]) -> list[R]:
    return [msgspec.convert(row, kind) for row in plain(await conn.execute(statement))]
