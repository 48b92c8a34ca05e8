"""What a person has seen by opening a conversation."""

from __future__ import annotations

from agentdesk.commands.values import MarkRead, SeeMentions
from agentdesk.queries.rows import ConversationRow
from agentdesk.sync.desk import DeskPort

__all__ = ["mark_seen"]


async def mark_seen(desk: DeskPort, head: ConversationRow, *, quiet: bool = False) -> None:
    """Note that the customer's words, and what was said to this person in notes, were seen; ``quiet``: only
    the latter, the customer's words are for whoever has the conversation."""
    if head.unread and not quiet:
        await desk.do(MarkRead(conversation_id=head.id))
    if any(row.conversation_id == head.id for row in await desk.unseen_mentions()):
        await desk.do(SeeMentions(conversation_id=head.id))
