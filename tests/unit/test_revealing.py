"""What is taken for something that belongs to one person, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.revealing import Personal, personal_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Your card 4111 1111 1111 1111 was charged", Personal.CARD),
        ("Paid to DE89 3704 0044 0532 0130 00 today", Personal.ACCOUNT),
        ("We wrote to tom@example.com", Personal.MAIL),
        ("We call you at +44 7700 900 123", Personal.PHONE),
        ("Order #4390 left us", Personal.ORDER),
        ("Your order LH-20931 left us", Personal.ORDER),
        ("It arrives on 27 November 2026 at 14:05", None),
        ("See https://larkfield.example/t/20931?mail=a@b.example", None),
        ("Thank you, Tom. It costs 1,204.50", None),
        ("#refund #2 of 3", None),
        ("", None),
    ],
)
def test_what_belongs_to_one_person_is_recognised(text: str, found: Personal | None) -> None:
    assert personal_in(text) is found


def test_numbers_whose_check_digits_are_wrong_are_no_cards() -> None:
    assert personal_in("4111 1111 1111 1112") is not Personal.CARD
    assert personal_in("DE88 3704 0044 0532 0130 00") is not Personal.ACCOUNT


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert personal_in(text) in (None, *Personal)
