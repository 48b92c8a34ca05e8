"""Who is meant by an @."""

from __future__ import annotations

import pytest

from agentdesk.domain.mentions import named_in, places_in

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


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("@Ana, and @ana ruiz.", [(0, 4), (10, 19)]),
        ("İi @Support", [(3, 11)]),
        ("@STRASSE @straße", [(0, 8), (9, 16)]),
    ],
)
def test_a_name_is_found_where_it_stands(text: str, places: list[tuple[int, int]]) -> None:
    assert [(one.start, one.end) for one in places_in(text, [*NAMES, "Straße"])] == places
