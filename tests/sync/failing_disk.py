"""Disks whose Nth write fails: that of the replica (its engine) and of the outbox (its connection)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import event

from agentdesk.store.errors import translated
from agentdesk.store.sqlite import Step
from tests.sync.world import SimDesk


class _Countdown:
    """Raises an error of the disk at the Nth write, counted from :meth:`arm`."""

    def __init__(self) -> None:
        self._left: int | None = None
        self.failed = False

    def arm(self, number: int) -> None:
        self._left, self.failed = number, False

    def disarm(self) -> None:
        self._left = None

    def count(self, *_: Any) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left == 0:
            self.failed = True
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error


class FailingDisk(_Countdown):
    """The disk that a desk's replica lies on."""

    def __init__(self, desk: SimDesk) -> None:
        super().__init__()
        db = desk.replica._db
        engine = db._engines.writer.sync_engine
        event.listen(engine, "before_cursor_execute", self.count)
        event.listen(engine, "commit", self.count)
        write_at_once = db.write_at_once

        async def counted(steps: Sequence[Step]) -> None:
            """A part that fails takes the whole with it: tests/store/test_engine.py sees to that."""
            try:
                for _ in range(len(steps) + 1):
                    self.count()
            except sqlite3.Error as error:
                raise translated(error) or error from error
            await write_at_once(steps)

        db.write_at_once = counted  # type: ignore[method-assign]


class FailingOutbox(_Countdown):
    """The disk that a desk's outbox lies on; stands in for the connection of the file."""

    def __init__(self, desk: SimDesk) -> None:
        super().__init__()
        file = desk.outbox.file
        assert file._db is not None
        self._db = file._db
        file._db = self  # type: ignore[assignment]

    def execute(self, statement: str, *values: Any) -> Any:
        if not statement.startswith(("SELECT", "ROLLBACK")):
            self.count()
        return self._db.execute(statement, *values)

    def executemany(self, statement: str, *values: Any) -> Any:
        self.count()
        return self._db.executemany(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)
