"""From the rows of a message to what a connector sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import NotFound
from agentdesk.base.secrets import Vault
from agentdesk.base.text import msg
from agentdesk.commands.transcript import TRANSCRIPT
from agentdesk.domain.chat import CHANNEL, EMAIL
from agentdesk.domain.extras import Extras, extras_of, spelled_out
from agentdesk.domain.message import Automatic, Kind
from agentdesk.domain.party import Party
from agentdesk.domain.posts import Visibility, post_of
from agentdesk.sdk.discover import connector
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.manifest import EXTRAS
from agentdesk.sdk.outbound import Outbound, OutboundAttachment
from agentdesk.server.chat.links import link_of
from agentdesk.server.chat.mailing import Written, below
from agentdesk.server.chat.transcript import written_out
from agentdesk.server.signing import sign_conversation
from agentdesk.store import blobs
from agentdesk.store.tables import account, attachment, conversation, message, outbox

MOST_BYTES = 100 * 1024 * 1024


async def outbound_of(conn: AsyncConnection, vault: Vault, message_id: UUID) -> Outbound:
    """Return the message as its channel gets it: the same for each attempt.

    Raises NotFound where it is gone, and Rejected where a file is missing or too much is attached.
    """
    row = (
        (
            await conn.execute(
                select(message, outbox.c.key, account.c.channel, conversation.c.channel.label("begun_in"))
                .join(outbox, outbox.c.message_id == message.c.id)
                .join(account, account.c.id == outbox.c.account_id)
                .join(conversation, conversation.c.id == message.c.conversation_id)
                .where(message.c.id == message_id, message.c.kind == Kind.MESSAGE)
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound
    attachments = await _attachments(conn, message_id)
    words = await _words(conn, vault, row)
    outbound = outbound_from(vault, row, row["key"], words, attachments)
    return outbound if _offers(row) else replace(outbound, extras=Extras())


def outbound_from(
    vault: Vault,
    row: Mapping[Any, Any],
    key: str,
    words: Written | None = None,
    attachments: tuple[OutboundAttachment, ...] = (),
) -> Outbound:
    """Return the message whose ``row`` it is as its channel gets it; ``words`` stand in place of its own."""
    references: Sequence[str] = row["references"]
    post = post_of(row.get("post"))
    return Outbound(
        message_id=row["id"],
        key=key,
        to=_parties(row["to"]),
        cc=_parties(row["cc"]),
        bcc=_parties(row["bcc"]),
        subject=row["subject"],
        text=row["text"] if words is None else words.text,
        html=row["html"] if words is None else words.html,
        created_at=row["created_at"],
        sender_name=_sender_name(row),
        references=tuple(references),
        in_reply_to=post.parent if post else references[-1] if references else "",
        visibility=post.visibility if post else Visibility.PRIVATE,
        root=post.root if post else "",
        warning=post.warning if post else "",
        thread_token=sign_conversation(vault, row["conversation_id"]),
        attachments=attachments,
        automatic=row["automatic"] != Automatic.NO,
        extras=extras_of(row["extras"]),
    )


def _offers(row: RowMapping) -> bool:
    """Whether the channel shows answers and cards as such."""
    return EXTRAS in connector(row["channel"]).manifest.can


async def _words(conn: AsyncConnection, vault: Vault, row: RowMapping) -> Written:
    """The content: as it was written, but where a chat goes on by email, or a copy of it is sent."""
    if row["reason"]["rule"] == TRANSCRIPT:
        return await written_out(conn, vault, dict(row), await link_of(conn, vault, row["id"]))
    text, html = row["text"], row["html"]
    if row["extras"] and not _offers(row):
        text, html = spelled_out(text, extras_of(row["extras"])), ""
    if (row["begun_in"], row["channel"]) != (CHANNEL, EMAIL):
        return Written(text, html)
    after = await below(conn, dict(row), await link_of(conn, vault, row["id"]))
    return Written(text + after.text, html and html + after.html)


def _parties(values: Sequence[Mapping[str, str]]) -> tuple[Party, ...]:
    return tuple(Party(v["kind"], v["value"], v["name"]) for v in values)


def _sender_name(row: Mapping[Any, Any]) -> str:
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
        files.append(
            OutboundAttachment(row.name, row.media_type, bytes(content), row.content_id, row.alt or "")
        )
    return tuple(files)
