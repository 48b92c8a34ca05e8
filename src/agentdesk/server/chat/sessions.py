"""Visitors' sessions: who they are, what they see, and what they hand in. Each step is one transaction."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.domain.cleaning import one_line, storable
from agentdesk.server.chat.blocking import refuse_blocked
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.ending import end_by_visitor, last_end
from agentdesk.server.chat.faces import with_faces
from agentdesk.server.chat.files import Links, claim, files_of
from agentdesk.server.chat.handover import Handover, hand_over
from agentdesk.server.chat.identity import visitor_of
from agentdesk.server.chat.invitations import answered
from agentdesk.server.chat.leaving import Leaving
from agentdesk.server.chat.lines import add_line, locked, shown
from agentdesk.server.chat.place import Place, place_of
from agentdesk.server.chat.protocol import PREFIX, Delete, Edit, Hello, Line, Message, Page, Profile, Survey
from agentdesk.server.chat.refused import Refused
from agentdesk.server.chat.revising import revise_by_visitor
from agentdesk.store.engine import Database
from agentdesk.store.facts import fact
from agentdesk.store.fixed import Fixed
from agentdesk.store.tables import (
    chat_line,
    chat_session,
    chat_token,
)

__all__ = ["KEPT", "Opened", "Sessions", "new_token"]

KEPT = timedelta(days=180)
"""How long a session is kept after its visitor was last here."""
_RENEWED = timedelta(minutes=10)
"""How often it is written down that a visitor is here."""
_TOKEN_BYTES = 32
_ANSWERS = chat_line.c.origin == "agent", chat_line.c.kind == "message"
_TOLD = ("name", "media_type", "size", "blob")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session as a page enters it. ``token`` is set where it is new; ``lines`` is the number of the last
    line."""

    id: UUID
    token: str | None
    epoch: str
    lines: int
    verified: bool
    profile: Mapping[str, Any]


