"""Reading the audit trail, and proving that nobody has touched it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.server.audit_sealing import HEAD, NOTHING, content_of, digest_of, expand
from agentdesk.server.people import person_id
from agentdesk.server.privacy import conversation_id
from agentdesk.store.audit import hash_of
from agentdesk.store.engine import Database
from agentdesk.store.facts import fact
from agentdesk.store.tables import audit_entry, audit_seal, conversation, user

__all__ = ["Head", "Line", "Verified", "Wanted", "head", "lines", "read_notes", "verify"]

_MARK_BYTES = 8
_NAMED_AT_MOST = 20
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal: kept outside of the database, it proves later that the end was not cut off."""

    number: int
    digest: str

    def text(self) -> str:
        """Return it as one word."""
        return f"{self.number}:{self.digest}"

    @classmethod
    def parse(cls, given: str) -> Head:
        """Return what :meth:`text` gave. Raises Invalid."""
        number, _, digest = given.strip().partition(":")
        if not number.isdigit() or len(digest) != len(NOTHING):
            raise Invalid(msg("This is not the head of an audit trail; it looks like 12:9f86d0…"))
        return cls(int(number), digest)


def read_notes(text: str) -> list[Head]:
    """Return the heads that stand last in each line of ``text``. Raises Invalid."""
    return [Head.parse(line.split()[-1]) for line in text.splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: ``troubles`` is empty where every seal holds. ``unsealed`` entries are too
    young to be proven."""

    seals: int
    entries: int
    unsealed: int
    troubles: tuple[Msg, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to list; None stands for all. ``limit`` is how many at most, the newest."""

    person: str | None = None
    contact_id: UUID | None = None
    conversation: str | None = None
    since: datetime | None = None
    limit: int = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, with the address of the member of the team who acted, where it was one."""

    seq: int
    at: datetime
    person: str
    entry: RowMapping


async def head(db: Database) -> Head | None:
    """Return the newest seal, or None where nothing was sealed yet."""
    newest = select(audit_seal.c.number, audit_seal.c.digest).order_by(audit_seal.c.number.desc()).limit(1)
    async with db.read() as conn:
        row = (await conn.execute(newest)).first()
    return Head(*row) if row is not None else None


async def lines(db: Database, wanted: Wanted) -> list[Line]:
    """Return entries, the oldest first. Raises Invalid for a person or a conversation that is not there."""
    columns = audit_entry.c
    async with db.read() as conn:
        statement = select(audit_entry, user.c.email).outerjoin(user, user.c.id == columns.user_id)
        if wanted.person is not None:
            statement = statement.where(columns.user_id == await person_id(conn, wanted.person))
        if wanted.conversation is not None:
            statement = statement.where(
                columns.conversation_id == await conversation_id(conn, wanted.conversation)
            )
        if wanted.contact_id is not None:
            theirs = select(conversation.c.id).where(conversation.c.contact_id == wanted.contact_id)
            statement = statement.where(
                or_(columns.contact_id == wanted.contact_id, columns.conversation_id.in_(theirs))
            )
        if wanted.since is not None:
            statement = statement.where(columns.at >= wanted.since)
        rows = (await conn.execute(statement.order_by(columns.seq.desc()).limit(wanted.limit))).mappings()
        found = [Line(row["seq"], row["at"], row["email"] or "", row) for row in rows]
    return found[::-1]


async def verify(db: Database, *anchors: Head) -> Verified:
    """Check every entry against its seal and every seal against the one before it.

    ``anchors`` are heads that were noted down earlier: where the trail does not hold such a seal any more,
    its end was cut off, or all of it was made anew.
    """
    async with db.read(snapshot=True) as conn:
        check = _Check(await _first_expected(conn))
        async for row in _seals(conn):
            check.seal(row, await _entries(conn, row))
        await check.end(conn, anchors)
        there = await conn.scalar(select(func.count()).select_from(audit_entry))
    unsealed = int(there or 0) - check.entries
    return Verified(check.seals, check.entries, unsealed, tuple(check.troubles))


class _Check:
    """Goes along the chain. ``expected`` is the number and the digest of the seal before the first one."""

    def __init__(self, expected: Head) -> None:
        self._before = expected
        self._start = expected
        self.seals = 0
        self.entries = 0
        self.troubles: list[Msg] = []
        self._digests: dict[int, str] = {}

    def seal(self, row: RowMapping, entries: Sequence[RowMapping]) -> None:
        """Look at one seal and its entries."""
        number = int(row["number"])
        if number != self._before.number + 1:
            self._say(
                msg("Seal {first} is missing: its entries cannot be proven.", first=self._before.number + 1)
            )
        elif row["previous"] != self._before.digest:
            self._say(msg("Seal {number} does not follow from the one before it.", number=number))
        if digest_of(row) != row["digest"]:
            self._say(msg("Seal {number} was changed.", number=number))
        self._compare(row, entries)
        self._before = Head(number, row["digest"])
        self._digests[number] = row["digest"]
        self.seals += 1
        self.entries += len(entries)

    async def end(self, conn: AsyncConnection, anchors: Sequence[Head]) -> None:
        """Look whether the end of the chain is where it has to be."""
        noted = await fact(conn, HEAD)
        if noted is not None and noted != self._before.text():
            self._say(
                msg(
                    "The trail ends with seal {number}, but the last one was {noted}: its end is cut off.",
                    number=self._before.number,
                    noted=noted.partition(":")[0],
                )
            )
        known = {**self._digests, self._start.number: self._start.digest}
        kept = [one for one in anchors if one.number >= self._start.number]  # older ones went by a rule
        wrong = sorted({one.number for one in kept if known.get(one.number) != one.digest})
        for number in wrong[:_NAMED_AT_MOST]:
            self._say(msg("The trail does not hold seal {number} as it was noted down.", number=number))

    def _compare(self, row: RowMapping, entries: Sequence[RowMapping]) -> None:
        hashes = {int(entry["seq"]): hash_of(entry) for entry in entries}
        numbers = expand(row["ranges"])
        if content_of([hashes[one] for one in numbers if one in hashes]) == row["content"]:
            return
        marks = row["marks"]
        named = 0
        for place, number in enumerate(numbers):
            mark = marks[place * _MARK_BYTES : (place + 1) * _MARK_BYTES]
            if number not in hashes:
                self._say(msg("Entry {number} of seal {seal} is gone.", number=number, seal=row["number"]))
            elif hashes[number][:_MARK_BYTES] != mark:
                self._say(
                    msg("Entry {number} of seal {seal} was changed.", number=number, seal=row["number"])
                )
            else:
                continue
            named += 1
            if named == _NAMED_AT_MOST:
                break
        if not named:
            self._say(msg("The entries of seal {seal} do not match it.", seal=row["number"]))

    def _say(self, trouble: Msg) -> None:
        self.troubles.append(trouble)


async def _first_expected(conn: AsyncConnection) -> Head:
    """The seal that the oldest kept one has to follow: of what was dropped in order, an entry tells."""
    first = (await conn.execute(select(audit_seal).order_by(audit_seal.c.number).limit(1))).mappings().first()
    nothing = Head(0, NOTHING)
    if first is None or first["number"] == 1:
        return nothing
    dropped = await conn.execute(
        select(audit_entry.c.data).where(audit_entry.c.kind == "retention", audit_entry.c.what == "audit")
    )
    heads = {Head.parse(row.data["through"]) for row in dropped}
    before = Head(int(first["number"]) - 1, first["previous"])
    return before if before in heads else nothing


async def _seals(conn: AsyncConnection) -> AsyncIterator[RowMapping]:
    after = 0
    while True:
        some = select(audit_seal).where(audit_seal.c.number > after).order_by(audit_seal.c.number)
        rows = (await conn.execute(some.limit(_AT_ONCE))).mappings().all()
        if not rows:
            return
        for row in rows:
            yield row
        after = rows[-1]["number"]


async def _entries(conn: AsyncConnection, seal: RowMapping) -> Sequence[RowMapping]:
    """The entries that a seal names, those of others between them left out."""
    columns = audit_entry.c
    within = select(audit_entry).where(columns.seq.between(seal["first_seq"], seal["last_seq"]))
    named = set(expand(seal["ranges"]))
    return [row for row in (await conn.execute(within)).mappings() if row["seq"] in named]
