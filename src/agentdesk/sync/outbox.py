"""What an agent did and typed, until the server has it: commands, drafts, and which files were uploaded.

A SQLite file of its own beside the replica: that one can be fetched again, this one cannot. Every change is
on the disk when the call returns (WAL, ``synchronous=FULL``), so a kill at any instant loses nothing that was
acknowledged. With a key (32 bytes) the file is encrypted.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.values import Answer, Envelope, SaveView
from agentdesk.store.errors import translated
from agentdesk.store.sqlite_file import as_sqlite, driver, open_file
from agentdesk.sync.draft import Draft
from agentdesk.sync.dropping import drop_about, scrub
from agentdesk.sync.outbox_drafts import SCHEMA as DRAFT_SCHEMA
from agentdesk.sync.outbox_drafts import DraftShelf, drop_draft, put_draft, take_up_old
from agentdesk.sync.outbox_numbers import number_anew, numbered
from agentdesk.sync.wire_rows import microseconds

__all__ = ["KEPT", "Kept", "Outbox", "OutboxFile", "OutboxNewer", "WrongPerson"]

KEPT = timedelta(days=14)
"""How long confirmed commands are kept, to be offered again to a server that lost them."""

_VERSION = 2
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE command (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    number INTEGER UNIQUE,
    envelope BLOB NOT NULL,
    state TEXT NOT NULL,
    held_until INTEGER,
    answer BLOB,
    confirmed_at INTEGER
);
CREATE INDEX ix_command_state ON command (state, number);
CREATE TABLE uploaded (blob TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
"""

_UPLOAD_KNOWN = timedelta(days=1)

P = ParamSpec("P")
T = TypeVar("T")

_envelope_decoder = msgspec.msgpack.Decoder(Envelope)
_answer_decoder = msgspec.msgpack.Decoder(Answer)
_encode = msgspec.msgpack.Encoder().encode


class OutboxNewer(AgentDeskError):
    """The outbox was written by a newer version of the program."""

    def __init__(self) -> None:
        super().__init__(
            msg("This folder was used by a newer AgentDesk."),
            msg("Install that version or a newer one; what waits in the outbox was not changed."),
        )


