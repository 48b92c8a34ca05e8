"""Who is meant by an @."""

from __future__ import annotations

import pytest

from agentdesk.domain.mentions import named_in

NAMES = ["Ana", "Ana Ruiz", "Jonas Weber", "علي", "Support"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        ("@Ana please", {"Ana"}),
        ("@Ana Ruiz, please", {"Ana Ruiz"}),
        ("@ana ruiz and (@JONAS WEBER)", {"Ana Ruiz", "Jonas Weber"}),
        ("@Anabel", set()),
        ("write to me@Ana", set()),
        ("Ana", set()),
        ("@ Ana", set()),
        ("@@Support!", {"Support"}),
        ("مرحبا @علي", {"علي"}),
    ],
)
def test_names_behind_an_at_are_found(text: str, found: set[str]) -> None:
    assert named_in(text, NAMES) == found
