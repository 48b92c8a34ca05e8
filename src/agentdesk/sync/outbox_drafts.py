"""Drafts in the outbox file: at once on this disk, and what of them the server does not know yet.

A draft's state: ``new`` (the server has not been told), ``sent`` (it was, and has not answered), ``told`` (it
has answered), ``kept`` (its rows show it). A removal is a state without a draft. What the rows show may be
older than what the server was told: editions that a text has grown out of are never taken for newer ones.
Texts that were put aside stay until a person has looked at them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import File
from agentdesk.sync.draft import Draft
from agentdesk.sync.protocol import KeepDraft

__all__ = ["SCHEMA", "DraftShelf", "drop_draft", "put_draft", "take_up_old"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS draft (
    conversation_id BLOB NOT NULL,
    mode TEXT NOT NULL,
    draft BLOB NOT NULL,
    PRIMARY KEY (conversation_id, mode)
) WITHOUT ROWID;
CREATE TABLE draft_state (
    conversation_id BLOB NOT NULL,
    mode TEXT NOT NULL,
    edition BLOB NOT NULL,
    based_on BLOB NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (conversation_id, mode)
) WITHOUT ROWID;
CREATE TABLE draft_aside (
    edition BLOB PRIMARY KEY,
    conversation_id BLOB NOT NULL,
    draft BLOB NOT NULL,
    seen INTEGER NOT NULL
) WITHOUT ROWID;
"""

_MOST_BASES = 50
_ID = 16

T = TypeVar("T")
Place = tuple[UUID, str]

_decode = msgspec.msgpack.Decoder(Draft).decode
_encode = msgspec.msgpack.Encoder().encode


class _Outbox(Protocol):
    """The outbox file: transactions and reads."""

    def change(self, work: Callable[[sqlite3.Connection], T]) -> T: ...

    def one(self, query: str, *values: Any) -> Any: ...

    def all(self, query: str, *values: Any) -> list[Any]: ...


