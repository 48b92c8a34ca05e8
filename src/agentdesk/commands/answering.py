"""What the command that answers asks of the database: the same for each answer, so compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.rows import asks_of_author, asks_of_customer
from agentdesk.domain.message import Direction, Kind
from agentdesk.domain.recipients import mailbox_of
from agentdesk.store.fixed import Asked, Fixed, look_ahead
from agentdesk.store.tables import account, conversation, message

__all__ = [
    "account_of",
    "look_ahead_for_answer",
    "origin_of",
    "own_mailboxes",
    "references_of",
    "written_before",
]

_MOST_REFERENCES = 50
_LOOKED_AT = 60

_m = message.c
_ID = bindparam("id", type_=_m.id.type)
_HERE = bindparam("conversation_id", type_=_m.conversation_id.type)
_ORIGIN = bindparam("origin_id", type_=_m.origin_id.type)


def _origin(*where: Any) -> Fixed:
    found = select(_m.origin_id).where(_m.conversation_id == _HERE, _m.kind == Kind.MESSAGE.value, *where)
    return Fixed(found.order_by(_m.created_at.desc(), _m.id.desc()).limit(1))


def _before() -> Select[Any]:
    return select(_m.id, _m.external_id, _m.direction).where(
        _m.conversation_id == _HERE,
        _m.origin_id.is_not_distinct_from(_ORIGIN),
        _m.kind == Kind.MESSAGE.value,
        _m.external_id != "",
    )


_WRITTEN = Fixed(select(_m.conversation_id).where(_m.id == _ID))
_ORIGIN_NAMED = _origin(_m.id == _ID)
_ORIGIN_IN = _origin(_m.direction == Direction.IN.value)
_ACCOUNT_OF = Fixed(select(conversation.c.account_id).where(conversation.c.id == _ID))
_ACCOUNT = Fixed(select(account).where(account.c.id == _ID))
_ADDRESSES = Fixed(select(account.c.address))
_BEFORE = Fixed(_before().order_by(_m.created_at, _m.id))
_LATEST = Fixed(_before().order_by(_m.created_at.desc(), _m.id.desc()).limit(_LOOKED_AT))
_FIRST = Fixed(_before().order_by(_m.created_at, _m.id).limit(1))


async def look_ahead_for_answer(
    context: Context, message_id: UUID, in_reply_to: UUID | None, asked: UUID, row: Mapping[Any, Any]
) -> None:
    """Ask in one trip what an answer of an agent in the conversation ``row``, which is locked, mostly has to
    know: that none of it was merged is guessed."""
    here = {"conversation_id": row["id"], "origin_id": None}
    about: list[Asked] = [asks_of_customer(row), (_WRITTEN, {"id": message_id}), asks_of_author(context)]
    about += [(_ADDRESSES, {}), (_LATEST, here)]
    if in_reply_to is not None:
        about.append((_ORIGIN_NAMED, {"conversation_id": row["id"], "id": in_reply_to}))
    elif asked == row["id"]:
        about.append((_ORIGIN_IN, {"conversation_id": row["id"], "id": None}))
    if row["account_id"] is not None:
        about.append((_ACCOUNT, {"id": row["account_id"]}))
        if context.channels is not None:
            about += context.channels.asks(row["account_id"], row["id"])
    await look_ahead(context.conn, *about)


async def written_before(context: Context, message_id: UUID, row: Mapping[Any, Any]) -> bool:
    """Whether this very message is there already: asked for twice under two command ids."""
    found = await _WRITTEN.first(context.conn, {"id": message_id})
    if found is not None and found["conversation_id"] != row["id"]:
        raise Refusal("invalid", msg("A message of that id is already elsewhere."))
    return found is not None


async def origin_of(
    context: Context, in_reply_to: UUID | None, asked: UUID, row: Mapping[Any, Any]
) -> UUID | None:
    """Which of the conversations that were merged into ``row`` an answer belongs to: that of the message it
    answers; None for ``row`` itself. ``asked`` is the conversation that the command names."""
    here = {"conversation_id": row["id"], "id": in_reply_to}
    found = await _ORIGIN_NAMED.first(context.conn, here) if in_reply_to is not None else None
    if found is None and asked != row["id"]:
        return asked
    if found is None:
        found = await _ORIGIN_IN.first(context.conn, here)
    return found["origin_id"] if found is not None else None


async def account_of(context: Context, row: Mapping[Any, Any], origin_id: UUID | None) -> Mapping[str, Any]:
    """The account through which an answer goes: the one that the customer wrote to."""
    account_id = row["account_id"]
    if origin_id is not None:
        theirs = await _ACCOUNT_OF.first(context.conn, {"id": origin_id})
        account_id = (theirs and theirs["account_id"]) or account_id
    found = await _ACCOUNT.first(context.conn, {"id": account_id}) if account_id is not None else None
    if found is None:
        raise Refusal("invalid", msg("This conversation has no channel to answer through."))
    return found


async def own_mailboxes(context: Context) -> set[str]:
    """The addresses of our own accounts: an answer never goes there."""
    return {mailbox_of(row["address"]) for row in await _ADDRESSES.rows(context.conn, {})}


async def references_of(
    context: Context, in_reply_to: UUID | None, row: Mapping[Any, Any], origin_id: UUID | None
) -> list[str]:
    """External ids of what was written before, oldest first, the one answered last (RFC 5322, 3.6.4)."""
    before = await _written(context, in_reply_to, {"conversation_id": row["id"], "origin_id": origin_id})
    answered = next((one["external_id"] for one in before if one["id"] == in_reply_to), None)
    if answered is None:
        answered = _last_of_customer(before)
    ids = [name for name in dict.fromkeys(one["external_id"] for one in before) if name != answered]
    if len(ids) >= _MOST_REFERENCES:
        ids = [ids[0], *ids[2 - _MOST_REFERENCES :]]
    return [*ids, answered] if answered else ids


async def _written(
    context: Context, in_reply_to: UUID | None, here: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """What was written in a conversation, oldest first: in a long one only what can be named."""
    latest = (await _LATEST.rows(context.conn, here))[::-1]
    if len(latest) < _LOOKED_AT:
        return latest
    answered = in_reply_to is None or any(one["id"] == in_reply_to for one in latest)
    if answered and _last_of_customer(latest) is not None:
        return [*await _FIRST.rows(context.conn, here), *latest]
    return await _BEFORE.rows(context.conn, here)


def _last_of_customer(before: Sequence[Mapping[str, Any]]) -> str | None:
    return next((one["external_id"] for one in reversed(before) if one["direction"] == Direction.IN), None)
