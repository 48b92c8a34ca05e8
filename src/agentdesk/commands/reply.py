"""Answers to customers, and notes that stay in the team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select

from agentdesk.base.text import msg
from agentdesk.commands import mentions
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.conversation import change_status
from agentdesk.commands.rows import (
    author_name,
    conversation_of,
    need_customer,
    newer_messages,
    next_moment,
    preview_of,
)
from agentdesk.commands.values import AddNote, File, SendReply
from agentdesk.domain.cleaning import one_line, storable
from agentdesk.domain.conversation import Status
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Automatic, Direction, Kind
from agentdesk.domain.party import Party
from agentdesk.domain.recipients import (
    LONGEST_ADDRESS,
    MOST_RECIPIENTS,
    cleaned,
    mailbox_of,
    without,
    without_repeats,
)
from agentdesk.domain.subjects import answer_subject
from agentdesk.store import search
from agentdesk.store.tables import account, attachment, blob, conversation, message, outbox

LONGEST_TEXT = 1_000_000
MOST_FILES = 100
_LONGEST_SUBJECT = 900
_MOST_REFERENCES = 50


@dataclass(frozen=True, slots=True)
class _Recipients:
    to: tuple[Party, ...]
    cc: tuple[Party, ...]
    bcc: tuple[Party, ...]


async def send_reply(context: Context, command: SendReply) -> None:
    """Answer the customer.

    Refused (``stale_reply``) where the customer or a colleague wrote something that the author had not seen,
    unless meant ``anyway``, or it may have gone out already: then it is looked up. On the server the message
    gets its key and its place in the outbox.
    """
    row = await conversation_of(context, command.conversation_id)
    await need_customer(context, row)
    if await _written_before(context, command.message_id, row):
        return
    origin_id = await _origin(context, command, row)
    account_row = await _account(context, row, origin_id)
    recipients = await _recipients(context, command)
    text, html = _body(command.text, command.html, bool(command.files))
    said = command.anyway or context.sent_since is not None
    if command.seen_message_id is not None and not said:
        newer = await newer_messages(context, row["id"], command.seen_message_id, colleagues=True)
        if newer:
            raise Refusal("stale_reply", msg("There is something newer in this conversation."), newer=newer)
    references = await _references(context, command, row, origin_id)
    moment = next_moment(context.now, row["last_message_at"])
    key = ""
    if not context.unit.optimistic:
        key = await _reserve_key(context, command, origin_id or row["id"], account_row)
    values = {
        **_written_by(context, row, command.message_id, moment),
        "origin_id": origin_id,
        "account_id": account_row["id"],
        "kind": Kind.MESSAGE.value,
        "sender": {
            "kind": recipients.to[0].kind,
            "value": account_row["address"],
            "name": await author_name(context) or account_row["name"],
        },
        "to": _as_json(recipients.to),
        "cc": _as_json(recipients.cc),
        "bcc": _as_json(recipients.bcc),
        "subject": one_line(command.subject, _LONGEST_SUBJECT) or answer_subject(row["subject"]),
        "text": text,
        "html": html,
        "external_id": key,
        "references": references,
        "delivery": (DeliveryState.VERIFY if context.sent_since else DeliveryState.QUEUED).value,
        "delivery_at": context.now,
    }
    await context.unit.insert(message, [values])
    await _attach(context, row, command.message_id, command.files)
    if not context.unit.optimistic:
        await _enqueue(context, values, key)
    await _answered(context, row, values)
    if command.then_status:
        await _then(context, row, command.then_status)


async def add_note(context: Context, command: AddNote) -> None:
    """Write something that only the team sees: it has no recipients and never enters the outbox."""
    row = await conversation_of(context, command.conversation_id)
    await need_customer(context, row)
    if await _written_before(context, command.message_id, row):
        return
    text, _ = _body(command.text, "", bool(command.files))
    mentioned = await mentions.checked(context, row, command.mentions)
    values = {
        **_written_by(context, row, command.message_id, next_moment(context.now, row["last_message_at"])),
        "origin_id": command.conversation_id if command.conversation_id != row["id"] else None,
        "account_id": None,
        "kind": Kind.NOTE.value,
        "sender": None,
        "to": [],
        "cc": [],
        "bcc": [],
        "subject": "",
        "text": text,
        "html": "",
        "external_id": "",
        "references": [],
        "delivery": "",
        "delivery_at": None,
        "mentions": mentioned or None,
    }
    await context.unit.insert(message, [values])
    await mentions.tell(context, values, command.mentions)
    await _attach(context, row, command.message_id, command.files)
    await _index(context, values)


async def _written_before(context: Context, message_id: Any, row: Mapping[Any, Any]) -> bool:
    """Whether this very message is there already: asked for twice under two command ids."""
    found = await context.conn.scalar(select(message.c.conversation_id).where(message.c.id == message_id))
    if found is not None and found != row["id"]:
        raise Refusal("invalid", msg("A message of that id is already elsewhere."))
    return found is not None


async def _origin(context: Context, command: SendReply, row: Mapping[Any, Any]) -> UUID | None:
    """Which of the conversations that were merged into ``row`` an answer belongs to: that of the message it
    answers; None for ``row`` itself."""
    answers = (
        select(message.c.origin_id)
        .where(message.c.conversation_id == row["id"], message.c.kind == Kind.MESSAGE)
        .order_by(message.c.created_at.desc(), message.c.id.desc())
        .limit(1)
    )
    named = (await context.conn.execute(answers.where(message.c.id == command.in_reply_to))).first()
    if named is not None:
        origin: UUID | None = named.origin_id
    elif command.conversation_id != row["id"]:
        origin = command.conversation_id
    else:
        origin = await context.conn.scalar(answers.where(message.c.direction == Direction.IN))
    return origin


async def _account(context: Context, row: Mapping[Any, Any], origin_id: UUID | None) -> RowMapping:
    """The account through which an answer goes: the one that the customer wrote to."""
    found, account_id = None, row["account_id"]
    if origin_id is not None:
        theirs = select(conversation.c.account_id).where(conversation.c.id == origin_id)
        account_id = await context.conn.scalar(theirs) or account_id
    if account_id is not None:
        statement = select(account).where(account.c.id == account_id)
        found = (await context.conn.execute(statement)).mappings().first()
    if found is None:
        raise Refusal("invalid", msg("This conversation has no channel to answer through."))
    return found


async def _recipients(context: Context, command: SendReply) -> _Recipients:
    own = {mailbox_of(address) for address in await context.conn.scalars(select(account.c.address))}
    to = without(cleaned(command.to), own)
    cc = without_repeats(without(cleaned(command.cc), own), to)
    bcc = without_repeats(without(cleaned(command.bcc), own), (*to, *cc))
    if not to:
        raise Refusal("invalid", msg("Nobody would receive this answer."), hint=msg("Add a recipient."))
    everybody = (*to, *cc, *bcc)
    if len(everybody) > MOST_RECIPIENTS:
        raise Refusal("invalid", msg("An answer may go to {count} people at most.", count=MOST_RECIPIENTS))
    for party in everybody:
        if len(party.value) > LONGEST_ADDRESS:
            raise Refusal("invalid", msg("{value} cannot be written to.", value=party.value[:60]))
    return _Recipients(to, cc, bcc)


def _body(text: str, html: str, has_files: bool) -> tuple[str, str]:
    text, html = storable(text), storable(html)
    if len(text) > LONGEST_TEXT or len(html) > LONGEST_TEXT * 2:
        raise Refusal("invalid", msg("The text is too long."))
    if not text.strip() and not has_files:
        raise Refusal("invalid", msg("There is no text yet."))
    return text, html


async def _references(
    context: Context, command: SendReply, row: Mapping[Any, Any], origin_id: UUID | None
) -> list[str]:
    """External ids of what was written before, oldest first, the one answered last (RFC 5322, 3.6.4)."""
    found = await context.conn.execute(
        select(message.c.id, message.c.external_id, message.c.direction)
        .where(
            message.c.conversation_id == row["id"],
            message.c.origin_id.is_not_distinct_from(origin_id),
            message.c.kind == Kind.MESSAGE,
            message.c.external_id != "",
        )
        .order_by(message.c.created_at, message.c.id)
    )
    before = found.all()
    answered = next((m.external_id for m in before if m.id == command.in_reply_to), None)
    if answered is None:
        answered = next((m.external_id for m in reversed(before) if m.direction == Direction.IN), None)
    ids = [i for i in dict.fromkeys(m.external_id for m in before) if i != answered]
    if len(ids) >= _MOST_REFERENCES:
        ids = [ids[0], *ids[2 - _MOST_REFERENCES :]]
    return [*ids, answered] if answered else ids


def _written_by(context: Context, row: Mapping[Any, Any], message_id: Any, moment: Any) -> dict[str, Any]:
    return {
        "id": message_id,
        "conversation_id": row["id"],
        "inbox_id": row["inbox_id"],
        "direction": Direction.OUT.value,
        "author": context.actor.kind.value,
        "contact_id": None,
        "user_id": context.actor.user_id,
        "reply_to": [],
        "quoted_text": "",
        "quoted_html": "",
        "reason": {"rule": "written_here", "evidence": ""},
        "automatic": Automatic.NO.value,
        "remote_images": 0,
        "protection": "",
        "warnings": [],
        "delivery_detail": None,
        "raw_id": None,
        "sent_at": None,
        "created_at": moment,
    }


def _as_json(parties: Sequence[Party]) -> list[dict[str, str]]:
    return [{"kind": p.kind, "value": p.value, "name": p.name} for p in parties]


async def _attach(context: Context, row: Mapping[Any, Any], message_id: Any, files: Sequence[File]) -> None:
    if not files:
        return
    if len(files) > MOST_FILES:
        raise Refusal("invalid", msg("A message may have {count} files at most.", count=MOST_FILES))
    sizes = {file.blob: file.size for file in files}
    if not context.unit.optimistic:
        sizes = await _uploaded(context, files)
    await context.unit.insert(
        attachment,
        [
            {
                "id": file.id,
                "message_id": message_id,
                "conversation_id": row["id"],
                "inbox_id": row["inbox_id"],
                "position": position,
                "name": one_line(file.name, 255) or "file",
                "media_type": one_line(file.media_type, 255) or "application/octet-stream",
                "size": sizes[file.blob],
                "blob": file.blob,
                "content_id": "",
                "inline": False,
                "note": "",
            }
            for position, file in enumerate(files)
        ],
    )


async def _uploaded(context: Context, files: Sequence[File]) -> dict[str, int]:
    wanted = {file.blob for file in files}
    found = await context.conn.execute(select(blob.c.hash, blob.c.size).where(blob.c.hash.in_(wanted)))
    sizes: dict[str, int] = {row.hash: row.size for row in found}
    for file in files:
        if file.blob not in sizes:
            raise Refusal(
                "invalid",
                msg("The file {name} did not reach the server.", name=file.name[:100]),
                hint=msg("Attach it again."),
            )
    return sizes


async def _reserve_key(
    context: Context, command: SendReply, conversation_id: UUID, account_row: RowMapping
) -> str:
    if context.channels is None:
        raise Refusal("invalid", msg("This server does not send messages."))
    return await context.channels.reserve_key(
        context.conn, account_row["id"], conversation_id, command.message_id
    )


async def _enqueue(context: Context, values: dict[str, Any], key: str) -> None:
    await context.conn.execute(
        insert(outbox).values(
            message_id=values["id"],
            account_id=values["account_id"],
            key=key,
            state="verify" if context.sent_since else "queued",
            attempts=0,
            next_at=context.now,
            lease_token=0,
            first_attempt_at=context.sent_since,
            created_at=values["created_at"],
        )
    )
    await _index(context, values)


async def _index(context: Context, values: dict[str, Any]) -> None:
    if context.unit.optimistic:
        return  # the desk's replica keeps its own index
    text = search.search_text(values["subject"], values["text"])
    await search.index_messages(
        context.conn, [(values["id"], values["conversation_id"], values["inbox_id"], text)]
    )


async def _answered(context: Context, row: Mapping[Any, Any], values: dict[str, Any]) -> None:
    changes = {
        "waiting_since": None,
        "unread": False,
        "last_message_id": values["id"],
        "last_message_at": values["created_at"],
        "preview": preview_of(values["text"]),
    }
    if row["first_reply_at"] is None:
        changes["first_reply_at"] = context.now
    await context.unit.update(conversation, row["id"], changes)


async def _then(context: Context, row: Mapping[Any, Any], text: str) -> None:
    try:
        status = Status(text)
    except ValueError:
        raise Refusal("invalid", msg("{value} is not known here.", value=text[:40])) from None
    if status is Status.SNOOZED:
        raise Refusal("invalid", msg("Say until when to snooze."))
    await change_status(context, row, status)
