"""Raw input that could not be read."""

from __future__ import annotations

from sqlalchemy import update

from agentdesk.base.errors import NotFound
from agentdesk.commands.context import Context
from agentdesk.commands.rows import message_of
from agentdesk.commands.values import RetryItem
from agentdesk.store.tables import raw_item


async def retry_item(context: Context, command: RetryItem) -> None:
    """Have the original of a message interpreted again; what comes out takes the message's place."""
    row = await message_of(context, command.message_id)
    if row["raw_id"] is None:
        raise NotFound
    if context.unit.optimistic:
        return
    await context.conn.execute(
        update(raw_item)
        .where(raw_item.c.id == row["raw_id"], raw_item.c.state == "quarantined")
        .values(state="new", attempts=0)
    )