class DraftShelf:
    """The drafts of an outbox file, synchronous as the file itself."""

    def __init__(self, file: _Outbox) -> None:
        self._file = file

    # --- what the person does ---

    def save(self, draft: Draft) -> UUID | None:
        """Keep a draft, an empty one removes it; returns its edition, None where there is none."""
        if draft.text.strip() or draft.files:
            return self._file.change(lambda db: put_draft(db, draft))
        place = draft.conversation_id, draft.mode
        self._file.change(lambda db: drop_draft(db, *place, grown_out_of=draft.edition))
        return None

    def one(self, conversation_id: UUID, mode: str) -> Draft | None:
        """Return a draft."""
        row = self._file.one(
            "SELECT draft FROM draft WHERE conversation_id = ? AND mode = ?", conversation_id.bytes, mode
        )
        return _decode(row[0]) if row else None

    def all(self) -> list[Draft]:
        """Return all drafts, the latest first."""
        found = [_decode(row[0]) for row in self._file.all("SELECT draft FROM draft")]
        return sorted(
            found, key=lambda draft: draft.saved_at or datetime.min.replace(tzinfo=UTC), reverse=True
        )

    def files(self) -> list[File]:
        """Return the files of all texts."""
        asides = [_decode(row[0]) for row in self._file.all("SELECT draft FROM draft_aside")]
        return [file for draft in (*self.all(), *asides) for file in draft.files]

    def aside(self, conversation_id: UUID) -> list[Draft]:
        """Return the texts that were put aside in a conversation, oldest first."""
        rows = self._file.all(
            "SELECT draft FROM draft_aside WHERE conversation_id = ? AND NOT seen ORDER BY edition",
            conversation_id.bytes,
        )
        return [_decode(row[0]) for row in rows]

    def drop_aside(self, edition: UUID) -> None:
        """A text that was put aside has been looked at."""
        self._file.change(
            lambda db: db.execute("UPDATE draft_aside SET seen = 1 WHERE edition = ?", (edition.bytes,))
        )

    # --- what the server is told ---

    def to_tell(self) -> list[KeepDraft]:
        """Return what the server does not know, or has not said that it knows."""
        told = [
            KeepDraft(
                conversation_id=UUID(bytes=conversation),
                mode=mode,
                edition=UUID(bytes=edition),
                draft=None if draft is None else _decode(draft),
                based_on=tuple(_ids(based_on)),
            )
            for conversation, mode, edition, based_on, draft in self._file.all(
                "SELECT s.conversation_id, s.mode, s.edition, s.based_on, d.draft FROM draft_state s"
                " LEFT JOIN draft d ON d.conversation_id = s.conversation_id AND d.mode = s.mode"
                " WHERE s.state IN ('new', 'sent')"
            )
        ]
        seen = self._file.all("SELECT edition, draft FROM draft_aside WHERE seen")
        for edition, draft in seen:
            one = _decode(draft)
            told.append(
                KeepDraft(
                    conversation_id=one.conversation_id,
                    mode=one.mode,
                    edition=UUID(bytes=edition),
                    aside=True,
                )
            )
        return told

    def telling(self, edition: UUID) -> None:
        """An edition goes up now: whatever becomes of the answer, the server may have it."""
        self._file.change(
            lambda db: db.execute(
                "UPDATE draft_state SET state = 'sent' WHERE edition = ? AND state = 'new'", (edition.bytes,)
            )
        )

    def told(self, put: KeepDraft) -> None:
        """The server has taken note."""

        def work(db: sqlite3.Connection) -> None:
            edition = (put.edition.bytes,)
            if put.aside:
                db.execute("DELETE FROM draft_aside WHERE edition = ? AND seen", edition)
            else:
                db.execute("UPDATE draft_state SET state = 'told' WHERE edition = ?", edition)

        self._file.change(work)

    def tell_again(self) -> None:
        """The server may have lost what it knew: it is told every draft once more."""

        def work(db: sqlite3.Connection) -> None:
            _drop_told_removals(db)
            db.execute("UPDATE draft_state SET state = 'new', based_on = x''")

        self._file.change(work)

    def forget_removals(self) -> None:
        """The rows show what the server was told: what was removed need not be remembered any more."""
        self._file.change(_drop_told_removals)

    # --- what the server tells ---

    def places(self, states: Collection[str]) -> set[Place]:
        """Return the places of the drafts in these states."""
        rows = self._file.all(
            "SELECT s.conversation_id, s.mode, s.state FROM draft_state s JOIN draft d"
            " ON d.conversation_id = s.conversation_id AND d.mode = s.mode"
        )
        return {(UUID(bytes=conversation), mode) for conversation, mode, state in rows if state in states}

    def take_in(
        self,
        drafts: Iterable[Draft],
        asides: Iterable[Draft],
        gone: Mapping[Place, UUID],
        doubtful: Collection[Place],
        gone_asides: Collection[UUID],
    ) -> set[UUID]:
        """Take up what the server has, except where something was typed here since; returns the conversations
        where something changed.

        What is ``gone`` was sent or thrown away on another desk, in that edition. ``doubtful`` is what the
        server does not have, without having said that it went: it is put aside.
        """

        def work(db: sqlite3.Connection) -> set[UUID]:
            changed = {draft.conversation_id for draft in drafts if _adopt(db, draft)}
            changed |= {draft.conversation_id for draft in asides if _put_aside(db, draft)}
            changed |= {place[0] for place, edition in gone.items() if _forget(db, *place, edition)}
            changed |= {place[0] for place in doubtful if _forget(db, *place)}
            edition_rows = [(edition.bytes,) for edition in gone_asides]
            db.executemany("DELETE FROM draft_aside WHERE edition = ?", edition_rows)
            return changed

        return self._file.change(work)


def put_draft(db: sqlite3.Connection, draft: Draft) -> UUID:
    """Keep a draft, within a transaction; returns its edition, the old one where nothing changed."""
    place = draft.conversation_id, draft.mode
    known = _draft_at(db, *place)
    if known is not None and known.edition is not None and _alike(known, draft):
        return known.edition
    edition = new_id()
    based_on = _bases(db, *place, draft.edition)
    kept = msgspec.structs.replace(draft, saved_at=draft.saved_at or clock.now(), edition=edition)
    _write(db, kept)
    _set_state(db, *place, edition, based_on, "new")
    return edition


def drop_draft(
    db: sqlite3.Connection, conversation_id: UUID, mode: str, grown_out_of: UUID | None = None
) -> None:
    """Remove a draft, within a transaction, and remember to tell the server where it may have it."""
    if _draft_at(db, conversation_id, mode) is None:
        return
    based_on = _bases(db, conversation_id, mode, grown_out_of)
    _erase(db, conversation_id, mode)
    if based_on:
        _set_state(db, conversation_id, mode, new_id(), based_on, "new")


def take_up_old(db: sqlite3.Connection) -> None:
    """Drafts of an older program, which knew of no server copies: all of them are to be told."""
    for (content,) in db.execute("SELECT draft FROM draft").fetchall():
        draft = msgspec.structs.replace(_decode(content), edition=new_id())
        _write(db, draft)
        assert draft.edition is not None
        _set_state(db, draft.conversation_id, draft.mode, draft.edition, b"", "new")


def _draft_at(db: sqlite3.Connection, conversation_id: UUID, mode: str) -> Draft | None:
    row = db.execute(
        "SELECT draft FROM draft WHERE conversation_id = ? AND mode = ?", (conversation_id.bytes, mode)
    ).fetchone()
    return _decode(row[0]) if row else None


