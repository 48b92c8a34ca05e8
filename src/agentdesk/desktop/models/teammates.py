"""How people stand, in words: their status, until when, and how much they have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import date_text, time_text, tr
from agentdesk.domain.availability import Availability
from agentdesk.queries.team_rows import TeammateRow

__all__ = ["STATES", "by_room", "dot_of", "load_text", "return_times", "standing_text", "state_words"]

STATES: dict[Availability, Msg] = {
    Availability.AVAILABLE: msg("Available"),
    Availability.BUSY: msg("Busy"),
    Availability.BREAK: msg("Break"),
    Availability.OFFLINE: msg("Offline"),
}
_DOTS: dict[Availability, str] = {
    Availability.AVAILABLE: "ok.mark",
    Availability.BUSY: "bad.fill",
    Availability.BREAK: "warn.mark",
    Availability.OFFLINE: "line.strong",
}
_AT_LIMIT = msg("At limit")
_MINUTES = (15, 30, 60, 120)
_MORNING = 9


def dot_of(row: TeammateRow, now: datetime) -> str:
    """The colour role of the dot at somebody's picture; never the only sign."""
    state = row.now_is(now)
    return "warn.mark" if state is Availability.AVAILABLE and row.is_full() else _DOTS[state]


def state_words(row: TeammateRow, now: datetime) -> Msg:
    """Say how somebody stands, in the team's own words where it has some, and until when where that is known.
    Whoever is available and has as many as they may have is at their limit."""
    state, own = row.now_is(now), row.own(now)
    if own:
        words = msg("{words}", words=own)
    elif state is Availability.AVAILABLE:
        return _AT_LIMIT if row.is_full() else STATES[state]
    else:
        words = STATES[state]
    if row.back_at is None:
        return words
    return msg("{status} until {time}", status=words, time=_moment_text(row.back_at, now))


def load_text(row: TeammateRow) -> str:
    """How many conversations somebody has, and of how many: 5/6."""
    return str(row.load) if row.capacity is None else f"{row.load}/{row.capacity}"


def standing_text(row: TeammateRow, now: datetime) -> str:
    """All that matters to whoever gives somebody a conversation: the load alone of those who are there."""
    if row.unreachable_since is not None and row.now_is(now) is Availability.AVAILABLE:
        words = msg("Not reachable")
    elif row.now_is(now) is Availability.AVAILABLE and not row.own(now) and not row.is_full():
        return load_text(row)
    else:
        words = state_words(row, now)
    return tr(msg("{status}, {load}", status=words, load=load_text(row)))


def by_room(rows: Sequence[TeammateRow], now: datetime) -> list[TeammateRow]:
    """Sort people: first those who take one more, the least busy first; then the others."""
    return sorted(rows, key=lambda row: (not row.takes(now), row.load, row.name.casefold()))


def return_times(now: datetime) -> list[tuple[Msg, datetime]]:
    """The usual moments to be back at, with words; ``now`` is in the person's own time."""
    found = []
    for minutes in _MINUTES:
        at = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
        found.append((msg("In {minutes} minutes, at {time}", minutes=minutes, time=time_text(at)), at))
    morning = (now + timedelta(days=1)).replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    found.append((msg("Tomorrow morning, at {time}", time=time_text(morning)), morning))
    return found


def _moment_text(moment: datetime, now: datetime) -> str:
    local = moment.astimezone()
    if local.date() == now.astimezone().date():
        return time_text(local)
    return f"{date_text(local, now)} {time_text(local)}"
