"""Colleagues who are meant by an @ in a note: told on their own desks, and nobody else's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.rows import conversation_of
from agentdesk.commands.values import Mention, SeeMentions
from agentdesk.domain.mentions import WHISPER
from agentdesk.store.people import people_of
from agentdesk.store.tables import inbox, mention

_MOST_MENTIONS = 50
_PERSON = ("user", WHISPER)


async def checked(
    context: Context, row: Mapping[Any, Any], mentions: Sequence[Mention]
) -> list[dict[str, str]]:
    """Return the mentions of a note as they are stored. Raises Refusal where one would not see it."""
    if len(mentions) > _MOST_MENTIONS:
        raise Refusal("invalid", msg("A note may mention {count} people at most.", count=_MOST_MENTIONS))
    people = await _people(context, row["inbox_id"]) if mentions else {}
    return [
        {"kind": one.kind, "id": str(one.id), "name": await _name(context, row, one, people)}
        for one in mentions
    ]


async def _people(context: Context, inbox_id: UUID) -> dict[UUID, str]:
    return {one.id: one.name for one in await context.conn.execute(people_of(inbox_id))}


async def _name(context: Context, row: Mapping[Any, Any], one: Mention, people: Mapping[UUID, str]) -> str:
    if one.kind in _PERSON and one.id in people:
        return people[one.id]
    if one.kind == "inbox" and one.id == row["inbox_id"]:
        return str(await context.conn.scalar(select(inbox.c.name).where(inbox.c.id == one.id)))
    name = one.name[:100]
    raise Refusal(
        "invalid", msg("{name} does not work in this inbox and would not see this note.", name=name)
    )


async def tell(context: Context, note: dict[str, Any], mentions: Sequence[Mention]) -> None:
    """Let those who are mentioned know; an inbox is everybody who works in it. Not on a desk: what is told to
    others is none of its business."""
    if context.unit.optimistic or not mentions:
        return
    told = {one.id for one in mentions if one.kind in _PERSON}
    if any(one.kind == "inbox" for one in mentions):
        told |= set(await _people(context, note["inbox_id"]))
    told.discard(context.actor.user_id or note["id"])
    shared = {name: note[name] for name in ("conversation_id", "inbox_id", "created_at")}
    rows = [
        {"id": new_id(), "user_id": one, "message_id": note["id"], "seen_at": None, **shared}
        for one in sorted(told)
    ]
    await context.unit.insert(mention, rows)


async def see_mentions(context: Context, command: SeeMentions) -> None:
    """Note that the person has seen where they are mentioned in a conversation."""
    row = await conversation_of(context, command.conversation_id)
    unseen = select(mention.c.id).where(
        mention.c.conversation_id == row["id"],
        mention.c.user_id == context.actor.user_id,
        mention.c.seen_at.is_(None),
    )
    ids = list(await context.conn.scalars(unseen))
    await context.unit.update_many(mention, {one: {"seen_at": context.now} for one in ids})
