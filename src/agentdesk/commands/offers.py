"""A waiting conversation that somebody was asked to take: taking or declining it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from agentdesk.base.errors import NotFound
from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.conversation import assign
from agentdesk.commands.handing import not_taken
from agentdesk.commands.rows import conversation_of
from agentdesk.commands.values import AnswerOffer, Assign
from agentdesk.domain.conversation import HandingOver
from agentdesk.domain.routing import OfferState
from agentdesk.store.tables import offer

__all__ = ["answer_offer"]


async def _take(context: Context, row: Row[Any]) -> None:
    """Take what ``row`` offers: from whoever hands it over, where somebody does and still wants to."""
    held = None
    if row.from_id is not None:
        before = await conversation_of(context, row.conversation_id)
        if before["asked_id"] != context.actor.user_id:
            raise Refusal("taken", msg("This conversation is not handed to you any more."))
        held = before["assignee_id"]
    me = context.actor.user_id
    await assign(context, Assign(conversation_id=row.conversation_id, assignee_id=me, seen_assignee_id=held))


async def answer_offer(context: Context, command: AnswerOffer) -> None:
    """Take a conversation or decline it; refused (``taken``) where the offer does not stand any more. It
    stands until the server has asked somebody else, also when the time is over."""
    mine = offer.c.id == command.offer_id, offer.c.user_id == context.actor.user_id
    row = (await context.conn.execute(select(offer).where(*mine).with_for_update())).first()
    if row is None:
        raise NotFound(msg("This was not offered to you."))
    wanted = OfferState.ACCEPTED if command.accepted else OfferState.DECLINED
    if row.state == wanted:
        return
    if row.state != OfferState.OPEN:
        if not command.accepted:
            return  # nobody waits for this answer any more
        raise Refusal("taken", msg("This chat was offered to somebody else meanwhile."))
    if command.accepted:
        await _take(context, row)
    elif row.from_id is not None:
        await not_taken(context, row, HandingOver.DECLINED)
    await context.unit.update(offer, row.id, {"state": wanted.value})
