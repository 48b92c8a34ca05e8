"""Customers who may be the same person as another one, with what speaks for it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.likeness import WEIGHTS, Clue, Evidence, Named, bare_handle, named_in
from agentdesk.queries.columns import plain
from agentdesk.queries.likeness_rows import LikeRow
from agentdesk.queries.rows import SimilarContact
from agentdesk.store.merged import contact_root
from agentdesk.store.search import look_for
from agentdesk.store.tables import contact, contact_identity, conversation, message

__all__ = ["alike"]

_TEXTS = 100
_MOST_FOUND = 60
_LOOKED_AT = 200
"""Conversations that are looked through where the words of an address are very common."""
_MOST = 4


async def alike(conn: AsyncConnection, contact_id: UUID) -> list[LikeRow]:
    """Return whom a customer may be besides, who has the most evidence first; those who share nothing but the
    name last. Their latest 100 messages are read for it, and those of others that name their addresses."""
    contact_id = await contact_root(conn, contact_id)
    own = plain(await conn.execute(select(contact_identity).where(_of(contact_id))))
    named = named_in(await _texts(conn, contact_id))
    handles = {bare for row in own if row["kind"] != "email" and (bare := bare_handle(row["display"]))}
    found: dict[UUID, list[Evidence]] = defaultdict(list)
    for row in await _candidates(conn, contact_id, named, handles):
        kinds = {one["kind"] for one in own}
        found[row["contact_id"]] += _evidence(row, named, handles, kinds)
    for row in own:
        for other, sign in await _who_named(conn, contact_id, row["display"] or row["value"]):
            found[other].append(sign)
    for other in await _namesakes(conn, contact_id):
        found[other].append(Evidence(Clue.NAME))
    return await _rows(conn, {one: signs for one, signs in found.items() if signs})


def _of(contact_id: UUID) -> ColumnElement[bool]:
    return contact_identity.c.contact_id == contact_id


async def _texts(conn: AsyncConnection, contact_id: UUID) -> list[str]:
    statement = (
        select(message.c.text)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .where(conversation.c.contact_id == contact_id, message.c.direction == "in")
        .order_by(message.c.created_at.desc())
        .limit(_TEXTS)
    )
    return list(await conn.scalars(statement))


async def _candidates(
    conn: AsyncConnection, contact_id: UUID, named: Named, handles: set[str]
) -> list[dict[str, Any]]:
    """Identities of others that may be meant; looked at more closely afterwards."""
    c = contact_identity.c
    wanted: list[ColumnElement[bool]] = []
    if named.mails:
        wanted.append((c.kind == "email") & c.value.in_(sorted(named.mails)))
    if named.phones:
        numbers = sorted({*named.phones, *(f"+{one}" for one in named.phones)})
        wanted.append((c.kind != "email") & c.value.in_(numbers))
    if named.pages:
        spelled = sorted(one for page in named.pages for one in (page, f"{page}/"))
        wanted.append(func.lower(c.profile["url"].as_string()).in_(spelled))
    for handle in sorted(handles):
        known = func.lower(c.display)
        longer = (f"@{handle}@", f"@{handle}.", f"{handle}.")
        begun = (known.startswith(one, autoescape=True) for one in longer)
        wanted.append(or_(known.in_([handle, f"@{handle}"]), *begun))
    if not wanted:
        return []
    statement = (
        select(c.contact_id, c.kind, c.value, c.display, c.profile)
        .join(contact, contact.c.id == c.contact_id)
        .where(or_(*wanted), *_alone(contact_id))
        .limit(_MOST_FOUND)
    )
    return plain(await conn.execute(statement))


async def _who_named(conn: AsyncConnection, contact_id: UUID, address: str) -> list[tuple[UUID, Evidence]]:
    """Who wrote this address of the customer's, with that as a sign."""
    mine = named_in((address,))
    if not mine:
        return []
    others = conversation.c.contact_id != contact_id
    ids = (await look_for(conn, f'"{address}"', inboxes=None, limit=_MOST, among=others, most=_LOOKED_AT)).ids
    statement = (
        select(conversation.c.contact_id, message.c.text)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .join(contact, contact.c.id == conversation.c.contact_id)
        .where(conversation.c.id.in_(ids), message.c.direction == "in", *_alone(contact_id))
        .limit(_TEXTS)
    )
    clue = Clue.MAIL if mine.mails else Clue.PHONE
    found = (await conn.execute(statement)).all() if ids else []
    return [(other, Evidence(clue, address)) for other, text in found if _shares(named_in((text,)), mine)]


def _shares(one: Named, other: Named) -> bool:
    return bool(one.mails & other.mails or one.phones & other.phones)


def _alone(contact_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return contact.c.merged_into_id.is_(None), contact.c.erased_at.is_(None), contact.c.id != contact_id


def _evidence(
    row: dict[str, Any], named: Named, handles: set[str], own_kinds: set[str]
) -> Iterator[Evidence]:
    kind, value, shown = row["kind"], row["value"], row["display"] or row["value"]
    if kind == "email" and value.lower() in named.mails:
        yield Evidence(Clue.MAIL, shown)
    elif kind != "email" and re.sub(r"\D", "", value) in named.phones:
        yield Evidence(Clue.PHONE, shown)
    page = str((row["profile"] or {}).get("url") or "")
    if page and page.rstrip("/").lower() in named.pages:
        yield Evidence(Clue.PAGE, page, kind)
    if kind != "email" and kind not in own_kinds and bare_handle(shown) in handles:
        yield Evidence(Clue.HANDLE, shown, kind)


async def _namesakes(conn: AsyncConnection, contact_id: UUID) -> list[UUID]:
    name = await conn.scalar(select(contact.c.name).where(contact.c.id == contact_id))
    if not name or not name.strip():
        return []
    same = select(contact.c.id).where(contact.c.name == name.strip(), *_alone(contact_id))
    return list(await conn.scalars(same.order_by(contact.c.id).limit(_MOST)))


async def _rows(conn: AsyncConnection, found: dict[UUID, list[Evidence]]) -> list[LikeRow]:
    ranked = sorted(found, key=lambda one: (-_weight(found[one]), one))[:_MOST]
    address = select(func.min(contact_identity.c.display)).where(
        contact_identity.c.contact_id == contact.c.id
    )
    shown = func.coalesce(address.scalar_subquery(), "").label("address")
    rows = await conn.execute(select(contact.c.id, contact.c.name, shown).where(contact.c.id.in_(ranked)))
    known = {row.id: row for row in rows}
    return [
        LikeRow(
            other=SimilarContact(id=one, name=known[one].name, address=known[one].address),
            evidence=_once(found[one]),
        )
        for one in ranked
        if one in known
    ]


def _once(signs: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The signs, each once, the weightiest first."""
    return tuple(sorted(dict.fromkeys(signs), key=lambda one: -WEIGHTS[one.clue]))


def _weight(signs: Sequence[Evidence]) -> int:
    return sum(WEIGHTS[one.clue] for one in set(signs))
