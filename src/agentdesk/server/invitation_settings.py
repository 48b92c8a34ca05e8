"""What an administrator says of the invitations of widgets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, insert, select, update

from agentdesk.base import clock
from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.invitations import MOST, Rule, checked_rule, checked_text, rule_of
from agentdesk.server.admin import label
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, chat_invitation

__all__ = ["InvitationLine", "add", "change", "list_all", "remove", "texts_in"]


_IN_LANGUAGE = re.compile(r"([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """One invitation and how it fares. ``texts`` are by language, under an empty one that for all others."""

    channel: str
    name: str
    texts: Mapping[str, str]
    rule: Rule
    shown: int
    accepted: int
    closed: int


def texts_in(given: list[str]) -> dict[str, str]:
    """Return texts given as ``TEXT``, for everybody, or ``LANGUAGE=TEXT``. Raises Invalid."""
    texts: dict[str, str] = {}
    for one in given:
        named = _IN_LANGUAGE.fullmatch(one)
        texts[named[1] if named else ""] = checked_text(named[2] if named else one)
    return texts


async def add(db: Database, channel: str, name: str, texts: Mapping[str, str], rule: Rule) -> None:
    """Add an invitation to a widget. Raises NotFound, and Invalid, naming the field."""
    title = label(name)
    if not texts:
        raise Invalid(msg("There is no text yet."), msg("Give --text."), field="text")
    async with db.write() as conn:
        account_id = await _widget(conn, channel)
        mine = chat_invitation.c.account_id == account_id
        known = await conn.scalar(select(func.count()).select_from(chat_invitation).where(mine))
        if (known or 0) >= MOST:
            raise Invalid(msg("A widget has {count} invitations at most.", count=MOST))
        if await conn.scalar(select(chat_invitation.c.id).where(mine, chat_invitation.c.name == title)):
            raise Invalid(msg("There is already an invitation named {name}.", name=title), field="name")
        row = {"id": new_id(), "account_id": account_id, "name": title, "created_at": clock.now()}
        await conn.execute(insert(chat_invitation).values(**row, texts=dict(texts), rule=_stored(rule)))


async def change(
    db: Database, channel: str, name: str, texts: Mapping[str, str], rule: Mapping[str, Any]
) -> None:
    """Change texts, by language, and parts of the rule; the others stay, and so do the counts. Raises
    NotFound, and Invalid, naming the field."""
    if not texts and not rule:
        raise Invalid(
            msg("Nothing was changed."), msg("Give --text, --after, --address or another condition.")
        )
    async with db.write() as conn:
        row = await _named(conn, channel, name)
        stored = _stored(msgspec.structs.replace(rule_of(row.rule), **rule))
        values = {"texts": {**row.texts, **texts}, "rule": stored}
        await conn.execute(update(chat_invitation).where(chat_invitation.c.id == row.id).values(values))


async def remove(db: Database, channel: str, name: str) -> None:
    """Remove an invitation and its counts. Raises NotFound."""
    async with db.write() as conn:
        row = await _named(conn, channel, name)
        await conn.execute(delete(chat_invitation).where(chat_invitation.c.id == row.id))


async def list_all(db: Database) -> list[InvitationLine]:
    """Return the invitations of all widgets, by the widget's name and the order in which they were added."""
    found = select(chat_invitation, account.c.name.label("channel")).join(
        account, account.c.id == chat_invitation.c.account_id
    )
    order = func.lower(account.c.name), chat_invitation.c.created_at, chat_invitation.c.id
    async with db.read() as conn:
        rows = (await conn.execute(found.order_by(*order))).all()
    return [
        InvitationLine(
            row.channel, row.name, row.texts, rule_of(row.rule), row.shown, row.accepted, row.closed
        )
        for row in rows
    ]


def _stored(rule: Rule) -> dict[str, Any]:
    stored: dict[str, Any] = msgspec.to_builtins(checked_rule(rule))
    return stored


async def _widget(conn: Any, channel: str) -> UUID:
    found = await conn.execute(
        select(account.c.id, account.c.channel).where(account.c.name == channel.strip()[:200])
    )
    row = found.first()
    if row is None:
        raise NotFound(msg("There is no channel named {name}.", name=channel.strip()[:200]))
    if row.channel != CHANNEL:
        raise Invalid(msg("{name} is no widget of web pages.", name=channel.strip()[:200]))
    widget: UUID = row.id
    return widget


async def _named(conn: Any, channel: str, name: str) -> Any:
    account_id = await _widget(conn, channel)
    mine = chat_invitation.c.account_id == account_id, chat_invitation.c.name == name.strip()[:200]
    row = (await conn.execute(select(chat_invitation).where(*mine).with_for_update())).first()
    if row is None:
        raise NotFound(msg("There is no invitation named {name}.", name=name.strip()[:200]))
    return row
