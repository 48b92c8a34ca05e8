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
