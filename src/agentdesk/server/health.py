"""How an account is doing, as everybody sees it: one row, written when it changes, and one log line each for
loss and recovery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.base.text import Msg
from agentdesk.commands.executor import as_text
from agentdesk.domain.abilities import Abilities
from agentdesk.domain.cleaning import storable
from agentdesk.domain.figures import Figures, Signs
from agentdesk.server.leases import Lease, LeaseLost
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import account_state
from agentdesk.store.unit import ServerUnit

_PROGRESS_EVERY = timedelta(seconds=1)
_COMPLETE_EVERY = timedelta(seconds=30)
_log = get_logger(__name__)


class State(StrEnum):
    """What an account is doing."""

    STARTING = "starting"
    READING = "reading"
    OK = "ok"
    UNREACHABLE = "unreachable"
    AUTH_FAILED = "auth_failed"
    PAUSED = "paused"
    ERROR = "error"


_FINE = frozenset({State.STARTING, State.READING, State.OK, State.PAUSED})


@dataclass(frozen=True, slots=True)
class _Part:
    """How reading or sending is doing."""

    state: State
    problem: Msg | None = None
    remedy: Msg | None = None
    words: str = ""


class Health:
    """Writes one account's ``account_state``. Reading and sending report apart; a problem of either shows.

    Nothing is written where ``lease`` is another server's: how the account does is for that one to tell.
    ``asked_at`` is when somebody last asked that the account be tried again: whatever is written answers it.
    """

    def __init__(
        self,
        db: Database,
        bell: Bell,
        account_id: UUID,
        inbox_id: UUID,
        name: str,
        lease: Lease | None = None,
        asked_at: datetime | None = None,
    ) -> None:
        self._db = db
        self._bell = bell
        self._account_id = account_id
        self._inbox_id = inbox_id
        self._name = name
        self._lease = lease
        self._asked_at = asked_at
        self._reading = _Part(State.STARTING)
        self._sending = _Part(State.OK)
        self._written: dict[str, Any] = {}
        self._written_at = datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._complete_until: datetime | None = None
        self._done = 0
        self._total: int | None = None
        self._lost = False
        self._figures = Figures()
        self._signs: Callable[[], Signs] = Signs
        self._abilities: dict[str, Any] | None = None
        self._abilities_known = False

    # --- what people see besides ---

    def watch(self, signs: Callable[[], Signs]) -> None:
        """Ask ``signs`` how the account fares whenever something is written of it."""
        self._signs = signs

    def came(self, moments: Sequence[datetime]) -> None:
        """Something came in that happened at ``moments`` (UTC)."""
        if moments:
            last = max(moments)
            lag = max(0.0, (clock.now() - last).total_seconds())
            self._figures = msgspec.structs.replace(self._figures, last_event_at=last, lag=round(lag, 3))

    async def can(self, abilities: Abilities | None) -> None:
        """The account can do this now; None: its channel has no differences."""
        found = msgspec.json.decode(msgspec.json.encode(abilities))
        known, self._abilities, self._abilities_known = self._abilities, found, True
        if found != known:
            await self._write()

    # --- how it goes ---

    async def connected(self) -> None:
        """The service can be reached."""
        if self._reading.state not in (State.READING, State.OK):
            self._reading = _Part(State.OK if self._complete_until else State.READING)
            await self._write()

    async def progress(self, done: int, total: int | None) -> None:
        """A long reading has come so far."""
        self._done, self._total = done, total
        if self._reading.state in _FINE:
            self._reading = _Part(State.READING)
        if clock.now() - self._written_at >= _PROGRESS_EVERY or done == total:
            await self._write()

    async def caught_up(self) -> None:
        """Everything up to now is here."""
        now = clock.now()
        first = self._reading.state is not State.OK or self._complete_until is None
        self._reading = _Part(State.OK)
        self._figures = msgspec.structs.replace(self._figures, errors=0)
        self._done, self._total = 0, None
        if first or self._complete_until is None or now - self._complete_until >= _COMPLETE_EVERY:
            self._complete_until = now
            await self._write()

    async def reading_failed(self, state: State, error: AgentDeskError) -> None:
        """Reading does not work at present."""
        self._figures = msgspec.structs.replace(self._figures, errors=self._figures.errors + 1)
        await self._failed("reading", state, error)

    async def sending_failed(self, state: State, error: AgentDeskError) -> None:
        """Sending does not work at present."""
        await self._failed("sending", state, error)

    async def sending_works(self) -> None:
        """A message went out."""
        if self._sending.state is not State.OK:
            self._sending = _Part(State.OK)
            await self._write()

    async def set(self, state: State) -> None:
        """Say what the account does, where neither reading nor sending can."""
        self._reading, self._sending = _Part(state), _Part(State.OK)
        await self._write()

    async def _failed(self, part: str, state: State, error: AgentDeskError) -> None:
        found = _Part(state, error.message, error.hint, str(getattr(error, "answer", "")))
        if part == "reading":
            self._reading = found
        else:
            self._sending = found
        await self._write()

    async def _write(self) -> None:
        shown = self._reading if self._reading.state not in _FINE else self._sending
        if shown.state is State.OK:
            shown = replace(shown, state=self._reading.state)
        self._log_change(shown)
        values: dict[str, Any] = {
            "state": shown.state.value,
            "problem": _as_json(shown.problem),
            "remedy": _as_json(shown.remedy),
            "complete_until": self._complete_until,
            "done": self._done,
            "total": self._total,
            "last_words": storable(shown.words, 1_000),
        }
        figures = msgspec.structs.replace(self._figures, signs=self._signs())
        if figures != Figures():
            values["figures"] = msgspec.json.decode(msgspec.json.encode(figures))
        if self._abilities_known:
            values["abilities"] = self._abilities
        if self._asked_at is not None:
            values["retried_at"] = self._asked_at
        if values == self._written:
            return
        try:
            await self._store(values)
        except (DatabaseError, LeaseLost):
            return  # the next change tells it; reading and sending go on
        self._written, self._written_at = values, clock.now()
        self._bell.ring()

    async def _store(self, values: dict[str, Any]) -> None:
        async with self._db.write() as conn:
            if self._lease is not None:
                await self._lease.check(conn)
            unit = ServerUnit(conn)
            mine = account_state.c.id == self._account_id
            row = (await conn.execute(select(account_state).where(mine))).mappings().first()
            now = clock.now()
            if row is None:
                new = {"id": self._account_id, "inbox_id": self._inbox_id, "changed_at": now}
                await unit.insert(account_state, [{**values, **new}])
            else:
                if values["complete_until"] is None:
                    values = {**values, "complete_until": row["complete_until"]}
                changed = {name: value for name, value in values.items() if row[name] != value}
                if "state" in changed:
                    changed["changed_at"] = now
                if changed:
                    await unit.update(account_state, self._account_id, changed)
            await unit.flush()

    def _log_change(self, shown: _Part) -> None:
        lost = shown.state not in _FINE
        if lost and not self._lost:
            _log.warning("an account has a problem", account=self._name, problem=str(shown.problem))
        elif self._lost and not lost and shown.state is not State.STARTING:
            _log.info("an account works again", account=self._name)
        self._lost = lost


def _as_json(message: Msg | None) -> dict[str, Any] | None:
    if message is None:
        return None
    text = as_text(message)
    return {"text": text.text, "args": text.args}