class Sessions:
    """All sessions of all widgets."""

    def __init__(self, db: Database, vault: Vault, doors: Doors) -> None:
        self._db = db
        self._doors = doors
        self._links = Links(vault)
        self._leaving = Leaving()

    # --- coming in ---

    async def find(self, widget: UUID, token: str) -> UUID | None:
        """Return the session that a token opens at a widget."""
        async with self._db.read() as conn:
            row = await _of_token(conn, widget, token)
        return None if row is None else row.id

    async def open(self, widget: UUID, hello: Hello) -> Opened | None:
        """Return the session of a page that says hello, made where it has none yet; None where its token is
        not known. A claim in the hello was proven before."""
        now = clock.now()
        row: Row[Any] | None = None
        if hello.token is not None:
            async with self._db.read() as conn:
                row = await _of_token(conn, widget, hello.token)
                epoch = await fact(conn, "epoch")
            if row is None and hello.identity is None:
                return None
            if row is not None and hello.identity is None and _as_before(row, hello, now):
                return _opened(row, None, epoch or "")
        async with self._db.write() as conn:
            epoch = await fact(conn, "epoch")
            theirs = row
            if hello.identity is not None:
                theirs = await _verified(conn, widget, hello, now)
            elif theirs is None:
                theirs = await _anonymous(conn, widget, hello, now)
            until = _good_until(hello, row, now)
            token = None
            if row is not None and theirs.id == row.id:
                mine = chat_token.c.hash == _hash(hello.token or "")
                await conn.execute(update(chat_token).where(mine).values(expires_at=until))
            else:
                token = await new_token(conn, theirs.id, until)
            values = {"seen_at": now, "place": _place(hello)}
            await conn.execute(update(chat_session).where(chat_session.c.id == theirs.id).values(values))
        return _opened(theirs, token, epoch or "")

    async def let_in(self, session_id: UUID) -> None:
        """Raise Refused where the visitor is blocked."""
        async with self._db.read() as conn:
            await refuse_blocked(conn, session_id)

    async def let_stay(self, session_id: UUID) -> None:
        """Raise Refused where the visitor was blocked since their page came in."""
        if self._doors.doubts(session_id):
            await self.let_in(session_id)
            self._doors.trust(session_id)

    # --- what the visitor does ---

    async def write(self, widget: UUID, session_id: UUID, given: Message, *, mail: str = "") -> int:
        """Store a message, once per id; returns the number of its line. ``mail``: nobody is there, and the
        answer may go by email, from this address. Raises UnknownFile, and Refused where the visitor is
        blocked."""
        now, text = clock.now(), storable(given.text)

        async def step(handover: Handover) -> int:
            if handover.line is not None:
                return handover.line
            if handover.blocked:
                raise Refused("blocked", "This visitor was blocked.")
            conn = handover.conn
            row, answer = await answered(conn, handover.row, given, now)
            external_id = f"{row.identity}/{given.id}"
            files = await claim(conn, session_id, given.files, row.lines + 1) if given.files else []
            told = [{name: getattr(one, name) for name in _TOLD} for one in files]
            content = {"kind": "message", "id": external_id, "after": row.last, "text": text, "at": now}
            content |= {"files": told, **answer}
            if mail and await self._leaving.is_mailed(conn, row):
                content["mail"] = mail
            await handover.post(given.id, content, now)
            ids = [one.id.hex for one in files]
            return await add_line(conn, row, given.id, "visitor", now, text=text, files=ids, last=external_id)

        return await hand_over(self._db, self._doors, widget, session_id, given.id, step)

    async def revise(self, widget: UUID, session_id: UUID, given: Edit | Delete) -> int:
        """Change or delete a message of the visitor's, once per id; returns the number of the line that says
        so. Raises NotRevised."""
        async with self._db.write() as conn:
            n = await revise_by_visitor(conn, session_id, given, clock.now())
            self._doors.tell(conn, "box", widget)
            self._doors.tell(conn, "page", session_id)
        self._doors.handed_in(widget)
        self._doors.shown(session_id)
        return n

    async def end(self, widget: UUID, session_id: UUID, key: str) -> int:
        """End the chat, once per key; returns the number of the line, 0 where it had ended already."""
        now = clock.now()

        async def step(handover: Handover) -> int:
            return await end_by_visitor(handover, key, now)

        return await hand_over(self._db, self._doors, widget, session_id, key, step)

    async def rate(self, widget: UUID, session_id: UUID, given: Survey) -> bool:
        """Hand in how the visitor finds the chat that ended last; False where none has."""
        now = clock.now()

        async def step(handover: Handover) -> bool:
            end = await last_end(handover.conn, session_id)
            if end is None:
                return False
            said = {"score": given.score, "effort": given.effort, "text": storable(given.text).strip()}
            after = handover.row.last
            content = {"kind": "rated", "chat": f"{session_id.hex}/{end}", "after": after, "at": now}
            await handover.post(f"rated/{given.id}", {**content, **said}, now)
            return True

        return await hand_over(self._db, self._doors, widget, session_id, given.id, step, shows=False)

    async def introduce(self, session_id: UUID, given: Profile) -> None:
        """Keep what a visitor says of themselves; who is verified keeps the name that was signed."""
        async with self._db.write() as conn:
            row = await locked(conn, session_id)
            said = {
                "name": one_line(given.name, 200),
                "email": one_line(given.email, 320),
                "topic": one_line(given.topic, 200),
                "consent": given.consent,
            }
            if row.verified:
                said |= {name: row.profile[name] for name in ("name", "email") if row.profile.get(name)}
            mine = chat_session.c.id == session_id
            await conn.execute(update(chat_session).where(mine).values(profile=said))

    async def move(self, session_id: UUID, page: Page) -> None:
        """Note to which page a visitor went."""
        async with self._db.write() as conn:
            row = await locked(conn, session_id)
            place = {**row.place, **_page(page)}
            mine = chat_session.c.id == session_id
            await conn.execute(update(chat_session).where(mine).values(place=place))

    async def mark(self, widget: UUID, session_id: UUID, upto: int, state: str) -> None:
        """Hand in which messages of ours have come, or were seen; each once."""

        async def step(handover: Handover) -> None:
            conn, row = handover.conn, handover.row
            before = row.seen if state == "read" else max(row.delivered, row.seen)
            last = min(upto, row.lines)
            if last <= before:
                return
            between = chat_line.c.n > before, chat_line.c.n <= last, *_ANSWERS
            keys = list(
                await conn.scalars(
                    select(chat_line.c.key).where(chat_line.c.session_id == session_id, *between)
                )
            )
            mark = {"seen" if state == "read" else "delivered": last}
            await conn.execute(update(chat_session).where(chat_session.c.id == session_id).values(mark))
            if keys:
                content = {"kind": "seen", "state": state, "keys": keys}
                await handover.post(f"{state}/{last}", content, clock.now())

        await hand_over(self._db, self._doors, widget, session_id, "", step, shows=False)

    # --- what the visitor sees ---

    async def last_line(self, session_id: UUID) -> int | None:
        """Return the number of the last line; None where the session is gone."""
        async with self._db.read() as conn:
            lines: int | None = await conn.scalar(
                select(chat_session.c.lines).where(chat_session.c.id == session_id)
            )
        return lines

    async def after(self, widget: UUID, session_id: UUID, cursor: int, most: int) -> Sequence[Line]:
        """Return the lines after ``cursor``, in order."""
        return await self._lines(widget, _AFTER, {"session_id": session_id, "start": cursor, "most": most})

    async def before(self, widget: UUID, session_id: UUID, n: int, most: int) -> Sequence[Line]:
        """Return the lines before ``n``, in order."""
        found = await self._lines(widget, _BEFORE, {"session_id": session_id, "start": n, "most": most})
        return found[::-1]

    async def _lines(self, widget: UUID, which: Fixed, about: Mapping[str, Any]) -> Sequence[Line]:
        async with self._db.read() as conn:
            rows = [SimpleNamespace(**row) for row in await which.rows(conn, about)]
            ids = [name for row in rows for name in row.files or ()]
            files = await files_of(conn, ids) if ids else {}
        prefix = f"{PREFIX}/{widget}"
        links = {name: self._links.shown(prefix, one) for name, one in files.items()}
        return [shown(row, [links[name] for name in row.files or () if name in links]) for row in rows]

    async def place(self, session_id: UUID) -> Place | None:
        """Return where a session is at the desk; None before its first message was recorded."""
        async with self._db.read() as conn:
            return await place_of(conn, session_id)


