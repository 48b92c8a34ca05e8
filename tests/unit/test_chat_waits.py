"""What visitors are told of their wait is what was measured, or nothing."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.chat_waits import expected, minutes_left

_waits = st.integers(0, 5_000).map(lambda seconds: timedelta(seconds=seconds))


@given(answered=st.lists(_waits, max_size=30), waiting=st.lists(_waits, max_size=30))
def test_three_of_four_did_not_wait_longer(answered: list[timedelta], waiting: list[timedelta]) -> None:
    whole = expected(answered, waiting)
    if len(answered) < 5:
        assert whole is None
        return
    assert whole is not None
    known = answered + waiting
    assert sum(one <= whole for one in known) >= 0.75 * (len(known) - 1)
    assert sum(one >= whole for one in known) >= 0.25 * len(known)


@given(whole=_waits, waited=_waits)
def test_what_is_left_is_rounded_up_and_never_claimed_when_it_is_over(
    whole: timedelta, waited: timedelta
) -> None:
    left = minutes_left(whole, waited)
    if waited >= whole or whole - waited > timedelta(hours=1):
        assert left is None
    else:
        assert left is not None
        assert timedelta(minutes=left - 1) < whole - waited <= timedelta(minutes=left)


def test_a_growing_queue_is_not_hidden() -> None:
    short, long = timedelta(minutes=1), timedelta(minutes=9)
    assert expected([short] * 8, []) == short
    assert expected([short] * 8, [long] * 5) == long
    assert minutes_left(None, short) is None
