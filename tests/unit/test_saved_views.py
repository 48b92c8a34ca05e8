"""The order of the rail's entries."""

from __future__ import annotations

import pytest

from agentdesk.base.paths import resource
from agentdesk.domain.saved_views import ICONS, arranged


@pytest.mark.parametrize(
    ("order", "shown"),
    [
        ("", "abcd"),
        ("dbac", "dbac"),
        ("dba", "dbca"),  # c is new: it stays behind b
        ("bcd", "abcd"),  # a is new, and was the first
        ("xdcbay", "dcba"),  # x and y are gone
        ("aab", "abcd"),
    ],
)
def test_what_the_order_does_not_name_stays_behind_its_neighbour(order: str, shown: str) -> None:
    assert "".join(arranged("abcd", order)) == shown


def test_each_icon_is_there() -> None:
    assert [name for name in ICONS if not resource(f"icons/{name}.svg").is_file()] == []
