"""Chats that go on by email: an answer goes the way that the customer's last message asks for.

In the chat where that was written there while somebody was there; by email where it was left while nobody
was, or came by email itself. What a visitor left names where the answer goes (Reply-To) and the address of
ours that it comes from (To), as a mail would: so a desk offers the right recipient, and whoever is written to
decides the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.values import File
from agentdesk.domain.chat import CHANNEL, EMAIL
from agentdesk.domain.message import Direction, Kind
from agentdesk.domain.party import Party
from agentdesk.domain.subjects import answer_subject
from agentdesk.store.tables import account, message

__all__ = ["Way", "show", "way"]

_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Way:
    """The account through which an answer goes. ``of_chat``: by email, out of a chat; then ``subject`` is
    that of the mail where its author gave none."""

    account: Mapping[str, Any]
    of_chat: bool = False
    subject: str = ""


async def way(context: Context, row: Mapping[Any, Any], usual: Mapping[str, Any], to: Sequence[Party]) -> Way:
    """Return which way an answer in the conversation ``row`` goes to the people ``to``; ``usual`` is the
    account that the customer wrote to.

    Refused where a chat is to be answered by email and nothing of it was left, or where some are to get it
    in the chat and some by email.
    """
    kinds = {party.kind for party in to}
    if usual["channel"] != CHANNEL or EMAIL not in kinds:
        return Way(usual)
    if len(kinds) > 1:
        raise Refusal("invalid", msg("An answer goes by email or into the chat, not both."))
    found = await _account(context, row)
    if found is None:
        raise Refusal("invalid", msg("This chat is not answered by email."))
    return Way(found, True, await _subject(context, row, usual, found))


async def show(context: Context, taken: Way, answer: Mapping[str, Any], files: Sequence[File]) -> None:
    """Show an answer in its chat too, where it goes by email."""
    if taken.of_chat and context.channels is not None:
        await context.channels.show_mailed(context, answer, files)


async def _account(context: Context, row: Mapping[Any, Any]) -> Mapping[str, Any] | None:
    """The email account that the customer's last messages were meant for, or came through."""
    mails = select(account).where(account.c.inbox_id == row["inbox_id"], account.c.channel == EMAIL)
    accounts = [dict(one) for one in (await context.conn.execute(mails)).mappings()]
    by_id = {one["id"]: one for one in accounts}
    by_address = {one["address"]: one for one in accounts}
    for account_id, addressed in await _came(context, row):
        if account_id in by_id:
            return by_id[account_id]
        meant = (by_address.get(party["value"]) for party in addressed if party["kind"] == EMAIL)
        if found := next((one for one in meant if one is not None), None):
            return found
    return None


async def _came(context: Context, row: Mapping[Any, Any]) -> Sequence[Any]:
    theirs = message.c.conversation_id == row["id"], message.c.direction == Direction.IN
    found = await context.conn.execute(
        select(message.c.account_id, message.c.to)
        .where(*theirs, message.c.kind == Kind.MESSAGE)
        .order_by(message.c.created_at.desc(), message.c.id.desc())
        .limit(_LOOKED_AT)
    )
    return found.all()


async def _subject(
    context: Context, row: Mapping[Any, Any], chat: Mapping[str, Any], mail: Mapping[str, Any]
) -> str:
    """That of the last mail, as an answer; for the first one the topic of the chat."""
    before: str | None = await context.conn.scalar(
        select(message.c.subject)
        .where(message.c.conversation_id == row["id"], message.c.account_id == mail["id"])
        .order_by(message.c.created_at.desc(), message.c.id.desc())
        .limit(1)
    )
    if before:
        return answer_subject(before)
    subject: str = row["subject"]
    if subject or context.channels is None:
        return subject
    return await context.channels.subject_of_left(context.conn, chat["id"], row["id"])
