"""Where reading has got to: the cursor of an Instagram account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from agentdesk.sdk.inbound import Cursor
from agentdesk_connectors import fields

__all__ = ["MOST_WATCHED", "Place", "Stood", "read_place"]

MOST_WATCHED = 60
"""Comments and messages that are looked at again, since Instagram does not tell of all that is taken back."""
LATE = timedelta(minutes=5)
"""How late something may show up."""
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Stood:
    """Where something stood when it was handed over: the number of its work or talk, and since when."""

    within: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """What is older than ``begin`` does not count; everything up to ``newest`` has been handed over.
    ``watched`` are the newest ones, oldest first, by name."""

    begin: datetime
    newest: datetime
    watched: Mapping[str, Stood] = field(default_factory=dict)

    def cursor(self) -> dict[str, object]:
        """Return it as JSON values."""
        watched = [[name, one.within, int(one.at.timestamp())] for name, one in self.watched.items()]
        return {
            "begin": int(self.begin.timestamp()),
            "newest": int(self.newest.timestamp()),
            "watched": watched,
        }

    def is_new(self, name: str, at: datetime) -> bool:
        """Say whether something has not been handed over, as far as is known here."""
        return name not in self.watched and at >= max(self.begin, self.newest - LATE)

    def with_one(self, name: str, stood: Stood) -> Place:
        """Return it with something handed over; the oldest one falls out."""
        watched = dict([*self.watched.items(), (name, stood)][-MOST_WATCHED:])
        return replace(self, newest=max(self.newest, stood.at), watched=watched)

    def without(self, name: str) -> Place:
        """Return it with something watched no more."""
        return replace(self, watched={key: one for key, one in self.watched.items() if key != name})


def read_place(cursor: Cursor | None, history: str, now: datetime) -> Place:
    """Return the place in ``cursor``; where there is none, where the ``history`` that counts begins."""
    begin, newest = _moment(cursor or {}, "begin"), _moment(cursor or {}, "newest")
    if cursor and begin is not None and newest is not None:
        return Place(begin, newest, _watched(cursor.get("watched")))
    if history == "all":
        begin = datetime.fromtimestamp(0, UTC)
    else:
        begin = now.replace(microsecond=0) - timedelta(days=int(history.partition(":")[2] or 0))
    return Place(begin, begin)


def _watched(found: object) -> dict[str, Stood]:
    watched = {}
    for one in found if isinstance(found, list) else []:
        if isinstance(one, list | tuple) and len(one) == 3 and isinstance(one[2], int):
            name, within = str(one[0])[:_LONGEST], str(one[1])[:_LONGEST]
            watched[name] = Stood(within, datetime.fromtimestamp(one[2], UTC))
    return watched


def _moment(cursor: Cursor, name: str) -> datetime | None:
    seconds = fields.number(cursor, name)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
