"""A copy of a chat for its visitor: what its pages showed, and nothing else of the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.i18n import best_locale, is_rtl, render_for
from agentdesk.base.secrets import Vault
from agentdesk.base.text import msg
from agentdesk.commands.context import Copy
from agentdesk.server.chat.ending import sessions_of
from agentdesk.server.chat.files import Links, files_of
from agentdesk.server.chat.lines import lines_of
from agentdesk.server.chat.mailing import Written, link_words, mail_account, page_of
from agentdesk.server.chat.protocol import PREFIX
from agentdesk.store.tables import chat_line, chat_session

__all__ = ["copy_of", "written_out"]

_MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line as it is written out: ``files`` are names, each with an address where there is one."""

    name: str
    at: str
    text: str
    files: tuple[tuple[str, str], ...]


async def copy_of(conn: AsyncConnection, conversation_id: UUID) -> Copy | None:
    """Return what a copy of the chat of a conversation says, and how it goes out; None where none can be
    sent. Somebody of the team must have written: else it would carry a stranger's words to a stranger."""
    session = await _latest(conn, await sessions_of(conn, conversation_id))
    if session is None:
        return None
    page = await page_of(conn, session.account_id)
    mail = None if page is None else await mail_account(conn, session.account_id, page.mail)
    if page is None or mail is None:
        return None
    lines = await _lines(conn, session.id, None)
    if not any(line.origin == "agent" for line, _ in lines):
        return None
    language, zone = _language(session), _zone(session)
    return Copy(
        account_id=mail.id,
        address=mail.address,
        company=page.name,
        subject=render_for(msg("Your conversation with {company}", company=page.name), language),
        text=render_for(
            msg(
                "Here is the copy of your conversation with {company}. Times are those of {zone}.",
                company=page.name,
                zone=zone.key,
            ),
            language,
        ),
        session_id=session.id,
    )


async def written_out(conn: AsyncConnection, vault: Vault, copy: Mapping[str, Any], link: str) -> Written:
    """Return the whole content of the message ``copy``: its first sentence, the lines of the chat as they
    were when it was asked for, and the ``link`` to the chat."""
    found = await conn.execute(
        select(chat_session).where(chat_session.c.id == UUID(copy["reason"]["evidence"]))
    )
    session = found.first()
    if session is None:  # the visitor's session is over: what is left is the sentence
        return Written(copy["text"], "")
    page = await page_of(conn, session.account_id)
    lines = await _lines(conn, session.id, copy["created_at"])
    base = page.server if page is not None else ""
    files = await _files(conn, vault, session, lines, base)
    language, zone = _language(session), _zone(session)
    you = str(session.profile.get("name") or "") or render_for(msg("You"), language)
    entries = [
        _Entry(
            you if line.origin == "visitor" else line.name,
            line.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            text,
            tuple(files[name] for name in line.files or () if name in files),
        )
        for line, text in lines
    ]
    until = render_for(msg("Files can be loaded for 7 days."), language) if base and files else ""
    text, html = _text(copy["text"], entries, until), _html(copy["text"], entries, until, language)
    opening = link_words(link, language)
    return Written(text + opening.text, html + opening.html)


def _text(head: str, entries: Sequence[_Entry], until: str) -> str:
    parts = [head]
    for one in entries:
        named = [f"{name}: {url}" if url else name for name, url in one.files]
        parts.append("\n".join([f"{one.name}, {one.at}", *filter(None, [one.text]), *named]))
    return "\n\n".join([*parts, *filter(None, [until])]) + "\n"


def _html(head: str, entries: Sequence[_Entry], until: str, language: str) -> str:
    """The same as HTML. What people wrote is text: nothing in it is a link but the files of ours."""
    parts = [f"<p>{escape(head)}</p>"]
    for one in entries:
        lines = [escape(line) for line in one.text.splitlines()]
        lines += [_file(*file) for file in one.files]
        who = f"<strong>{escape(one.name)}</strong> <small>{one.at}</small>"
        parts.append(f'<p>{who}</p><blockquote dir="auto">{"<br>".join(lines)}</blockquote>')
    parts += [f"<p>{escape(until)}</p>"] if until else []
    direction = "rtl" if is_rtl(language) else "ltr"
    return f'<div lang="{language}" dir="{direction}">{"".join(parts)}</div>'


def _file(name: str, url: str) -> str:
    return f'<a href="{escape(url)}">{escape(name)}</a>' if url else escape(name)


async def _latest(conn: AsyncConnection, sessions: Sequence[UUID]) -> Row[Any] | None:
    theirs = select(chat_session).where(chat_session.c.id.in_(sessions))
    return (await conn.execute(theirs.order_by(chat_session.c.seen_at.desc()).limit(1))).first()


async def _lines(
    conn: AsyncConnection, session_id: UUID, until: datetime | None
) -> list[tuple[Row[Any], str]]:
    """The messages of the last chat of a session, in order, each with its text as it was changed since: those
    after the end before its own."""
    which = lines_of(session_id).order_by(chat_line.c.n.desc()).limit(_MOST_LINES)
    if until is not None:
        which = which.where(chat_line.c.created_at <= until)
    found: list[Row[Any]] = []
    changed: dict[str, Row[Any]] = {}
    for row in await conn.execute(which):
        if row.kind == "ended" and found:
            break
        if row.kind in ("edited", "deleted") and row.about:
            changed.setdefault(row.about, row)
        elif row.kind == "message":
            found.append(row)
    there = [row for row in reversed(found) if getattr(changed.get(row.key), "kind", "") != "deleted"]
    return [(row, changed.get(row.key, row).text) for row in there]


async def _files(
    conn: AsyncConnection, vault: Vault, session: Row[Any], lines: Sequence[tuple[Row[Any], str]], base: str
) -> dict[str, tuple[str, str]]:
    """The files of lines by id: name and address."""
    rows = await files_of(conn, [name for line, _ in lines for name in line.files or ()])
    links, prefix = Links(vault), f"{base}{PREFIX}/{session.account_id}"
    return {name: (row.name, links.shown(prefix, row).url if base else "") for name, row in rows.items()}


def _language(session: Row[Any]) -> str:
    return best_locale(str(session.place.get("language", "")))


def _zone(session: Row[Any]) -> ZoneInfo:
    """The time zone of the visitor's page; UTC where it named none that there is."""
    try:
        return ZoneInfo(str(session.place.get("time_zone") or "UTC"))
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
