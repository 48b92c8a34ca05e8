"""The books of sending, as the command begins them that writes a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Context
from agentdesk.commands.values import SendReply
from agentdesk.store.bulk import insert_many
from agentdesk.store.tables import delivery_attempt, outbox

__all__ = ["enter", "is_shown", "queues"]

_QUEUED = "agentdesk_queued"


def queues(conn: AsyncConnection) -> bool:
    """Say whether a message was put into the outbox since this was asked of ``conn`` for the last time."""
    return bool(conn.info.pop(_QUEUED, False))


async def is_shown(context: Context, command: SendReply, values: Mapping[str, Any]) -> bool:
    """Whether the answer is before its reader as soon as the command is carried out, in one transaction:
    then nothing is in doubt."""
    if context.channels is None or command.files or context.sent_since is not None:
        return False
    return await context.channels.show(context, values)


async def enter(context: Context, values: Mapping[str, Any], *, shown: bool) -> None:
    """Enter the message in the books of sending: to be sent, or as what was ``shown`` already."""
    tried_at = context.now if shown else context.sent_since
    state = "done" if shown else "verify" if context.sent_since else "queued"
    row = {
        "message_id": values["id"],
        "account_id": values["account_id"],
        "key": values["external_id"],
        "state": state,
        "attempts": int(shown),
        "next_at": None if shown else context.now,
        "lease_token": 0,
        "first_attempt_at": tried_at,
        "last_attempt_at": tried_at if shown else None,
        "created_at": values["created_at"],
    }
    await insert_many(context.conn, outbox, [row])
    if not shown:
        context.conn.info[_QUEUED] = True
    if shown:
        attempt = {"id": new_id(), "message_id": values["id"], "number": 1, "lease_token": 0}
        times = {"started_at": context.now, "ended_at": context.now}
        attempt |= {**times, "outcome": "sent", "answer": ""}
        await insert_many(context.conn, delivery_attempt, [attempt])
