"""When an inbox is staffed, whatever its week, holidays and time zone, also where clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.base.errors import Invalid
from agentdesk.domain.hours import (
    Hours,
    Span,
    hours_from,
    hours_to,
    is_open,
    next_opening,
    spans_in,
    zone_named,
)

BERLIN = ZoneInfo("Europe/Berlin")
_ZONES = ("Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "UTC")


@st.composite
def _spans(draw: st.DrawFn) -> tuple[Span, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    return tuple(Span(a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False))


_dates = st.dates(date(2026, 1, 1), date(2026, 12, 31))
_hours = st.builds(
    Hours,
    zone=st.sampled_from(_ZONES).map(ZoneInfo),
    week=st.tuples(*[_spans()] * 7),
    special=st.dictionaries(_dates, _spans(), max_size=3),
)
_moments = st.integers(0, 365 * 24 * 60).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)


def _on_the_wall(hours: Hours, now: datetime) -> bool:
    """Whether a clock there shows a staffed minute, said in other words than the program's."""
    shown = now.astimezone(hours.zone)
    spans = hours.special.get(shown.date(), hours.week[shown.weekday()])
    minute = shown.hour * 60 + shown.minute
    return any(minute in range(span.start, span.end) for span in spans)


@settings(max_examples=150)
@given(hours=_hours, now=_moments)
def test_the_next_opening_is_the_first_staffed_minute(hours: Hours, now: datetime) -> None:
    assert is_open(hours, now) == _on_the_wall(hours, now)
    moment = next_opening(hours, now)
    if is_open(hours, now):
        assert moment is None
        return
    minutes = (now + timedelta(minutes=n) for n in range(0, 9 * 24 * 60, 5))
    looked = next((one for one in minutes if _on_the_wall(hours, one)), None)
    if looked is None:  # not within nine days
        assert moment is None or moment > now + timedelta(days=8)
        return
    assert moment is not None
    assert is_open(hours, moment)
    assert not is_open(hours, moment - timedelta(minutes=1))
    assert looked - timedelta(minutes=5) < moment <= looked  # not one that is open was passed over


@given(hours=_hours)
def test_hours_come_back_as_they_were_stored(hours: Hours) -> None:
    assert hours_from(hours_to(hours)) == hours


def test_an_inbox_without_hours_is_always_staffed() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert is_open(None, now)
    assert next_opening(None, now) is None
    assert hours_from(None) is None
    assert hours_from({"zone": "Moon/Tycho", "week": [[]] * 7, "special": {}}) is None


def _only(day: date, text: str) -> Hours:
    return Hours(zone=BERLIN, special={day: spans_in(text)})


def test_what_lies_in_the_hour_that_is_left_out_begins_at_its_end() -> None:
    hours = _only(date(2026, 3, 29), "2:30-6:00")  # at 2:00 the clocks go to 3:00
    assert next_opening(hours, datetime(2026, 3, 28, 12, tzinfo=UTC)) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_what_lies_wholly_in_it_is_left_out_too() -> None:
    hours = _only(date(2026, 3, 29), "2:10-2:50")
    assert next_opening(hours, datetime(2026, 3, 28, 12, tzinfo=UTC)) is None


def test_an_hour_that_comes_twice_counts_twice() -> None:
    hours = _only(date(2026, 10, 25), "2:15-2:45")  # at 3:00 the clocks go back to 2:00
    first, second = datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert next_opening(hours, first - timedelta(hours=5)) == first
    assert is_open(hours, first + timedelta(minutes=29))
    assert next_opening(hours, first + timedelta(minutes=30)) == second


def test_a_night_goes_on_over_midnight_and_a_holiday_ends_it() -> None:
    week = tuple(spans_in("22:00-24:00,0:00-2:00") for _day in range(7))
    hours = Hours(zone=BERLIN, week=week, special={date(2026, 12, 25): ()})
    assert is_open(hours, datetime(2026, 12, 23, 23, 30, tzinfo=UTC))  # 0:30 on the 24th
    assert not is_open(hours, datetime(2026, 12, 24, 23, 30, tzinfo=UTC))  # 0:30 on the holiday
    assert next_opening(hours, datetime(2026, 12, 24, 23, 30, tzinfo=UTC)) == datetime(
        2026, 12, 25, 23, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("9:00-17:00", (Span(540, 1020),)),
        (" 13:30-17:00, 9:00-12:30 ", (Span(540, 750), Span(810, 1020))),
        ("closed", ()),
        ("ALL", (Span(0, 1440),)),
    ],
)
def test_spans_are_read(text: str, spans: tuple[Span, ...]) -> None:
    assert spans_in(text) == spans


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no time of a day"),
        ("nine to five", "no time of a day"),
        ("9:60-10:00", "no time of a day"),
        ("9:00-24:01", "no time of a day"),
        ("9:00-25:00", "no time of a day"),
        ("17:00-9:00", "ends before it begins"),
        ("9:00-9:00", "ends before it begins"),
        ("9:00-12:00,11:59-13:00", "overlap"),
        (",".join(f"{hour}:00-{hour}:30" for hour in range(13)), "12 spans"),
    ],
)
def test_what_is_no_time_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        spans_in(text)


@pytest.mark.parametrize("name", ["", "Berlin/Europe", "../../etc/passwd", "/etc/localtime", "x" * 300])
def test_a_time_zone_is_one_that_has_a_name(name: str) -> None:
    with pytest.raises(Invalid, match="no time zone"):
        zone_named(name)
    assert zone_named(" Europe/Berlin ") == BERLIN
