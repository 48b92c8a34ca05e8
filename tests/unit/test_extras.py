"""Short answers and cards, as people write them and as messages keep them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.extras import Card, Extras, extras_of, parted, spelled_out, together

RETURNS = Card("Returns", "https://shop.example/returns", "Within 30 days.")


def test_what_stands_at_the_end_is_taken_off() -> None:
    text = "Did that help?\n\n[[Yes]] [[No]]\n[[Returns | https://shop.example/returns | Within 30 days.]]\n"
    assert parted(text) == ("Did that help?", Extras(("Yes", "No"), (RETURNS,)))


@pytest.mark.parametrize("text", ["", "Hello", "[[Yes]] is the answer", "[[Yes]]\nand then", "[Yes]", "[[]]"])
def test_words_stay_words(text: str) -> None:
    assert parted(text) == (text, Extras())


def test_what_cannot_be_used_is_left_out() -> None:
    bad = ("javascript:alert(1)", "https://", "https://bank.example@evil.example/", "/returns", "http://[")
    assert extras_of({"cards": [{"title": "x", "url": url} for url in bad]}) == Extras()
    assert extras_of({"choices": ["  ", "Yes", "Yes", "N\no", *map(str, range(20))]}).choices[:3] == (
        "Yes",
        "N o",
        "0",
    )
    assert len(extras_of({"choices": [str(one) for one in range(20)]}).choices) == 10
    assert len(extras_of({"choices": ["x" * 500]}).choices[0]) == 80
    assert extras_of({"cards": [{"url": "https://shop.example/a"}]}).cards[0].title == "shop.example"


def test_in_words_alone() -> None:
    extras = Extras(("Yes", "No"), (RETURNS,))
    listed = "Help?\n\n• Returns – Within 30 days. – https://shop.example/returns\n• Yes\n• No"
    assert spelled_out("Help?", extras) == listed
    assert spelled_out("Help?", Extras()) == "Help?"


_WORDS = st.text("abc def?!", min_size=1, max_size=30).map(lambda text: " ".join(text.split())).filter(bool)
_CARDS = st.builds(Card, _WORDS, st.just("https://shop.example/a?b=1#c"), st.just("") | _WORDS)


@given(_WORDS, st.lists(_WORDS, max_size=10, unique=True), st.lists(_CARDS, max_size=5))
def test_it_comes_back_as_it_was(text: str, choices: list[str], cards: list[Card]) -> None:
    extras = Extras(tuple(choices), tuple(cards))
    assert parted(together(text, extras)) == (text, extras)
    assert extras_of(extras.as_row()) == extras
