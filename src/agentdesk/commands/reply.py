"""Answers to customers, and notes that stay in the team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentdesk.base.text import msg
from agentdesk.commands import mailed, mentions, posting
from agentdesk.commands.answering import (
    account_of,
    look_ahead_for_answer,
    origin_of,
    own_mailboxes,
    references_of,
    written_before,
)
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
from agentdesk.commands.sending import enter, is_shown
from agentdesk.commands.values import AddNote, File, SendReply
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.cleaning import one_line, storable
from agentdesk.domain.conversation import Status
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.extras import extras_of
from agentdesk.domain.message import Automatic, Direction, Kind
from agentdesk.domain.party import Party
from agentdesk.domain.posts import as_row
from agentdesk.domain.recipients import (
    LONGEST_ADDRESS,
    MOST_RECIPIENTS,
    cleaned,
    without,
    without_repeats,
)
from agentdesk.domain.subjects import answer_subject
from agentdesk.store import search
from agentdesk.store.tables import (
    attachment,
    blob,
    conversation,
    message,
)

LONGEST_TEXT = 1_000_000
MOST_FILES = 100
LONGEST_ALT = 5_000
_LONGEST_SUBJECT = 900


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom a message goes to."""

    to: tuple[Party, ...]
    cc: tuple[Party, ...]
    bcc: tuple[Party, ...]


async def send_reply(context: Context, command: SendReply) -> None:
    """Answer the customer.

    Refused (``stale_reply``) where the customer or a colleague wrote something that the author had not seen,
    unless meant ``anyway``, or it may have gone out already: then it is looked up. In a live chat both write
    at once, so only a colleague's answer counts there. On the server the message gets its key and its place
    in the outbox.
    """
    row = await conversation_of(context, command.conversation_id)
    about = command.message_id, command.in_reply_to, command.conversation_id
    await look_ahead_for_answer(context, *about, row)
    await need_customer(context, row)
    if await written_before(context, command.message_id, row):
        return
    origin_id = await origin_of(context, command.in_reply_to, command.conversation_id, row)
    account_row = await account_of(context, row, origin_id)
    recipients = await recipients_of(context, command.to, command.cc, command.bcc)
    way = await mailed.way(context, row, account_row, recipients.to)
    extras = extras_of(command.extras)
    text, html = _body(command.text, command.html, bool(command.files or extras))
    await _must_know_what_is_newer(context, command, row)
    references = await references_of(context, command.in_reply_to, row, origin_id)
    moment = next_moment(context.now, row["last_message_at"])
    key = ""
    if not context.unit.optimistic:
        key = await _reserve_key(context, command, origin_id or row["id"], way.account)
    values = {
        **written_by(context, row, command.message_id, moment),
        "origin_id": origin_id,
        "account_id": way.account["id"],
        "kind": Kind.MESSAGE.value,
        "sender": {
            "kind": recipients.to[0].kind,
            "value": way.account["address"],
            "name": await author_name(context) or way.account["name"],
        },
        "to": _as_json(recipients.to),
        "cc": _as_json(recipients.cc),
        "bcc": _as_json(recipients.bcc),
        "subject": one_line(command.subject or way.subject, _LONGEST_SUBJECT)
        or answer_subject(row["subject"]),
        "text": text,
        "html": html,
        "external_id": key,
        "references": references,
        "delivery": (DeliveryState.VERIFY if context.sent_since else DeliveryState.QUEUED).value,
        "delivery_at": context.now,
        "extras": extras.as_row(),
        "post": as_row(await posting.answer_to(context, command, row, way.account)),
    }
    await _send(context, command, row, values)
    await mailed.show(context, way, values, command.files)
    await _answered(context, row, values)
    if command.then_status:
        await _then(context, row, command.then_status)


