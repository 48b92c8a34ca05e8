"""People, inboxes, accounts and templates: short lists, each whole."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.availability import Availability
from agentdesk.domain.routing import OfferState
from agentdesk.queries.columns import plain
from agentdesk.queries.rows import (
    AccountRow,
    InboxRow,
    MentionRow,
    OfferRow,
    Row,
    SavedViewRow,
    TeammateRow,
    TemplateRow,
    UserRow,
)
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
            func.coalesce(load.c.units, 0).label("load"),
            func.coalesce(load.c.count, 0).label("count"),
        )
        .outerjoin(availability, c.id == user.c.id)
        .outerjoin(load, load.c.assignee_id == user.c.id)
        .where(user.c.active)
        .order_by(func.lower(user.c.name), user.c.id)
    )
    return await _rows(conn, statement, TeammateRow)


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
        )
        .join(message, message.c.id == mention.c.message_id)
        .join(conversation, conversation.c.id == mention.c.conversation_id)
        .outerjoin(user, user.c.id == message.c.user_id)
        .where(mention.c.user_id == me, mention.c.seen_at.is_(None))
        .order_by(mention.c.created_at, mention.c.id)
    )
    return await _rows(conn, statement, MentionRow)


async def offers(conn: AsyncConnection, me: UUID | None) -> list[OfferRow]:
    """Return what ``me`` is asked to take and nobody has taken since, the oldest first."""
    statement = (
        select(
            offer.c.id,
            offer.c.conversation_id,
            offer.c.offered_at,
            offer.c.expires_at,
            conversation.c.preview,
            func.coalesce(contact.c.name, "").label("contact_name"),
        )
        .join(conversation, conversation.c.id == offer.c.conversation_id)
        .outerjoin(contact, contact.c.id == conversation.c.contact_id)
        .where(offer.c.user_id == me, offer.c.state == OfferState.OPEN, conversation.c.assignee_id.is_(None))
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
