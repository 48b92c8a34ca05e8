"""What texts name, and when two handles are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.likeness import bare_handle, named_in


def test_addresses_numbers_and_pages_are_found_in_words() -> None:
    found = named_in(
        (
            "I wrote from Ana.Ruiz@Example.com, twice.",
            "Call me: +34 600 000-000 (or 12:30). See https://Social.example/@ana/.",
        )
    )
    assert found.mails == {"ana.ruiz@example.com"}
    assert found.phones == {"34600000000"}
    assert found.pages == {"https://social.example/@ana"}


@pytest.mark.parametrize("text", ["Order 4390", "at 12:30 on 3.4.26", "@ana hello", "1/2 or 3-4", ""])
def test_what_is_no_address_is_none(text: str) -> None:
    assert not named_in((text,))


def test_no_more_than_twenty_of_a_kind_are_looked_for() -> None:
    assert len(named_in(f"a{number}@example.com" for number in range(50)).mails) == 20


@pytest.mark.parametrize(
    ("handle", "bare"),
    [
        ("@Ana_Ruiz@social.example", "ana_ruiz"),
        ("@anaruiz", "anaruiz"),
        ("anaruiz.bsky.social", "anaruiz"),
        ("@ana.ruiz", "ana.ruiz"),
        ("ana.ruiz@example.com", ""),  # a mail address is no handle
        ("@ana", ""),  # too short to mean anything
        ("1234567", ""),  # a number that a network gave
        ("", ""),
    ],
)
def test_handles_are_compared_without_their_server(handle: str, bare: str) -> None:
    assert bare_handle(handle) == bare


@given(st.text(max_size=300))
def test_whatever_is_written_is_read(text: str) -> None:
    found = named_in((text,))
    assert all("@" in one for one in found.mails)
    assert all(one.isdigit() for one in found.phones)
    assert bare_handle(text) == bare_handle(text).lower()
