"""Lists that people save for themselves or share, and the order of the rail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from agentdesk.base.errors import NotFound
from agentdesk.base.text import msg
from agentdesk.commands import authority
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.values import ArrangeRail, RemoveView, SaveView
from agentdesk.domain.authority import Permission
from agentdesk.domain.cleaning import storable
from agentdesk.domain.saved_views import ICONS, KINDS
from agentdesk.store.tables import inbox, rail_order, saved_view

_LONGEST_NAME = 80
_LONGEST_TEXT = 1_000
_MOST_TAGS = 20
_MOST_VIEWS = 200
_MOST_KEYS = 500
_LONGEST_KEY = 80


async def save_view(context: Context, command: SaveView) -> None:
    """Add a view or change it. Who changes a shared one must be allowed to share; one's own is one's own."""
    me = _person(context)
    values = _checked(command)
    if command.shared and command.inbox_id is not None:
        known = await context.conn.scalar(select(inbox.c.id).where(inbox.c.id == command.inbox_id))
        if known is None or not context.actor.sees(command.inbox_id):
            raise NotFound
    values |= {
        "user_id": None if command.shared else me,
        "inbox_id": command.inbox_id if command.shared else None,
        "removed_at": None,
    }
    row = await _row(context, command.view_id)
    if row is None:
        await _check_number(context, values["user_id"])
        new = {"id": command.view_id, "created_at": context.now}
        await context.unit.insert(saved_view, [{**values, **new}])
        return
    _check_may_change(context, row)
    changed = {name: value for name, value in values.items() if row[name] != value}
    if changed:
        await context.unit.update(saved_view, command.view_id, changed)


async def remove_view(context: Context, command: RemoveView) -> None:
    """Take a view out of the rails of all who have it, or bring it back."""
    row = await _row(context, command.view_id)
    if row is None:
        raise NotFound
    _check_may_change(context, row)
    if (row["removed_at"] is None) == command.removed:
        removed_at = context.now if command.removed else None
        await context.unit.update(saved_view, command.view_id, {"removed_at": removed_at})


async def arrange_rail(context: Context, command: ArrangeRail) -> None:
    """Keep the order in which a person has the entries of the rail, on all their desks."""
    me = _person(context)
    keys = [storable(key)[:_LONGEST_KEY] for key in dict.fromkeys(command.keys)][:_MOST_KEYS]
    found = await context.conn.execute(
        select(rail_order.c["keys"]).where(rail_order.c.id == me).with_for_update()
    )
    row = found.first()
    if row is None:
        await context.unit.insert(rail_order, [{"id": me, "user_id": me, "keys": keys}])
    elif row[0] != keys:
        await context.unit.update(rail_order, me, {"keys": keys})


def _person(context: Context) -> UUID:
    if context.actor.user_id is None:
        raise Refusal("invalid", msg("Only a person has views of their own."))
    return context.actor.user_id


async def _row(context: Context, view_id: UUID) -> Mapping[Any, Any] | None:
    statement = select(saved_view).where(saved_view.c.id == view_id).with_for_update()
    return (await context.conn.execute(statement)).mappings().first()


def _check_may_change(context: Context, row: Mapping[Any, Any]) -> None:
    actor = context.actor
    if row["user_id"] is not None:
        if row["user_id"] != actor.user_id:
            raise NotFound
        return
    if row["inbox_id"] is not None and not actor.sees(row["inbox_id"]):
        raise NotFound
    if not actor.may(Permission.SHARE_VIEWS):
        raise authority.refusal(Permission.SHARE_VIEWS)


async def _check_number(context: Context, owner: UUID | None) -> None:
    theirs = saved_view.c.user_id.is_(None) if owner is None else saved_view.c.user_id == owner
    count = await context.conn.scalar(
        select(func.count()).select_from(saved_view).where(theirs, saved_view.c.removed_at.is_(None))
    )
    if (count or 0) >= _MOST_VIEWS:
        raise Refusal("invalid", msg("There are too many saved views. Remove one first."))


def _checked(command: SaveView) -> dict[str, Any]:
    query = command.query
    name = " ".join(storable(command.name).split())[:_LONGEST_NAME]
    if not name:
        raise Refusal("invalid", msg("A view needs a name."))
    text = storable(query.text).strip()
    if query.kind not in KINDS or (query.kind == "search") != bool(text):
        raise Refusal("invalid", msg("This list cannot be saved."))
    if len(text) > _LONGEST_TEXT or len(query.tags) > _MOST_TAGS:
        raise Refusal("invalid", msg("The text is too long."))
    tags = tuple(storable(tag)[:_LONGEST_NAME] for tag in query.tags)
    kept = msgspec.structs.replace(query, text=text, tags=tags)
    icon = command.icon if command.icon in ICONS else ICONS[0]
    return {"name": name, "icon": icon, "query": msgspec.to_builtins(kept)}
