"""What a delivery report does to the message of ours that it speaks of (RFC 3464)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from agentdesk.base.text import msg
from agentdesk.commands.arrival import Arrival, Sent
from agentdesk.commands.placing import Event, reopen
from agentdesk.domain.conversation import EventKind
from agentdesk.domain.delivery import DeliveryState, may_follow
from agentdesk.domain.message import Author
from agentdesk.sdk.inbound import DeliveryReport, Report
from agentdesk.store.tables import contact_identity, message, outbox
from agentdesk.store.unit import Unit

_WORDS = {
    Report.FAILED: msg("The message did not reach {recipient}."),
    Report.DELAYED: msg("The message has not reached {recipient} yet; their server goes on trying."),
    Report.DELIVERED: msg("The message has reached {recipient}."),
    Report.READ: msg("{recipient} has seen the message."),
}
_STATES = {
    Report.FAILED: DeliveryState.FAILED,
    Report.DELIVERED: DeliveryState.DELIVERED,
    Report.READ: DeliveryState.READ,
}


async def apply_report(
    unit: Unit, arrival: Arrival, sent: Sent, report: DeliveryReport, now: datetime
) -> list[Event]:
    """Note on our message how it fared, and return what the transcript shall say.

    A failure opens the conversation again: the customer never saw the answer. A permanent one also marks the
    address. A delay only changes the words beside the tick.
    """
    detail = _detail(arrival, report)
    now_in = await unit.conn.scalar(select(message.c.delivery).where(message.c.id == sent.id))
    then = _STATES.get(report.report)
    changes: dict[str, Any] = {"delivery_detail": detail}
    moves = then is not None and now_in is not None and may_follow(DeliveryState(now_in), then)
    if then is not None and moves:
        changes |= {"delivery": then.value, "delivery_at": now}
        await unit.conn.execute(
            update(outbox).where(outbox.c.message_id == sent.id).values(state="done", next_at=None)
        )
    elif then is not None:
        return []
    await unit.update(message, sent.id, changes)
    if report.report is not Report.FAILED:
        return []
    if report.permanent:
        await _mark_address(unit, sent, report, detail)
    events: list[Event] = []
    data = {"message_id": str(sent.id), "delivery": DeliveryState.FAILED.value}
    events.append(Event(sent.thread, EventKind.DELIVERY, data, at=now))
    reopen(sent.thread, events, Author.SYSTEM, now)
    sent.thread.unread = True
    return events


def _detail(arrival: Arrival, report: DeliveryReport) -> dict[str, Any]:
    return {
        "text": _WORDS[report.report].text,
        "args": {"recipient": report.recipient or "?"},
        "words": f"{report.status} {report.words}".strip(),
        "raw_id": str(arrival.raw_id),
    }


async def _mark_address(unit: Unit, sent: Sent, report: DeliveryReport, detail: dict[str, Any]) -> None:
    """Mark the address that does not work, if it is one that we wrote to: a report may name any."""
    address = report.recipient.strip().lower()
    row = (
        await unit.conn.execute(
            select(message.c.to, message.c.cc, message.c.bcc).where(message.c.id == sent.id)
        )
    ).one()
    written_to = {p["value"].lower(): p["kind"] for p in (*row.to, *row.cc, *row.bcc)}
    if address not in written_to:
        return
    identity = await unit.conn.scalar(
        select(contact_identity.c.id).where(
            contact_identity.c.kind == written_to[address], contact_identity.c.value == address
        )
    )
    if identity is not None:
        bouncing = {name: detail[name] for name in ("text", "args", "words")}
        await unit.update(contact_identity, identity, {"bouncing": bouncing})
