"""What is done with customers' posts at their network."""

from __future__ import annotations

from agentdesk.commands.values import HidePost, LikePost, ReportPost
from agentdesk.queries.rows import MessageRow
from agentdesk.server.api.handlers import execute
from agentdesk.server.api.operations import Call
from agentdesk.server.api.revising import seen_message
from agentdesk.server.api.values import Complaint, Hiding, Liking, Nothing

__all__ = ["hide_post", "like_post", "report_post"]


async def like_post(call: Call[Nothing, Liking]) -> MessageRow:
    """Like a post, or take that back."""
    place = (await seen_message(call)).conversation_id
    await execute(call, LikePost(conversation_id=place, message_id=call.id, liked=call.body.liked))
    return await seen_message(call)


async def hide_post(call: Call[Nothing, Hiding]) -> MessageRow:
    """Hide a post from others, or show it again."""
    place = (await seen_message(call)).conversation_id
    await execute(call, HidePost(conversation_id=place, message_id=call.id, hidden=call.body.hidden))
    return await seen_message(call)


async def report_post(call: Call[Nothing, Complaint]) -> MessageRow:
    """Report a post to its network."""
    place = (await seen_message(call)).conversation_id
    await execute(call, ReportPost(conversation_id=place, message_id=call.id, reason=call.body.reason))
    return await seen_message(call)
