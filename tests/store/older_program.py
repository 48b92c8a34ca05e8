"""The server of the first release, as the statements that it sent: recorded once, and played again and again.

``older/DIALECT.jsonl`` has a transaction in each line: those that found the company, then one round of a mail
that comes in, is read, assigned, tagged, noted upon, answered, sent and resolved. They were noted from that
program (schema 0002) at the driver, so they are what it sends to a database that is newer than it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.engine import Database

SCHEMA = "0002"

_FOLDER = Path(__file__).with_name("older")
_UUID = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-f])")
_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBER, _WORDS, _END = 7_000_000, 8_000_000, 9_000_000
"""What the numbers of conversations and of the search index were counted from, to tell them from others."""


class OlderProgram:
    """Plays rounds on ``db``; a statement that fails, or changes another number of rows, raises."""

    def __init__(self, db: Database) -> None:
        lines = (_FOLDER / f"{db.dialect}.jsonl").read_text().splitlines()
        self._db = db
        self._transactions = [json.loads(line) for line in lines]
        founding = [one for one in self._transactions if not one["round"]]
        self._kept = {UUID(text) for text in _UUID.findall(json.dumps(founding))}
        self._kept |= {UUID(bytes=content) for content in _contents(founding) if len(content) == 16}
        self.rounds = 0

    async def found(self) -> None:
        """Set up inbox, account and agent."""
        await self._play(founding=True)

    async def go_round(self) -> None:
        """One mail, from its arrival to the end; everything in it is new."""
        await self._play(founding=False)
        self.rounds += 1

    async def _play(self, *, founding: bool) -> None:
        for transaction in self._transactions:
            if transaction["round"] is founding:
                continue
            async with self._db.write() if transaction["writes"] else self._db.read() as conn:
                for statement, rows, parameters in transaction["statements"]:
                    await self._send(conn, statement, rows, [self._filled(one) for one in parameters])

    async def _send(
        self, conn: AsyncConnection, statement: str, rows: int, parameters: list[tuple[Any, ...]]
    ) -> None:
        many = len(parameters) > 1
        result = await conn.exec_driver_sql(statement, parameters if many else parameters[0])
        if result.returns_rows:
            result.all()
        if rows >= 0 and not many:
            assert result.rowcount == rows, statement

    def _filled(self, parameters: list[Any]) -> tuple[Any, ...]:
        return tuple(self._renewed(value) for value in parameters)

    def _renewed(self, value: Any) -> Any:
        """A recorded value as it is in this round: ids, names, hashes and numbers are others each time."""
        match value:
            case {"id": text}:
                return self._other_id(UUID(text))
            case {"at": text}:
                return datetime.fromisoformat(text)
            case {"bytes": text}:
                content = base64.b64decode(text)
                return self._other_id(UUID(bytes=content)).bytes if len(content) == 16 else content
            case str() if _HASH.fullmatch(value):
                return hashlib.sha256(f"{value} {self.rounds}".encode()).hexdigest()
            case str():
                named = value.replace("round-zero", f"round-{self.rounds}")
                return _UUID.sub(self._other_text, named)
            case int() if _NUMBER < value < _WORDS:
                return value + self.rounds
            case int() if _WORDS < value < _END:
                return value + 100 * self.rounds
        return value

    def _other_text(self, found: re.Match[str]) -> str:
        other = self._other_id(UUID(found[0]))
        return str(other) if "-" in found[0] else other.hex

    def _other_id(self, known: UUID) -> UUID:
        return known if known in self._kept else uuid5(known, str(self.rounds))


def _contents(transactions: list[Any]) -> list[bytes]:
    return [
        base64.b64decode(value["bytes"])
        for transaction in transactions
        for _statement, _rows, parameters in transaction["statements"]
        for row in parameters
        for value in row
        if isinstance(value, dict) and "bytes" in value
    ]
