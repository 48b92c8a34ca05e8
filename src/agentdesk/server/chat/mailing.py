"""Chats that go on by email, on the server's side: what such a mail is called, what stands below the answer,
and that its visitor finds it in the chat too. Which answers those are, :mod:`agentdesk.commands.mailed` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.i18n import best_locale, is_rtl, render_for
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.values import File
from agentdesk.domain.chat import EMAIL
from agentdesk.domain.message import Direction, Kind
from agentdesk.domain.uploads import clean_name, kept_type
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.discover import connector
from agentdesk.sdk.pages import Hosted, PageSettings
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.ending import sessions_of
from agentdesk.server.chat.lines import add_line, locked, number_of
from agentdesk.server.given_secrets import GivenSecrets
from agentdesk.store import blobs
from agentdesk.store.tables import account, account_cursor, chat_file, chat_session, message

__all__ = ["Written", "below", "language_of", "link_words", "mail_account", "page_of", "show_mailed"]

_LONGEST_QUOTE = 600


@dataclass(frozen=True, slots=True)
class Written:
    """What goes into a mail, as text and as HTML."""

    text: str = ""
    html: str = ""


async def mail_account(conn: AsyncConnection, widget: UUID, address: str) -> Row[Any] | None:
    """Return the account in the inbox of a widget that sends from ``address``; None where there is none, or
    it is paused."""
    if not address:
        return None
    inbox_id = select(account.c.inbox_id).where(account.c.id == widget).scalar_subquery()
    which = account.c.inbox_id == inbox_id, account.c.address == address, account.c.channel == EMAIL
    found: Select[Any] = select(account.c.id, account.c.address).where(*which, ~account.c.paused)
    row: Row[Any] | None = (await conn.execute(found.limit(1))).first()
    return row


async def page_of(conn: AsyncConnection, account_id: UUID) -> PageSettings | None:
    """Return what the pages of an account are like; None where it has none, or its settings cannot be
    used."""
    known = (
        select(account.c.name, account.c.channel, account_cursor.c.settings)
        .join(account_cursor, account_cursor.c.account_id == account.c.id)
        .where(account.c.id == account_id)
    )
    row = (await conn.execute(known)).first()
    if row is None:
        return None
    context = AccountContext(account_id, row.name, row.settings, GivenSecrets({}))
    try:
        opened = connector(row.channel).create(context)
        try:
            return opened.page() if isinstance(opened, Hosted) else None
        finally:
            await opened.close()
    except AgentDeskError:
        return None


async def language_of(conn: AsyncConnection, conversation_id: UUID) -> str:
    """Return the language of ours that the visitor of a conversation reads best."""
    for session_id in await sessions_of(conn, conversation_id):
        place = await conn.scalar(select(chat_session.c.place).where(chat_session.c.id == session_id))
        return best_locale(str((place or {}).get("language", "")))
    return best_locale("")


async def show_mailed(
    conn: AsyncConnection, doors: Doors, answer: Mapping[str, Any], files: Sequence[File]
) -> list[UUID]:
    """Put an answer that goes by email into the chats of its conversation, under the key of the mail, so that
    it is dropped, and marked as seen, with it; returns their sessions."""
    shown = []
    for session_id in await sessions_of(conn, answer["conversation_id"]):
        row = await locked(conn, session_id)
        key, at = answer["external_id"], answer["created_at"]
        if await number_of(conn, session_id, key) is not None:
            continue
        ids = [await _show_file(conn, session_id, row.lines + 1, file) for file in files]
        words = {"text": answer["text"], "name": answer["sender"]["name"]}
        await add_line(conn, row, key, "agent", at, files=ids, **words)
        doors.tell(conn, "page", session_id)
        shown.append(session_id)
    return shown


async def _show_file(conn: AsyncConnection, session_id: UUID, n: int, file: File) -> str:
    content = await blobs.get(conn, file.blob) or b""
    file_id = new_id()
    await conn.execute(
        insert(chat_file).values(
            id=file_id,
            session_id=session_id,
            key=file_id.hex,
            blob=file.blob,
            name=clean_name(file.name),
            media_type=kept_type(file.media_type, content),
            size=len(content),
            n=n,
            created_at=clock.now(),
        )
    )
    return file_id.hex


async def below(conn: AsyncConnection, answer: Mapping[str, Any], link: str) -> Written:
    """Return what stands below an answer out of a chat: what was left, where this is the first mail, and the
    ``link`` to the chat. Of what a visitor wrote only a little goes into a mail: whose address they gave
    nobody knows."""
    language = await language_of(conn, answer["conversation_id"])
    quoted = _quoted(await _left(conn, answer), language)
    opening = link_words(link, language)
    return Written(quoted.text + opening.text, quoted.html + opening.html)


def link_words(link: str, language: str) -> Written:
    """Return the line that leads to a chat; nothing without a ``link``."""
    if not link:
        return Written()
    words = render_for(msg("Open this conversation"), language)
    direction = "rtl" if is_rtl(language) else "ltr"
    html = f'<p dir="{direction}"><a href="{escape(link)}">{escape(words)}</a></p>'
    return Written(f"\n\n{words}:\n{link}\n", html)


def _quoted(left: str, language: str) -> Written:
    if not left:
        return Written()
    wrote = render_for(msg("You wrote to us:"), language)
    text = "\n".join(f"> {line}".rstrip() for line in left.splitlines())
    lines = "<br>".join(escape(line) for line in left.splitlines())
    direction = "rtl" if is_rtl(language) else "ltr"
    html = f'<p dir="{direction}">{escape(wrote)}</p><blockquote dir="auto">{lines}</blockquote>'
    return Written(f"\n\n{wrote}\n{text}\n", html)


async def _left(conn: AsyncConnection, answer: Mapping[str, Any]) -> str:
    """What the visitor wrote since the team wrote last, cut; empty where a mail was written before."""
    here, before = message.c.conversation_id == answer["conversation_id"], answer["created_at"]
    earlier = here, message.c.kind == Kind.MESSAGE, message.c.created_at < before
    mails = select(message.c.id).where(*earlier, message.c.account_id == answer["account_id"])
    if await conn.scalar(mails.limit(1)) is not None:
        return ""
    ours = select(func.max(message.c.created_at)).where(*earlier, message.c.direction == Direction.OUT)
    since = await conn.scalar(ours)
    theirs = select(message.c.text).where(*earlier, message.c.direction == Direction.IN)
    if since is not None:
        theirs = theirs.where(message.c.created_at > since)
    texts = list(await conn.scalars(theirs.order_by(message.c.created_at, message.c.id).limit(20)))
    whole = "\n\n".join(text.strip() for text in texts if text.strip())
    return whole if len(whole) <= _LONGEST_QUOTE else f"{whole[:_LONGEST_QUOTE].rstrip()}…"