class WrongPerson(AgentDeskError):
    """The outbox on this computer belongs to somebody else."""

    def __init__(self) -> None:
        super().__init__(
            msg("This folder holds the unsent work of somebody else."),
            msg("Sign in as that person, or choose another folder."),
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """A command as it lies in the file: ``state`` is held, waiting or refused."""

    envelope: Envelope
    state: str
    held_until: datetime | None
    answer: Answer | None


class OutboxFile:
    """The file itself, synchronous; one thread at a time. Errors of the disk are raised as DatabaseError."""

    def __init__(self, path: Path, key: bytes | None = None) -> None:
        self._path = path
        self._key = key
        self._driver = driver(key)
        self._db: sqlite3.Connection | None = None
        self.drafts = DraftShelf(self)

    def open(self) -> None:
        """Open the file, making it where it is missing. Raises OutboxNewer, DatabaseError."""
        db = open_file(self._path, ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL"), self._key)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            db.close()
            raise OutboxNewer
        self._db = db
        if version < _VERSION:
            self.change(_make_anew if version == 0 else _make_newer)
        self.change(self._forget_old)

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def about(self, name: str) -> str | None:
        """Return a fact about this outbox."""
        row = self.one("SELECT value FROM about WHERE name = ?", name)
        return row[0] if row else None

    def set_about(self, name: str, value: str) -> None:
        """Note a fact about this outbox."""
        self.change(
            lambda db: db.execute("INSERT OR REPLACE INTO about (name, value) VALUES (?, ?)", (name, value))
        )

    def desk_id(self) -> UUID:
        """Return who this desk is to the server; made on first use. Numbers of commands belong to it."""
        known = self.about("desk_id")
        if known is None:
            known = new_id().hex
            self.set_about("desk_id", known)
        return UUID(known)

    def add(
        self, envelope: Envelope, held_until: datetime | None, draft_of: tuple[UUID, str] | None = None
    ) -> Envelope:
        """Keep a command; unless it is held it gets its number at once. The draft that it grew out of goes in
        the same transaction. Returns the envelope as it will travel."""

        def work(db: sqlite3.Connection) -> Envelope:
            kept = envelope if held_until else numbered(db, envelope)
            db.execute(
                "INSERT INTO command (id, number, envelope, state, held_until) VALUES (?, ?, ?, ?, ?)",
                (
                    envelope.id.bytes,
                    kept.number,
                    _encode(kept),
                    "held" if held_until else "waiting",
                    microseconds(held_until) if held_until else None,
                ),
            )
            if draft_of is not None:
                drop_draft(db, *draft_of)
            return kept

        return self.change(work)

    def release(self, command_id: UUID) -> Envelope | None:
        """Let a held command go: it gets its number. None where it is not held (any more)."""

        def work(db: sqlite3.Connection) -> Envelope | None:
            row = db.execute(
                "SELECT envelope FROM command WHERE id = ? AND state = 'held'", (command_id.bytes,)
            ).fetchone()
            if row is None:
                return None
            released = numbered(db, _envelope_decoder.decode(row[0]))
            db.execute(
                "UPDATE command SET state = 'waiting', held_until = NULL, number = ?, envelope = ?"
                " WHERE id = ?",
                (released.number, _encode(released), command_id.bytes),
            )
            return released

        return self.change(work)

    def take_back(self, command_id: UUID, state: str, draft: Draft | None = None) -> bool:
        """Remove a command that is in ``state``, its text going to ``draft`` first. False where it is not."""

        def work(db: sqlite3.Connection) -> bool:
            gone = db.execute(
                "DELETE FROM command WHERE id = ? AND state = ?", (command_id.bytes, state)
            ).rowcount
            if gone and draft is not None:
                put_draft(db, draft)
            return bool(gone)

        return self.change(work)

    def refuse(self, answers: Sequence[Answer]) -> None:
        """Note that the server refused commands, and why."""

        def work(db: sqlite3.Connection) -> None:
            db.executemany(
                "UPDATE command SET state = 'refused', answer = ?, held_until = NULL WHERE id = ?"
                " AND state <> 'confirmed'",
                [(_encode(answer), answer.command_id.bytes) for answer in answers],
            )

        self.change(work)

    def replace(self, old: UUID, envelope: Envelope) -> Envelope:
        """Offer a refused command as a new one, in one step."""

        def work(db: sqlite3.Connection) -> Envelope:
            db.execute("DELETE FROM command WHERE id = ? AND state = 'refused'", (old.bytes,))
            again = numbered(db, envelope)
            db.execute(
                "INSERT INTO command (id, number, envelope, state) VALUES (?, ?, ?, 'waiting')",
                (envelope.id.bytes, again.number, _encode(again)),
            )
            return again

        return self.change(work)

    def number_anew(self, command_ids: Sequence[UUID]) -> dict[UUID, Envelope]:
        """Let commands that wait come after all others, in this order; returns them with their numbers."""
        return self.change(lambda db: number_anew(db, command_ids))

    def confirm(self, command_ids: Sequence[UUID]) -> None:
        """The replica contains these commands: they wait no longer, but are kept for a while."""
        now = microseconds(clock.now())

        def work(db: sqlite3.Connection) -> None:
            db.executemany(
                "UPDATE command SET state = 'confirmed', confirmed_at = ?"
                " WHERE id = ? AND state <> 'confirmed'",
                [(now, command_id.bytes) for command_id in command_ids],
            )

        self.change(work)

    def offer_again(self, after_number: int) -> int:
        """Let confirmed commands with higher numbers wait again: the server lost them. Returns how many."""

        def work(db: sqlite3.Connection) -> int:
            lost = db.execute(
                "SELECT seq, envelope FROM command WHERE state = 'confirmed' AND number > ?", (after_number,)
            ).fetchall()
            for seq, envelope in lost:
                again = msgspec.structs.replace(_envelope_decoder.decode(envelope), again=True)
                db.execute(
                    "UPDATE command SET state = 'waiting', confirmed_at = NULL, envelope = ? WHERE seq = ?",
                    (_encode(again), seq),
                )
            return len(lost)

        return self.change(work)

    def commands(self) -> list[Kept]:
        """Return what waits, is held or was refused, in the order in which it takes effect."""
        rows = self.all(
            "SELECT envelope, state, held_until, answer FROM command WHERE state <> 'confirmed'"
            " ORDER BY number IS NULL, number, seq"
        )
        return [
            Kept(
                _envelope_decoder.decode(envelope),
                state,
                None if held is None else _moment(held),
                None if answer is None else _answer_decoder.decode(answer),
            )
            for envelope, state, held, answer in rows
        ]

    def files(self) -> set[str]:
        """Return the contents that commands and drafts name, also those of commands that were confirmed."""
        envelopes = [_envelope_decoder.decode(row[0]) for row in self.all("SELECT envelope FROM command")]
        named = [getattr(envelope.command, "files", ()) for envelope in envelopes]
        return {file.blob for files in [*named, self.drafts.files()] for file in files}

    def views(self) -> set[UUID]:
        """Return the saved views that confirmed commands are about."""
        rows = self.all("SELECT envelope FROM command WHERE confirmed_at IS NOT NULL")
        commands = [_envelope_decoder.decode(row[0]).command for row in rows]
        return {command.view_id for command in commands if isinstance(command, SaveView)}

    def forget(self, ids: Set[UUID]) -> set[UUID]:
        """Drop commands and drafts about conversations, customers and views; returns which commands went."""
        gone = self.change(lambda db: drop_about(db, ids))
        scrub(self._opened())
        return gone

    def is_uploaded(self, blob: str) -> bool:
        """Say whether the server is known to have a file: a day later it is asked again, as it does not keep
        for ever what no message uses."""
        lately = microseconds(clock.now() - _UPLOAD_KNOWN)
        return self.one("SELECT 1 FROM uploaded WHERE blob = ? AND at > ?", blob, lately) is not None

    def uploaded(self, blob: str) -> None:
        """Note that the server has a file."""
        values = (blob, microseconds(clock.now()))
        self.change(lambda db: db.execute("INSERT OR REPLACE INTO uploaded VALUES (?, ?)", values))

    def forget_uploads(self) -> None:
        """The server may not have any file: it is another one, or was restored."""
        self.change(lambda db: db.execute("DELETE FROM uploaded"))

    def _forget_old(self, db: sqlite3.Connection) -> None:
        before = microseconds(clock.now() - KEPT)
        db.execute("DELETE FROM command WHERE state = 'confirmed' AND confirmed_at < ?", (before,))

    def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in one transaction that is on the disk on return. Raises DatabaseError."""
        db = self._opened()
        try:
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        except (sqlite3.Error, self._driver.Error) as error:
            known = as_sqlite(error)
            raise (translated(known) or known) from error
        return result

    def one(self, query: str, *values: Any) -> Any:
        """Return the first row that ``query`` finds, or None."""
        with closing(self._opened().execute(query, values)) as cursor:
            return cursor.fetchone()

    def all(self, query: str, *values: Any) -> list[Any]:
        """Return the rows that ``query`` finds."""
        with closing(self._opened().execute(query, values)) as cursor:
            return cursor.fetchall()

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            raise RuntimeError("the outbox is not open")
        return self._db


class Outbox:
    """The same file for the event loop: every call runs in one thread of its own, in order."""

    def __init__(self, path: Path, key: bytes | None = None) -> None:
        self._file = OutboxFile(path, key)
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._closed = False

    @property
    def file(self) -> OutboxFile:
        """The file; its methods are to be called through :meth:`run`."""
        return self._file

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a method of the file in its thread. Once begun it ends, even if the caller is cancelled."""
        future = self._thread.submit(work, *args, **kwargs)
        return await asyncio.shield(asyncio.wrap_future(future))

    async def close(self) -> None:
        """Close the file and end the thread; nothing where that was done before."""
        if not self._closed:
            self._closed = True
            await self.run(self._file.close)
            self._thread.shutdown()


def _make_anew(db: sqlite3.Connection) -> None:
    _run(db, _SCHEMA + DRAFT_SCHEMA)


def _make_newer(db: sqlite3.Connection) -> None:
    """From version 1, which kept drafts for itself."""
    _run(db, DRAFT_SCHEMA)
    take_up_old(db)


def _run(db: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA user_version={_VERSION}")


def _moment(micro: int) -> datetime:
    return datetime.fromtimestamp(micro / 1_000_000, UTC)
