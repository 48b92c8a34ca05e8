"""When a snoozed conversation comes back."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.snooze import SnoozeKind, choices, typed

WEDNESDAY = datetime.fromisoformat("2026-11-25T10:35:00+01:00")


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("fri 8am", "2026-11-27T08:00"),
        ("Friday 14:30", "2026-11-27T14:30"),
        ("wed", "2026-12-02T09:00"),
        ("in 2 hours", "2026-11-25T12:35"),
        ("in 3 weeks", "2026-12-16T10:35"),
        ("45m", "2026-11-25T11:20"),
        ("tomorrow", "2026-11-26T09:00"),
        ("today 12am", None),
        ("9:00", "2026-11-26T09:00"),
        ("17", "2026-11-25T17:00"),
        ("12 pm", "2026-11-25T12:00"),
        ("13pm", None),
        ("yesterday", None),
        ("fri nonsense", None),
        ("9999 weeks", None),
        ("", None),
    ],
)
def test_what_can_be_typed(text: str, until: str | None) -> None:
    found = typed(text, WEDNESDAY)
    assert (found.strftime("%Y-%m-%dT%H:%M") if found else None) == until


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001
def test_choices_are_in_order_and_in_the_future(naive: datetime) -> None:
    now = naive.astimezone()
    moments = [choice.until for choice in choices(now)]
    assert all(moment > now for moment in moments)
    assert moments == sorted(moments)


def test_late_in_the_evening_nothing_is_left_of_today() -> None:
    kinds = [choice.kind for choice in choices(WEDNESDAY.replace(hour=22))]
    assert SnoozeKind.LATER_TODAY not in kinds


@given(st.text(alphabet="0123456789 hmdwampi:friton", max_size=20))
def test_whatever_is_typed_gives_a_future_moment_or_none(text: str) -> None:
    found = typed(text, WEDNESDAY)
    assert found is None or found > WEDNESDAY
