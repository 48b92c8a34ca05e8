"""From the rows of a message to what a connector sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import NotFound
from agentdesk.base.secrets import Vault
from agentdesk.base.text import msg
from agentdesk.domain.message import Automatic, Kind
from agentdesk.domain.party import Party
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk.server.signing import sign_conversation
from agentdesk.store import blobs
from agentdesk.store.tables import attachment, message, outbox

MOST_BYTES = 100 * 1024 * 1024


async def outbound_of(conn: AsyncConnection, vault: Vault, message_id: UUID) -> Outbound:
    """Return the message as its channel gets it: the same for each attempt.

    Raises NotFound where it is gone, and Rejected where a file is missing or too much is attached.
    """
    row = (
        (
            await conn.execute(
                select(message, outbox.c.key)
                .join(outbox, outbox.c.message_id == message.c.id)
                .where(message.c.id == message_id, message.c.kind == Kind.MESSAGE)
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound
    references: Sequence[str] = row["references"]
    return Outbound(
        message_id=row["id"],
        key=row["key"],
        to=_parties(row["to"]),
        cc=_parties(row["cc"]),
        bcc=_parties(row["bcc"]),
        subject=row["subject"],
        text=row["text"],
        html=row["html"],
        created_at=row["created_at"],
        sender_name=_sender_name(row),
        references=tuple(references),
        in_reply_to=references[-1] if references else "",
        thread_token=sign_conversation(vault, row["conversation_id"]),
        attachments=await _attachments(conn, message_id),
        automatic=row["automatic"] != Automatic.NO,
    )


def _parties(values: Sequence[Mapping[str, str]]) -> tuple[Party, ...]:
    return tuple(Party(v["kind"], v["value"], v["name"]) for v in values)


def _sender_name(row: RowMapping) -> str:
    sender: Mapping[str, str] | None = row["sender"]
    return sender["name"] if sender else ""


async def _attachments(conn: AsyncConnection, message_id: UUID) -> tuple[OutboundAttachment, ...]:
    rows = (
        await conn.execute(
            select(attachment).where(attachment.c.message_id == message_id).order_by(attachment.c.position)
        )
    ).all()
    if sum(row.size for row in rows) > MOST_BYTES:
        raise Rejected(msg("The attached files are too large."))
    files = []
    for row in rows:
        content = await blobs.get(conn, row.blob)
        if content is None:
            raise Rejected(msg("The file {name} is missing.", name=row.name))
        files.append(OutboundAttachment(row.name, row.media_type, bytes(content), row.content_id))
    return tuple(files)
