"""What people decide about messages that did not simply go out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, update

from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.rows import add_event, conversation_of, message_of
from agentdesk.commands.values import CheckDelivery, ConfirmDelivery, RetryDelivery
from agentdesk.domain.conversation import EventKind
from agentdesk.domain.delivery import DeliveryState, may_follow
from agentdesk.domain.message import Direction, Kind
from agentdesk.domain.revising import is_deleted
from agentdesk.store.tables import message, outbox


async def retry_delivery(context: Context, command: RetryDelivery) -> None:
    """Send a failed or uncertain message again, under its old key; one that waits for a try goes now.

    A decision that is offered again after a restore may have been carried out: it is looked up first.
    """
    row = await _outgoing(context, command.message_id)
    if row["delivery"] == DeliveryState.QUEUED:
        await _hurry(context, row["id"])
        return
    if context.sent_since is not None:
        await _decide(context, row, DeliveryState.VERIFY, "verify")
        return
    await _decide(context, row, DeliveryState.QUEUED, "queued")


async def confirm_delivery(context: Context, command: ConfirmDelivery) -> None:
    """Take a person's word that an uncertain message has arrived."""
    row = await _outgoing(context, command.message_id)
    await _decide(context, row, DeliveryState.SENT, "done")


async def check_delivery(context: Context, command: CheckDelivery) -> None:
    """Look an uncertain message up once more."""
    await look_up_again(context, command.message_id)


async def look_up_again(context: Context, message_id: UUID) -> None:
    """Let an uncertain message be looked up once more."""
    row = await _outgoing(context, message_id)
    await _decide(context, row, DeliveryState.VERIFY, "verify")


async def _outgoing(context: Context, message_id: UUID) -> RowMapping:
    row = await message_of(context, message_id)
    if row["direction"] != Direction.OUT or row["kind"] != Kind.MESSAGE:
        raise Refusal("invalid", msg("That message was not sent from here."))
    if is_deleted(row["revision"]):
        raise Refusal("gone", msg("This message was deleted."))
    return row


async def _decide(context: Context, row: RowMapping, then: DeliveryState, outbox_state: str) -> None:
    now = DeliveryState(row["delivery"])
    if now is then:
        return
    by_hand = now in (DeliveryState.FAILED, DeliveryState.UNCERTAIN)
    if not by_hand or not may_follow(now, then):
        raise Refusal("invalid", msg("The message is not waiting for a decision any more."))
    changes: dict[str, Any] = {"delivery": then.value, "delivery_at": context.now, "delivery_detail": None}
    await context.unit.update(message, row["id"], changes)
    conversation_row = await conversation_of(context, row["conversation_id"])
    data = {"message_id": str(row["id"]), "delivery": then.value, "before": now.value}
    await add_event(context, conversation_row, EventKind.DELIVERY, data)
    await _hand_over(context, row["id"], outbox_state)


async def _hurry(context: Context, message_id: UUID) -> None:
    if not context.unit.optimistic:
        waits = outbox.c.message_id == message_id, outbox.c.state == "queued"
        await context.conn.execute(update(outbox).where(*waits).values(next_at=context.now))


async def _hand_over(context: Context, message_id: UUID, state: str) -> None:
    if not context.unit.optimistic:
        values = {"state": state, "next_at": context.now, "first_attempt_at": None}
        if context.sent_since is not None:  # "not found" counts from now on only
            values["last_attempt_at"] = context.now
        await context.conn.execute(update(outbox).where(outbox.c.message_id == message_id).values(values))
