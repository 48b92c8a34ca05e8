"""Answers that who wrote them changes or takes back."""

from __future__ import annotations

from typing import Any

from agentdesk.commands.values import DeleteReply, EditReply
from agentdesk.queries import conversation as conversations
from agentdesk.queries.rows import MessageRow
from agentdesk.server.api.handlers import execute, not_found, visible
from agentdesk.server.api.operations import Call
from agentdesk.server.api.values import NewText, Nothing

__all__ = ["delete_message", "edit_message", "seen_message"]


async def edit_message(call: Call[Nothing, NewText]) -> MessageRow:
    """Let a message say something else."""
    place = (await seen_message(call)).conversation_id
    await execute(call, EditReply(conversation_id=place, message_id=call.id, text=call.body.text))
    return await seen_message(call)


async def delete_message(call: Call[Nothing, Nothing]) -> MessageRow:
    """Take a message back; what is left of it says so."""
    place = (await seen_message(call)).conversation_id
    await execute(call, DeleteReply(conversation_id=place, message_id=call.id))
    return await seen_message(call)


async def seen_message(call: Call[Nothing, Any]) -> MessageRow:
    """Return the message that a call is about. Raises ApiError where who asks may not see it."""
    async with call.services.db.read() as conn:
        found = await conversations.message(conn, call.id)
        if found is None:
            raise not_found()
        await visible(conn, call, found.conversation_id)
    return found