def _bases(db: sqlite3.Connection, conversation_id: UUID, mode: str, grown_out_of: UUID | None) -> bytes:
    """The editions that the server may have, and that the text about to be saved has grown out of."""
    row = db.execute(
        "SELECT edition, based_on, state FROM draft_state WHERE conversation_id = ? AND mode = ?",
        (conversation_id.bytes, mode),
    ).fetchone()
    if row is None:
        return b""
    edition, based_on, state = row
    if state == "new":  # never went up
        return bytes(based_on)
    if state in ("sent", "told"):
        return (bytes(based_on) + bytes(edition))[-_MOST_BASES * _ID :]
    return grown_out_of.bytes if grown_out_of is not None else bytes(edition)


def _adopt(db: sqlite3.Connection, draft: Draft) -> bool:
    """Take up a draft of the server; not where something was typed here that it does not know."""
    assert draft.edition is not None
    place = draft.conversation_id, draft.mode
    row = db.execute(
        "SELECT edition, state, based_on FROM draft_state WHERE conversation_id = ? AND mode = ?",
        (place[0].bytes, place[1]),
    ).fetchone()
    if row is not None:
        edition, state, based_on = row
        if state in ("new", "sent") or (state == "told" and draft.edition in _ids(based_on)):
            return False
        if bytes(edition) == draft.edition.bytes:
            _set_state(db, *place, draft.edition, b"", "kept")
            return False
    db.execute("DELETE FROM draft_aside WHERE edition = ?", (draft.edition.bytes,))
    _write(db, draft)
    _set_state(db, *place, draft.edition, b"", "kept")
    now = int(clock.now().timestamp() * 1_000_000)
    db.executemany("INSERT OR REPLACE INTO uploaded VALUES (?, ?)", [(f.blob, now) for f in draft.files])
    return True


def _put_aside(db: sqlite3.Connection, draft: Draft) -> bool:
    assert draft.edition is not None
    return bool(
        db.execute(
            "INSERT OR IGNORE INTO draft_aside (edition, conversation_id, draft, seen) VALUES (?, ?, ?, 0)",
            (draft.edition.bytes, draft.conversation_id.bytes, _encode(draft)),
        ).rowcount
    )


def _forget(db: sqlite3.Connection, conversation_id: UUID, mode: str, edition: UUID | None = None) -> bool:
    """Let go of a draft that the server has had. What is not the very ``edition`` that went is put aside."""
    row = db.execute(
        "SELECT 1 FROM draft_state WHERE conversation_id = ? AND mode = ? AND state IN ('told', 'kept')",
        (conversation_id.bytes, mode),
    ).fetchone()
    draft = _draft_at(db, conversation_id, mode)
    if row is None or draft is None:
        return False
    if draft.edition != edition:
        _put_aside(db, draft)
    _erase(db, conversation_id, mode)
    return True


def _drop_told_removals(db: sqlite3.Connection) -> None:
    db.execute(
        "DELETE FROM draft_state WHERE state = 'told' AND NOT EXISTS (SELECT 1 FROM draft d"
        " WHERE d.conversation_id = draft_state.conversation_id AND d.mode = draft_state.mode)"
    )


def _write(db: sqlite3.Connection, draft: Draft) -> None:
    db.execute(
        "INSERT OR REPLACE INTO draft (conversation_id, mode, draft) VALUES (?, ?, ?)",
        (draft.conversation_id.bytes, draft.mode, _encode(draft)),
    )


def _erase(db: sqlite3.Connection, conversation_id: UUID, mode: str) -> None:
    for table in ("draft", "draft_state"):
        db.execute(
            f"DELETE FROM {table} WHERE conversation_id = ? AND mode = ?",  # noqa: S608 - our own names
            (conversation_id.bytes, mode),
        )


def _set_state(
    db: sqlite3.Connection, conversation_id: UUID, mode: str, edition: UUID, based_on: bytes, state: str
) -> None:
    db.execute(
        "INSERT OR REPLACE INTO draft_state (conversation_id, mode, edition, based_on, state)"
        " VALUES (?, ?, ?, ?, ?)",
        (conversation_id.bytes, mode, edition.bytes, based_on, state),
    )


def _alike(one: Draft, other: Draft) -> bool:
    """Whether two drafts say the same."""
    return msgspec.structs.replace(one, saved_at=None, edition=None) == msgspec.structs.replace(
        other, saved_at=None, edition=None
    )


def _ids(joined: bytes) -> list[UUID]:
    return [UUID(bytes=joined[start : start + _ID]) for start in range(0, len(joined), _ID)]
