"""How customers find what was done for them: one line for each chat, and the last answer counts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.commands.arrival import Arrival
from agentdesk.commands.placing import happened
from agentdesk.domain.message import Author, Direction, Kind
from agentdesk.sdk.inbound import Rating
from agentdesk.store.tables import conversation, event, message, user
from agentdesk.store.unit import Unit

__all__ = ["rates", "write_ratings"]


def rates(arrival: Arrival) -> bool:
    """Say whether somebody rates something."""
    return arrival.inbound.happening is not None and arrival.inbound.happening.rating is not None


async def write_ratings(unit: Unit, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Write down what customers answered, each in place of an answer that they gave before."""
    for arrival in arrivals:
        happening, thread = arrival.inbound.happening, arrival.thread
        if arrival.end != "happened" or happening is None or happening.rating is None or thread is None:
            continue
        rating_id = uuid.uuid5(
            uuid.NAMESPACE_OID, f"rating {arrival.source.account_id} {happening.rating.key}"
        )
        before = await unit.conn.scalar(select(event.c.data).where(event.c.id == rating_id))
        if before is not None:
            whom = {name: before[name] for name in ("user_id", "user") if name in before}
            await unit.update(event, rating_id, {"data": {**_said(happening.rating), **whom}})
            continue
        line = happened(arrival, now)
        row = {
            "id": rating_id,
            "conversation_id": thread.id,
            "inbox_id": thread.inbox_id,
            "kind": line.kind.value,
            "author": line.author.value,
            "user_id": None,
            "data": {**_said(happening.rating), **await _about(unit.conn, thread.id)},
            "created_at": line.at,
        }
        await unit.insert(event, [row])


def _said(rating: Rating) -> dict[str, Any]:
    said = {"score": rating.score, "effort": rating.effort, "text": rating.text}
    return {name: value for name, value in said.items() if value not in (None, "")}


async def _about(conn: AsyncConnection, conversation_id: UUID) -> Mapping[str, str]:
    """Whom it is about: who answered last, else who has the conversation."""
    answers = (
        select(message.c.user_id)
        .where(
            message.c.conversation_id == conversation_id,
            message.c.direction == Direction.OUT,
            message.c.kind == Kind.MESSAGE,
            message.c.author == Author.USER,
        )
        .order_by(message.c.created_at.desc())
        .limit(1)
    )
    whom = await conn.scalar(answers)
    if whom is None:
        whom = await conn.scalar(
            select(conversation.c.assignee_id).where(conversation.c.id == conversation_id)
        )
    if whom is None:
        return {}
    name = await conn.scalar(select(user.c.name).where(user.c.id == whom))
    return {"user_id": str(whom), "user": name or ""}
