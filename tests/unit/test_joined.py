"""Who is in a chat besides whoever has it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.chat import Step, joined
from agentdesk.domain.conversation import EventKind

RANA, SAMI = UUID(int=1), UUID(int=2)
IN, OUT = Step(EventKind.JOINED, RANA, {}), Step(EventKind.LEFT, RANA, {})


def _assigned(whom: UUID | None) -> Step:
    return Step(EventKind.ASSIGNED, SAMI, {"assignee_id": str(whom) if whom else None})


def _status(status: str) -> Step:
    return Step(EventKind.STATUS, SAMI, {"status": status})


@pytest.mark.parametrize(
    ("steps", "there"),
    [
        ([], set()),
        ([IN], {RANA}),
        ([IN, IN, OUT], set()),
        ([IN, OUT, IN], {RANA}),
        ([IN, _assigned(SAMI)], {RANA}),
        ([IN, _assigned(None)], {RANA}),
        ([IN, _assigned(RANA)], set()),
        ([IN, _assigned(RANA), _assigned(SAMI)], set()),
        ([IN, _status("snoozed"), _status("open")], {RANA}),
        ([IN, _status("resolved"), _status("open")], set()),
        ([IN, Step(EventKind.ENDED, None, {})], set()),
        ([Step(EventKind.JOINED, None, {})], set()),
    ],
)
def test_it_follows_what_happened(steps: list[Step], there: set[UUID]) -> None:
    assert joined(steps) == there


_STEPS = st.one_of(
    st.builds(
        lambda who, kind: Step(kind, who, {}), st.sampled_from([RANA, SAMI]), st.sampled_from(EventKind)
    ),
    st.builds(_assigned, st.sampled_from([RANA, SAMI, None])),
    st.builds(_status, st.sampled_from(["open", "resolved"])),
)


@given(st.lists(_STEPS, max_size=12), st.sampled_from([OUT, _assigned(RANA), _status("resolved")]))
def test_whoever_leaves_is_out_whatever_was_before(steps: list[Any], leaving: Step) -> None:
    assert RANA not in joined([*steps, leaving])
    assert RANA in joined([*steps, leaving, IN])
