"""What is used up of the Graph's allowances, as its headers say it in hundredths.

Written from https://developers.facebook.com/docs/graph-api/overview/rate-limiting: ``X-App-Usage`` and
``X-Page-Usage`` hold one object, ``X-Business-Use-Case-Usage`` a list of them for each business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json

__all__ = ["Usage", "usage_in"]

_PLAIN = ("x-app-usage", "x-page-usage", "x-ad-account-usage")
_BY_BUSINESS = "x-business-use-case-usage"
_FIGURES = ("call_count", "total_time", "total_cputime")
_LONGEST_HEADER = 10_000


@dataclass(frozen=True, slots=True)
class Usage:
    """``percent`` is how much is used of the scarcest allowance, ``pause`` for how many seconds no call will
    be taken (0: they are). Both are None where the headers are silent."""

    percent: int | None = None
    pause: float | None = None


def usage_in(headers: Mapping[str, str]) -> Usage:
    """Return what the ``headers`` of an answer say. Never raises."""
    found = list(_objects({name.lower(): value for name, value in headers.items()}))
    percents = [p for one in found for name in _FIGURES if (p := fields.number(one, name)) is not None]
    minutes = [m for one in found if (m := fields.number(one, "estimated_time_to_regain_access")) is not None]
    return Usage(
        min(max(percents), 1_000) if percents else None,
        min(max(minutes), 24 * 60) * 60.0 if minutes else None,
    )


def _objects(headers: Mapping[str, str]) -> Iterator[Json]:
    for name in _PLAIN:
        yield _values(headers.get(name, ""))
    by_business = _values(headers.get(_BY_BUSINESS, ""))
    for business in by_business:
        yield from fields.each(by_business, business)


def _values(header: str) -> Json:
    if not header or len(header) > _LONGEST_HEADER:
        return {}
    try:
        return fields.inner(fields.parse(header.encode("utf-8", "replace")))
    except Invalid:
        return {}