async def _must_know_what_is_newer(context: Context, command: SendReply, row: Mapping[Any, Any]) -> None:
    said = command.anyway or context.sent_since is not None
    if command.seen_message_id is None or said:
        return
    mail = row["channel"] != CHANNEL
    newer = await newer_messages(context, row["id"], command.seen_message_id, customers=mail, colleagues=True)
    if newer:
        raise Refusal("stale_reply", msg("There is something newer in this conversation."), newer=newer)


async def add_note(context: Context, command: AddNote) -> None:
    """Write something that only the team sees: it has no recipients and never enters the outbox."""
    row = await conversation_of(context, command.conversation_id)
    await need_customer(context, row)
    if await written_before(context, command.message_id, row):
        return
    text, _ = _body(command.text, "", bool(command.files))
    mentioned = await mentions.checked(context, row, command.mentions)
    values = {
        **written_by(context, row, command.message_id, next_moment(context.now, row["last_message_at"])),
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


async def recipients_of(
    context: Context, to: Sequence[Party], cc: Sequence[Party] = (), bcc: Sequence[Party] = ()
) -> Recipients:
    """Return whom a message goes to: everybody once, none of our own addresses. Refused where that leaves
    nobody, or too many."""
    own = await own_mailboxes(context)
    to = without(cleaned(to), own)
    cc = without_repeats(without(cleaned(cc), own), to)
    bcc = without_repeats(without(cleaned(bcc), own), (*to, *cc))
    if not to:
        raise Refusal("invalid", msg("Nobody would receive this answer."), hint=msg("Add a recipient."))
    everybody = (*to, *cc, *bcc)
    if len(everybody) > MOST_RECIPIENTS:
        raise Refusal("invalid", msg("An answer may go to {count} people at most.", count=MOST_RECIPIENTS))
    for party in everybody:
        if len(party.value) > LONGEST_ADDRESS:
            raise Refusal("invalid", msg("{value} cannot be written to.", value=party.value[:60]))
    return Recipients(to, cc, bcc)


def _body(text: str, html: str, has_files: bool) -> tuple[str, str]:
    text, html = storable(text), storable(html)
    if len(text) > LONGEST_TEXT or len(html) > LONGEST_TEXT * 2:
        raise Refusal("invalid", msg("The text is too long."))
    if not text.strip() and not has_files:
        raise Refusal("invalid", msg("There is no text yet."))
    return text, html


def written_by(context: Context, row: Mapping[Any, Any], message_id: Any, moment: Any) -> dict[str, Any]:
    """Return what the rows of all messages have in common that are written here."""
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
                "alt": storable(file.alt, LONGEST_ALT) or None,
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
    context: Context, command: SendReply, conversation_id: UUID, account_row: Mapping[str, Any]
) -> str:
    if context.channels is None:
        raise Refusal("invalid", msg("This server does not send messages."))
    return await context.channels.reserve_key(
        context.conn, account_row["id"], conversation_id, command.message_id
    )


async def _send(context: Context, command: SendReply, row: Mapping[Any, Any], values: dict[str, Any]) -> None:
    """Write the message ``values``; on the server, put it before its reader, or into the outbox."""
    shown = await is_shown(context, command, values)
    if shown:
        values |= {"delivery": DeliveryState.SENT.value, "sent_at": context.now}
    await context.unit.insert(message, [values])
    await _attach(context, row, command.message_id, command.files)
    if not context.unit.optimistic:
        await enqueue(context, values, shown=shown)


async def enqueue(context: Context, values: Mapping[str, Any], *, shown: bool = False) -> None:
    """Let a message go out under its key, and be found; ``shown``: it is before its reader already."""
    await enter(context, values, shown=shown)
    await _index(context, values)


async def _index(context: Context, values: Mapping[str, Any]) -> None:
    if context.unit.optimistic:
        return  # the desk's replica keeps its own index
    text = search.search_text(values["subject"], values["text"])
    entry = values["id"], values["conversation_id"], values["inbox_id"], text
    await search.index_messages(context.conn, [entry], fresh=True)


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
