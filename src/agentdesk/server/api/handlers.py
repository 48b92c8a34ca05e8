"""What each operation of the REST API does."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import (
    AddNote,
    Answer,
    AnyCommand,
    Assign,
    EndChat,
    Envelope,
    File,
    SendReply,
    SetStatus,
    Text,
)
from agentdesk.domain.conversation import Status
from agentdesk.domain.message import Direction, Kind
from agentdesk.domain.party import Party
from agentdesk.domain.portraits import ADDRESS
from agentdesk.queries import conversation as conversations
from agentdesk.queries import queue, team
from agentdesk.queries.rows import AttachmentRow, MessageRow, QueueRow
from agentdesk.server.api.operations import ApiError, Call, FileAnswer, Services
from agentdesk.server.api.privacy import note_reading
from agentdesk.server.api.values import (
    Channels,
    ConversationPage,
    ConversationWhole,
    Created,
    Inboxes,
    ListConversations,
    NewAssignee,
    NewMessage,
    NewStatus,
    Nothing,
    Opened,
    People,
    Person,
    Recipient,
    Snoozed,
)
from agentdesk.server.housekeeping import keep_longer
from agentdesk.store import blobs

_REFUSED = {"gone": 404, "not_allowed": 403, "invalid": 422}
_PAGE = 500
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)


async def list_conversations(call: Call[ListConversations, Nothing]) -> ConversationPage:
    """One page of conversations, the one that changed last first."""
    query = call.query
    async with call.services.db.read() as conn:
        rows, next_cursor = await queue.page(
            conn,
            status=query.status,
            inbox_id=query.inbox,
            assignee_id=query.assignee,
            updated_since=_storable_moment(query.updated_since),
            cursor=query.cursor,
            limit=query.limit,
            inboxes=call.actor.inboxes,
        )
    return ConversationPage(conversations=tuple(rows), next_cursor=next_cursor)


async def get_conversation(call: Call[Nothing, Nothing]) -> ConversationWhole:
    """One conversation with all its messages."""
    async with call.services.db.read(snapshot=True) as conn:
        row = await visible(conn, call, call.id)
        timeline = await conversations.timeline(conn, call.id, None, _PAGE)
        messages, events = list(timeline.messages), list(timeline.events)
        while timeline.older:
            timeline = await conversations.timeline(conn, call.id, timeline.messages[0].id, _PAGE)
            messages[:0] = timeline.messages
            events[:0] = timeline.events
    await note_reading(call, call.id, "conversation")
    return ConversationWhole(conversation=row, messages=tuple(messages), events=tuple(events))


async def download_attachment(call: Call[Nothing, Nothing]) -> FileAnswer:
    """The content of an attachment."""
    async with call.services.db.read() as conn:
        found = await conversations.attachment(conn, call.id)
        if found is None:
            raise not_found()
        conversation_id = await _conversation_of(conn, found)
        await visible(conn, call, conversation_id)
        content = await blobs.get(conn, found.blob)
    if content is None:
        raise not_found()
    await note_reading(call, conversation_id, "attachment")
    return FileAnswer(found.name, content)


async def post_message(call: Call[Nothing, NewMessage]) -> Created:
    """Send a reply or add a note."""
    body = call.body
    command_id, message_id = _ids(call)
    async with call.services.db.read() as conn:
        await visible(conn, call, call.id)
        to = _parties(body.to) or await _last_writer(conn, call.id)
        repeated = call.key is not None and await conversations.message(conn, message_id) is not None
    if body.type == "reply" and not to:
        raise ApiError(422, "no_recipient", msg("Nobody to answer: name a recipient."))
    files = await _keep_files(call.services, body)
    await execute(call, _message_command(call, message_id, to, files), command_id)
    async with call.services.db.read() as conn:
        made = await conversations.message(conn, message_id)
    if made is None:
        raise ApiError(
            409,
            "key_reused",
            msg("This Idempotency-Key was used for another message."),
            msg("Use a new one."),
        )
    return Created(message=made, repeated=repeated)


async def assign(call: Call[Nothing, NewAssignee]) -> QueueRow:
    """Give the conversation to somebody, or to nobody."""
    async with call.services.db.read() as conn:
        row = await visible(conn, call, call.id)
    command = Assign(
        conversation_id=call.id, assignee_id=call.body.assignee_id, seen_assignee_id=row.assignee_id
    )
    await execute(call, command)
    return await _row(call)


async def set_status(call: Call[Nothing, NewStatus]) -> QueueRow:
    """Resolve, reopen or snooze the conversation."""
    async with call.services.db.read() as conn:
        await visible(conn, call, call.id)
    await execute(call, _status_command(call.id, call.body))
    return await _row(call)


async def end_chat(call: Call[Nothing, Nothing]) -> QueueRow:
    """End the chat of the conversation."""
    async with call.services.db.read() as conn:
        await visible(conn, call, call.id)
    await execute(call, EndChat(conversation_id=call.id))
    return await _row(call)


def _status_command(conversation_id: UUID, wanted: NewStatus) -> SetStatus:
    if isinstance(wanted, Snoozed):
        until = _storable_moment(wanted.snoozed_until)
        return SetStatus(conversation_id=conversation_id, status=Status.SNOOZED, snoozed_until=until)
    status = Status.OPEN if isinstance(wanted, Opened) else Status.RESOLVED
    return SetStatus(conversation_id=conversation_id, status=status)


async def list_inboxes(call: Call[Nothing, Nothing]) -> Inboxes:
    """All inboxes that may be seen."""
    async with call.services.db.read() as conn:
        rows = await team.inboxes(conn)
    allowed = call.actor.inboxes
    return Inboxes(inboxes=tuple(r for r in rows if allowed is None or r.id in allowed))


async def list_users(call: Call[Nothing, Nothing]) -> People:
    """Everybody who works here."""
    async with call.services.db.read() as conn:
        rows, faces = await team.users(conn), await team.faces(conn)
    shown = ((row, faces.get(row.id) if row.active else None) for row in rows)
    return People(
        users=tuple(
            Person(**msgspec.structs.asdict(row), picture=f"{ADDRESS}/{face}" if face else None)
            for row, face in shown
        )
    )


async def list_channels(call: Call[Nothing, Nothing]) -> Channels:
    """All accounts of channels and how they are doing."""
    async with call.services.db.read() as conn:
        rows = await team.accounts(conn)
    allowed = call.actor.inboxes
    return Channels(channels=tuple(r for r in rows if allowed is None or r.inbox_id in allowed))


def _storable_moment(moment: datetime | None) -> datetime | None:
    """The nearest moment that every database and every time zone can tell, for one at the ends of time."""
    return None if moment is None else min(max(moment, _EARLIEST), _LATEST)


def _message_command(
    call: Call[Nothing, NewMessage], message_id: UUID, to: tuple[Party, ...], files: tuple[File, ...]
) -> AnyCommand:
    body = call.body
    if body.type == "note":
        return AddNote(message_id=message_id, conversation_id=call.id, text=body.text, files=files)
    return SendReply(
        message_id=message_id,
        conversation_id=call.id,
        to=to,
        cc=_parties(body.cc),
        bcc=_parties(body.bcc),
        subject=body.subject,
        text=body.text,
        html=body.html,
        files=files,
        seen_message_id=body.seen_message_id,
        anyway=body.seen_message_id is None,
        visibility=body.visibility or "",
        in_reply_to=body.in_reply_to,
    )


def _ids(call: Call[Nothing, NewMessage]) -> tuple[UUID, UUID]:
    """Ids of command and message: from the key where there is one, so that a repeat finds the first, and
    another message under the same key finds nothing."""
    if call.key is None:
        return new_id(), new_id()
    content = hashlib.sha256(msgspec.json.encode(call.body)).hexdigest()
    whole = f"{call.key}/{call.id}/{content}"
    return uuid.uuid5(uuid.NAMESPACE_URL, call.key), uuid.uuid5(uuid.NAMESPACE_OID, whole)


async def execute(call: Call[Nothing, Any], command: AnyCommand, command_id: UUID | None = None) -> Answer:
    """Have a command applied in the name of who asks. Raises ApiError where it is refused."""
    envelope = Envelope(id=command_id or new_id(), command=command, issued_at=clock.now())
    answer = await call.services.executor.execute(envelope, call.actor)
    if answer.outcome == "try_later":
        raise ApiError(503, "try_later", _message(answer.reason), msg("Try again in a moment."))
    if answer.outcome == "refused":
        raise ApiError(_REFUSED.get(answer.code, 409), answer.code, _message(answer.reason))
    return answer


def _message(reason: Text | None) -> Msg:
    if reason is None:
        return msg("The change was not accepted.")
    return Msg(reason.text, reason.args, reason.many, reason.count)


async def visible(conn: AsyncConnection, call: Call[Any, Any], conversation_id: UUID) -> QueueRow:
    """Return a conversation. Raises ApiError where there is none that may be seen."""
    rows = await queue.queue_rows(conn, [conversation_id])
    allowed = call.actor.inboxes
    if not rows or (allowed is not None and rows[0].inbox_id not in allowed):
        raise not_found()
    return rows[0]


async def _row(call: Call[Nothing, Any]) -> QueueRow:
    async with call.services.db.read() as conn:
        return await visible(conn, call, call.id)


async def _conversation_of(conn: AsyncConnection, found: AttachmentRow) -> UUID:
    message: MessageRow | None = await conversations.message(conn, found.message_id)
    if message is None:
        raise not_found()
    return message.conversation_id


async def _last_writer(conn: AsyncConnection, conversation_id: UUID) -> tuple[Party, ...]:
    timeline = await conversations.timeline(conn, conversation_id, None, _PAGE)
    for message in reversed(timeline.messages):
        if message.direction == Direction.IN and message.kind == Kind.MESSAGE and message.sender:
            return message.reply_to or (message.sender,)
    return ()


def _parties(recipients: tuple[Recipient, ...]) -> tuple[Party, ...]:
    return tuple(Party("email", r.address, r.name) for r in recipients)


async def _keep_files(services: Services, body: NewMessage) -> tuple[File, ...]:
    if not body.files:
        return ()
    decoded = [(upload, base64.b64decode(upload.content)) for upload in body.files]
    contents = {blobs.hash_of(content): content for _, content in decoded}
    async with services.db.write() as conn:
        await blobs.put_many(conn, contents, clock.now())
        await keep_longer(conn, list(contents))
    return tuple(
        File(
            id=new_id(),
            name=upload.name,
            media_type=upload.media_type,
            size=len(content),
            blob=blobs.hash_of(content),
        )
        for upload, content in decoded
    )


def not_found() -> ApiError:
    """Return the error for what does not exist, or is none of theirs."""
    return ApiError(404, "gone", msg("It does not exist, or you may not see it."))
