"""A copy of a chat by email, which its visitor or the team wants; it goes out like any message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentdesk.base.text import msg
from agentdesk.commands import reply
from agentdesk.commands.answering import written_before
from agentdesk.commands.context import Context, Copy, Refusal
from agentdesk.commands.rows import conversation_of, need_customer, next_moment
from agentdesk.commands.values import SendTranscript
from agentdesk.domain.chat import EMAIL
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Automatic, Kind
from agentdesk.domain.party import Party
from agentdesk.domain.recipients import looks_like_address
from agentdesk.store.tables import message

__all__ = ["TRANSCRIPT", "send_transcript"]

TRANSCRIPT = "transcript"
"""The rule by which such a message is in its conversation; its evidence is the session that it copies."""


async def send_transcript(context: Context, command: SendTranscript) -> None:
    """Send a copy of a conversation's chat to an address. On a desk nothing changes until the server has.

    The message holds its first sentence only: the lines of the chat are added when it goes out, and files
    that are dropped meanwhile are not in it. Nobody waits less for it: it answers nothing.
    """
    row = await conversation_of(context, command.conversation_id)
    await need_customer(context, row)
    if context.unit.optimistic or await written_before(context, command.message_id, row):
        return
    recipients = await reply.recipients_of(context, (command.to,))
    if not looks_like_address(command.to.value) or command.to.kind != EMAIL:
        raise Refusal("invalid", msg("{address} is not an email address.", address=command.to.value[:100]))
    copy = None if context.channels is None else await context.channels.copy_of_chat(context.conn, row["id"])
    if copy is None or context.channels is None:
        raise Refusal(
            "invalid",
            msg("There is no chat here that could be sent by email."),
            hint=msg("It needs an answer of the team, and a widget that names an email account."),
        )
    key = await context.channels.reserve_key(context.conn, copy.account_id, row["id"], command.message_id)
    values = _values(context, row, command, copy, recipients.to[0], key)
    await context.unit.insert(message, [values])
    await context.channels.link_to_chat(context.conn, copy.session_id, command.message_id)
    await reply.enqueue(context, values)


def _values(
    context: Context, row: Mapping[Any, Any], command: SendTranscript, copy: Copy, to: Party, key: str
) -> dict[str, Any]:
    moment = next_moment(context.now, row["last_message_at"])
    return {
        **reply.written_by(context, row, command.message_id, moment),
        "origin_id": None,
        "account_id": copy.account_id,
        "kind": Kind.MESSAGE.value,
        "automatic": Automatic.AUTO_GENERATED.value,
        "reason": {"rule": TRANSCRIPT, "evidence": copy.session_id.hex},
        "sender": {"kind": EMAIL, "value": copy.address, "name": copy.company},
        "to": [{"kind": to.kind, "value": to.value, "name": to.name}],
        "cc": [],
        "bcc": [],
        "subject": copy.subject,
        "text": copy.text,
        "html": "",
        "external_id": key,
        "references": [],
        "delivery": (DeliveryState.VERIFY if context.sent_since else DeliveryState.QUEUED).value,
        "delivery_at": context.now,
    }
