"""Where reading has got to in a folder: the cursor of an email account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agentdesk.sdk.inbound import Cursor
from agentdesk_connectors.email.imap import FolderState

_MARGIN = timedelta(days=1)
"""Allowed for clocks and time zones where the history setting counts: rather a day more than a mail less."""


@dataclass(frozen=True, slots=True)
class Place:
    """Everything up to ``uid`` of ``folder`` in the numbering ``uidvalidity`` has been handed over.

    ``started`` is when the account was first read. Messages up to ``history_to`` were there before this
    numbering was first seen: the history setting says which of them count. Whatever has a higher UID counts
    whatever its date. ``generation`` tells numberings apart that a careless server gave one UIDVALIDITY.
    """

    folder: str
    uidvalidity: int
    uid: int
    started: datetime
    history_to: int = 0
    generation: int = 0

    def cursor(self) -> dict[str, object]:
        """Return it as JSON values."""
        values: dict[str, object] = {
            "folder": self.folder,
            "uidvalidity": self.uidvalidity,
            "uid": self.uid,
            "started": self.started.isoformat(),
        }
        if self.history_to > self.uid:
            values["history_to"] = self.history_to
        if self.generation:
            values["generation"] = self.generation
        return values

    def source_id(self, uid: int) -> str:
        """Return the name of the message ``uid``, for ever."""
        suffix = f".{self.generation}" if self.generation else ""
        return f"{self.folder}/{self.uidvalidity}{suffix}/{uid}"

    def moved_to(self, uid: int) -> Place:
        """Return the place after everything up to ``uid`` has been handed over."""
        return replace(self, uid=max(uid, self.uid))

    @property
    def in_history(self) -> bool:
        """Whether messages remain to which the history setting applies."""
        return self.uid < self.history_to


def read_place(cursor: Cursor | None, folder: str, now: datetime) -> Place | None:
    """Return the place in ``cursor``, or None where it is of another folder or there is none."""
    if not cursor or cursor.get("folder") != folder:
        return None
    return Place(
        folder,
        _number(cursor, "uidvalidity"),
        _number(cursor, "uid"),
        _moment(cursor.get("started"), now),
        _number(cursor, "history_to"),
        _number(cursor, "generation"),
    )


def place_in(place: Place | None, state: FolderState, folder: str, history: str, now: datetime) -> Place:
    """Return where to go on reading ``folder``, which is found in ``state``, after ``place``.

    The same numbering: there. A new one (or a first reading): at its start, with what is there as history,
    which for a first reading "from now" is passed over.
    """
    last = state.uidnext - 1
    if place is None:
        start = last if history == "now" else 0
        return Place(folder, state.uidvalidity, start, now, last)
    same = place.uidvalidity == state.uidvalidity
    if same and (last < 0 or place.uid <= last):
        return place
    generation = place.generation + 1 if same else 0
    return Place(folder, state.uidvalidity, 0, place.started, last, generation)


def history_since(place: Place, history: str) -> datetime | None:
    """Return from when on messages of the history count; None: all of them."""
    if history == "all":
        return None
    days = int(history.partition(":")[2] or 0)
    return place.started - timedelta(days=days) - _MARGIN


def _number(cursor: Mapping[str, object], name: str) -> int:
    value = cursor.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _moment(value: object, default: datetime) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return default
