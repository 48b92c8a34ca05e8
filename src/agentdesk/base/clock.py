"""The only place that asks what time it is. All times are timezone-aware UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the present moment in UTC, with microseconds."""
    return datetime.now(UTC)


def seconds_from_now(seconds: float) -> datetime:
    """Return the moment ``seconds`` from now (negative: in the past)."""
    return now() + timedelta(seconds=seconds)


def to_utc(moment: datetime) -> datetime:
    """Return ``moment`` in UTC; a naive one is taken to be UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def next_midnight() -> datetime:
    """Return when today ends where this computer is."""
    today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return (today + timedelta(days=1)).astimezone(UTC)
