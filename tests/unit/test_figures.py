"""How an account fares, in words for who looks after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from agentdesk.domain.figures import Figures, Quota, Signs, figures_of, worries

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOON = NOON + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (Figures(), []),
        (Figures(signs=Signs(missing=("write", "hide"))), ["Permissions are missing: write, hide."]),
        (Figures(signs=Signs(token_expires_at=NOON + timedelta(days=40))), []),
        (Figures(signs=Signs(token_expires_at=NOON + timedelta(hours=30))), ["Its sign-in ends in 1 day."]),
        (Figures(signs=Signs(token_expires_at=NOON - timedelta(days=9))), ["Its sign-in ends in 0 days."]),
        (
            Figures(signs=Signs(quotas=(Quota("reads", 300, 0, SOON), Quota("writes", 9, 3, SOON)))),
            ["The network allows no more for now: reads."],
        ),
        (Figures(signs=Signs(quotas=(Quota("reads", 300, 0, NOON - timedelta(seconds=1)),))), []),
        (Figures(errors=2), []),
        (Figures(errors=3), ["It failed 3 times in a row."]),
    ],
)
def test_what_to_look_after_is_said(figures: Figures, said: list[str]) -> None:
    kept = figures_of(msgspec.json.decode(msgspec.json.encode(figures)))
    assert [str(one) for one in worries(kept, NOON)] == said


def test_an_account_of_which_nothing_is_known_worries_nobody() -> None:
    assert worries(figures_of(None), NOON) == ()
