"""Everything about a customer in one ZIP: ``export.json`` for programs, ``index.html`` to read, files, mails.

What customers wrote is data in all of it: JSON is encoded, HTML is escaped and may load nothing, and names of
files are made anew, so that nothing of it runs or lands elsewhere where it is unpacked.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
import zipfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import NotFound
from agentdesk.commands.context import Actor
from agentdesk.commands.erasing import same_person
from agentdesk.domain.mentions import WHISPER
from agentdesk.server.export_page import page
from agentdesk.store import blobs
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database
from agentdesk.store.tables import (
    account,
    attachment,
    chat_file,
    chat_line,
    chat_session,
    contact,
    contact_identity,
    conversation,
    event,
    message,
    raw_item,
    user,
)

__all__ = ["export_contact"]

_LEFT_OUT = frozenset({"ver", "merge", "raw_id", "inbox_id", "account_id"})
_OF_LINES = ("n", "kind", "origin", "name", "text", "created_at")
_OF_FILES = ("name", "media_type", "size")
_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 80


@dataclass(slots=True)
class _Contents:
    """What goes into the ZIP besides the two pages: name in it to the hash of the content."""

    whole: dict[str, Any]
    blobs: dict[str, str] = field(default_factory=dict)


async def export_contact(db: Database, contact_id: UUID, actor: Actor, file: IO[bytes]) -> dict[str, int]:
    """Write everything about a customer into ``file``; returns how much it is, by kind.

    Only what lies in the actor's inboxes. It is written into the audit trail before anything is given out.
    Raises NotFound where there is no such customer, or the actor sees nothing of them.
    """
    async with db.read(snapshot=True) as conn:
        contents = await _collect(conn, contact_id, actor)
    counts = {
        "conversations": len(contents.whole["conversations"]),
        "messages": sum(len(one["messages"]) for one in contents.whole["conversations"]),
        "files": len(contents.blobs),
    }
    entry = Entry(
        "export", "contact", "done", actor.kind.value, actor.user_id, contact_id=contact_id, data=counts
    )
    async with db.write() as conn:
        await record(conn, [entry])
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        whole = msgspec.json.format(msgspec.json.encode(contents.whole), indent=2)
        await asyncio.to_thread(archive.writestr, "export.json", whole)
        await asyncio.to_thread(archive.writestr, "index.html", page(contents.whole))
        for name, content_hash in contents.blobs.items():
            async with db.read() as conn:
                content = await blobs.get(conn, content_hash)
            if content is not None:
                await asyncio.to_thread(archive.writestr, name, content)
    return counts


async def _collect(conn: AsyncConnection, contact_id: UUID, actor: Actor) -> _Contents:
    people = await same_person(conn, contact_id)
    known = await _rows(conn, contact, contact.c.id.in_(people))
    theirs = [
        row
        for row in await _rows(conn, conversation, conversation.c.contact_id.in_(people))
        if actor.sees(row["inbox_id"])
    ]
    if not known or (not theirs and actor.inboxes is not None):
        raise NotFound
    names = {row.id: row.name for row in await conn.execute(select(user.c.id, user.c.name))}
    contents = _Contents(
        {
            "exported_at": clock.now(),
            "customers": [_plain(row) for row in known],
            "identities": [
                _plain(row)
                for row in await _rows(conn, contact_identity, contact_identity.c.contact_id.in_(people))
            ],
            "visits": await _visits(conn, people, actor),
            "conversations": [],
        }
    )
    for row in theirs:
        contents.whole["conversations"].append(await _conversation(conn, row, names, contents))
    return contents


async def _visits(conn: AsyncConnection, people: Collection[UUID], actor: Actor) -> list[dict[str, Any]]:
    """What is known of them as visitors of pages with a chat: what they said of themselves, where they were,
    and when; and the lines that their pages show."""
    theirs = select(contact_identity.c.value).where(contact_identity.c.contact_id.in_(people))
    statement = (
        select(chat_session, account.c.name.label("channel"), account.c.inbox_id)
        .join(account, account.c.id == chat_session.c.account_id)
        .where(chat_session.c.identity.in_(theirs))
        .order_by(chat_session.c.created_at, chat_session.c.id)
    )
    names = ("channel", "identity", "verified", "profile", "place", "created_at", "seen_at")
    rows = (await conn.execute(statement)).mappings().all()
    return [
        {**{name: row[name] for name in names}, "lines": await _lines(conn, row["id"])}
        for row in rows
        if actor.sees(row["inbox_id"])
    ]


async def _lines(conn: AsyncConnection, session_id: UUID) -> list[dict[str, Any]]:
    """What the pages of a session show, in order. Its files lie with the messages; here are their names."""
    lines = await conn.execute(
        select(chat_line).where(chat_line.c.session_id == session_id).order_by(chat_line.c.n)
    )
    files = await conn.execute(select(chat_file).where(chat_file.c.session_id == session_id))
    known = {file.id.hex: {name: getattr(file, name) for name in _OF_FILES} for file in files}
    return [
        {
            **{name: row[name] for name in _OF_LINES},
            "files": [known[name] for name in row["files"] or () if name in known],
        }
        for row in lines.mappings()
    ]


async def _conversation(
    conn: AsyncConnection, row: Mapping[str, Any], names: Mapping[UUID, str], contents: _Contents
) -> dict[str, Any]:
    messages = await _rows(conn, message, message.c.conversation_id == row["id"])
    files = await _rows(conn, attachment, attachment.c.conversation_id == row["id"])
    events = await _rows(conn, event, event.c.conversation_id == row["id"])
    raw = await _raw(conn, [one["raw_id"] for one in messages if one["raw_id"] is not None])
    shown = []
    for one in messages:
        if any(each["kind"] == WHISPER for each in one["mentions"] or ()):
            continue  # it is about how a colleague works
        plain = {**_plain(one), "by": names.get(one["user_id"], "")}
        plain["files"] = [_file(each, contents) for each in files if each["message_id"] == one["id"]]
        if one["raw_id"] in raw:
            plain["original"] = f"mails/{one['id']}.eml"
            contents.blobs[plain["original"]] = raw[one["raw_id"]]
        shown.append(plain)
    return {**_plain(row), "messages": shown, "events": [_plain(one) for one in events]}


def _file(row: Mapping[str, Any], contents: _Contents) -> dict[str, Any]:
    place = f"files/{len(contents.blobs) + 1:04}-{_safe_name(row['name'])}"
    contents.blobs[place] = row["blob"]
    return {"name": row["name"], "media_type": row["media_type"], "size": row["size"], "place": place}


def _safe_name(name: str) -> str:
    """A name that is one plain file on every system: no folders, no control or direction marks."""
    simple = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    cleaned = _UNSAFE.sub("_", simple)[-_LONGEST_NAME:].strip("._")
    return cleaned or "file"


async def _raw(conn: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, str]:
    found = select(raw_item.c.id, raw_item.c.blob).where(raw_item.c.id.in_(ids), raw_item.c.blob != "")
    return {row.id: row.blob for row in await conn.execute(found)}


async def _rows(conn: AsyncConnection, table: Table, which: Any) -> list[dict[str, Any]]:
    order = table.c.get("created_at", table.c.id)
    statement: Select[Any] = select(table).where(which).order_by(order, table.c.id)
    return [dict(row) for row in (await conn.execute(statement)).mappings()]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in _kept(row.items())}


def _kept(items: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    return ((name, value) for name, value in items if name not in _LEFT_OUT)