_START = bindparam("start", type_=chat_line.c.n.type)
_MOST = bindparam("most", type_=chat_line.c.n.type)
_LINES = with_faces(
    select(chat_line).where(
        chat_line.c.session_id == bindparam("session_id", type_=chat_line.c.session_id.type)
    )
)
_AFTER = Fixed(_LINES.where(chat_line.c.n > _START).order_by(chat_line.c.n).limit(_MOST))
_BEFORE = Fixed(_LINES.where(chat_line.c.n < _START).order_by(chat_line.c.n.desc()).limit(_MOST))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def _of_token(conn: AsyncConnection, widget: UUID, token: str) -> Row[Any] | None:
    found = await conn.execute(
        select(chat_session, chat_token.c.expires_at)
        .join(chat_token, chat_token.c.session_id == chat_session.c.id)
        .where(
            chat_token.c.hash == _hash(token),
            chat_token.c.expires_at > clock.now(),
            chat_session.c.account_id == widget,
        )
    )
    return found.first()


def _as_before(row: Row[Any], hello: Hello, now: datetime) -> bool:
    """Whether there is nothing to write down about a page that comes back."""
    return bool(now - row.seen_at < _RENEWED and row.place == _place(hello))


def _good_until(hello: Hello, row: Row[Any] | None, now: datetime) -> datetime:
    """A verified visitor's token ends with the claim; without a new claim it is not made longer."""
    if hello.identity is not None:
        return clock.seconds_from_now(hello.identity.expires - now.timestamp())
    if row is not None and row.verified:
        expires: datetime = row.expires_at
        return expires
    return now + KEPT


async def new_token(conn: AsyncConnection, session_id: UUID, until: datetime) -> str:
    """Give a session one more token, which is good ``until`` a moment, and return it."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    values = {"hash": _hash(token), "session_id": session_id, "expires_at": until}
    await conn.execute(insert(chat_token).values(values))
    return token


async def _verified(conn: AsyncConnection, widget: UUID, hello: Hello, now: datetime) -> Row[Any]:
    """The session of the person whom the claim names, with the name that it signs."""
    assert hello.identity is not None
    claim = hello.identity
    visitor = visitor_of(widget, claim.user_id)
    mine = chat_session.c.account_id == widget, chat_session.c.identity == visitor
    row = (await conn.execute(select(chat_session).where(*mine).with_for_update())).first()
    signed = {"name": one_line(claim.name, 200), "email": one_line(claim.email, 320)}
    if row is None:
        profile = {**signed, "topic": "", "consent": False}
        return await _made(conn, widget, visitor, profile, hello, now, verified=True)
    profile = {**row.profile, **{name: value for name, value in signed.items() if value}}
    await conn.execute(update(chat_session).where(*mine).values(profile=profile))
    found = await conn.execute(select(chat_session).where(*mine))
    return found.one()


async def _anonymous(conn: AsyncConnection, widget: UUID, hello: Hello, now: datetime) -> Row[Any]:
    profile = {"name": "", "email": "", "topic": "", "consent": False}
    visitor = f"visitor-{secrets.token_hex(10)}"
    return await _made(conn, widget, visitor, profile, hello, now, verified=False)


async def _made(
    conn: AsyncConnection,
    widget: UUID,
    visitor: str,
    profile: Mapping[str, Any],
    hello: Hello,
    now: datetime,
    *,
    verified: bool,
) -> Row[Any]:
    session_id = new_id()
    await conn.execute(
        insert(chat_session).values(
            id=session_id,
            account_id=widget,
            identity=visitor,
            verified=verified,
            profile=dict(profile),
            place=_place(hello),
            last="",
            lines=0,
            delivered=0,
            seen=0,
            created_at=now,
            seen_at=now,
        )
    )
    found = await conn.execute(select(chat_session).where(chat_session.c.id == session_id))
    return found.one()


def _place(hello: Hello) -> dict[str, str]:
    language, zone = one_line(hello.language, 35), one_line(hello.time_zone, 64)
    return {**_page(hello.page), "language": language, "time_zone": zone}


def _page(page: Page) -> dict[str, str]:
    return {
        "url": one_line(page.url, 2_000),
        "title": one_line(page.title, 300),
        "referrer": one_line(page.referrer, 2_000),
    }


def _opened(row: Row[Any], token: str | None, epoch: str) -> Opened:
    return Opened(row.id, token, epoch, row.lines, row.verified, row.profile)
