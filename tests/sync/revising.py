"""Answers that are changed and taken back in a random history, and what they must say at its end."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from agentdesk.base.ids import new_id
from agentdesk.commands.values import Answer, AnyCommand, DeleteReply, EditReply, SendReply
from agentdesk.domain.party import Party
from agentdesk.store.tables import applied_command, conversation, message
from tests.sync.world import SimDesk, World

REVISIONS = EditReply, DeleteReply


async def revision(
    desk: SimDesk, rng: random.Random, ours: Collection[UUID]
) -> EditReply | DeleteReply | SendReply | None:
    """A change to an answer of ``ours`` that the desk shows, mostly to one of its agent's own that has gone
    out; where there is none of those, an answer of theirs; None where there is nothing to answer."""
    mine = desk.world.actors[desk.token].user_id
    columns = message.c.id, message.c.conversation_id, message.c.user_id, message.c.delivery
    async with desk.replica.read() as conn:
        shown = await conn.execute(select(*columns).where(message.c.id.in_(ours)).order_by(message.c.id))
        rows = shown.all()
        places = list(await conn.scalars(select(conversation.c.id).order_by(conversation.c.id)))
    fits = [row for row in rows if row.user_id == mine and row.delivery == "sent"]
    if not fits and places and rng.random() < 0.8:
        text, to = f"answer {rng.random()}", (Party("email", "customer@else.test", "Customer"),)
        return SendReply(message_id=new_id(), conversation_id=rng.choice(places), to=to, text=text)
    if not rows:
        return None
    row = rng.choice(fits if fits and rng.random() < 0.9 else rows)
    if rng.random() < 0.25:
        return DeleteReply(conversation_id=row.conversation_id, message_id=row.id)
    changed = f"changed {rng.random()}"
    return EditReply(conversation_id=row.conversation_id, message_id=row.id, text=changed)


async def check_revised(world: World, made: Mapping[UUID, AnyCommand]) -> int:
    """Each answer says what the last of its changes that was carried out says, and remembers each of them
    once; what was taken back says nothing. Returns how many were carried out."""
    first = {one.message_id: one.text for one in made.values() if isinstance(one, SendReply)}
    async with world.db.read() as conn:
        applied = (await conn.execute(select(applied_command).order_by(applied_command.c.number))).all()
        found = await conn.execute(select(message).where(message.c.id.in_(first)))
        rows = {row.id: row for row in found}
    done = [
        command
        for row in applied
        if isinstance(command := made.get(row.id), REVISIONS)
        and msgspec.msgpack.decode(row.answer, type=Answer).outcome == "done"
    ]
    done.sort(key=lambda one: one.message_id)  # which leaves those of one message in their order
    for message_id, group in groupby(done, lambda one: one.message_id):
        _check(rows[message_id], first[message_id], list(group))
    revised = {one.message_id for one in done}
    assert not [row for row in rows.values() if row.revision and row.id not in revised]
    return len(done)


def _check(row: Any, first: str, changes: list[AnyCommand]) -> None:
    edits = [one.text for one in changes if isinstance(one, EditReply)]
    said = [first, *edits]
    if isinstance(changes[-1], DeleteReply):
        assert (row.text, row.revision["state"]) == ("", "deleted"), changes
        assert "earlier" not in row.revision
    else:
        assert (row.text, row.revision["state"]) == (said[-1], "edited"), changes
        assert [one["text"] for one in row.revision["earlier"]] == said[:-1], changes
    assert sum(isinstance(one, DeleteReply) for one in changes) <= 1
