"""What agents do with the chat of a visitor besides answering."""

from __future__ import annotations

from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.conversation import change_status, refuse_unseen
from agentdesk.commands.rows import add_event, author_name, conversation_of
from agentdesk.commands.values import EndChat
from agentdesk.domain.conversation import EventKind, Status

__all__ = ["end_chat"]


async def end_chat(context: Context, command: EndChat) -> None:
    """End a chat, and resolve its conversation; refused (``stale``) where the visitor wrote meanwhile.

    Where it has ended already the conversation is resolved all the same.
    """
    row = await conversation_of(context, command.conversation_id)
    await refuse_unseen(context, row, command.seen_message_id)
    ended = True
    if not context.unit.optimistic:
        if context.channels is None:
            raise Refusal("invalid", msg("This server has no chats."))
        end = await context.channels.end_chat(context, row["id"], await author_name(context))
        if end is None:
            raise Refusal("invalid", msg("This conversation is no chat."))
        ended = end
    if ended:
        await add_event(context, row, EventKind.ENDED, {})
    await change_status(context, row, Status.RESOLVED)
