"""Texts as networks count them."""

from __future__ import annotations

import pytest

from agentdesk.domain.lengths import TextLimit, Unit, length_of

X = TextLimit(
    280,
    Unit.WEIGHTED,
    url=23,
    light=((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247)),
    free_names=True,
)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Guten Tag", 9),
        ("日本", 4),
        (FAMILY, 2),
        ("\U0001f600", 2),
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 4),
        ("1\ufe0f\u20e3", 2),
        ("see https://example.com/a/very/long/path?with=words!", 28),
        ("@ana @ben thanks", 6),
        ("thanks @ana", 11),
        ("Test https://test.com test https://test.com test.com test", 86),
        ("(see https://example.com/a).", 30),
        ("https://example.com/aこちら", 29),
        ("foo.co.jp and www.example.com/path?x=1.", 52),
        ("e.g. v1.2 of me@example.com", 27),
        ("ZWJ: क्ष -> क्\u200dष; ZWNJ: क्ष -> क्\u200cष", 35),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("\U0001f642\u200d\u2194\ufe0f", 2),
        ("한국어 “ok”", 11),
    ],
)
def test_weighted_as_on_x(text: str, length: int) -> None:
    assert length_of(text, X) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (FAMILY, 1),
        ("e\u0301a", 2),
        ("\U0001f44d\U0001f3fd", 1),
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7\U0001f1f8", 3),
        ("a\r\nb", 3),
        ("\u0928\u093f", 1),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", 1),
    ],
)
def test_graphemes_are_what_a_reader_takes_for_one(text: str, length: int) -> None:
    assert length_of(text, TextLimit(300, Unit.GRAPHEMES)) == length


def test_names_of_other_servers_count_without_their_server() -> None:
    limit = TextLimit(500, url=23, local_names=True)
    assert length_of("@ana@social.example hello https://x.example", limit) == len("@ana hello ") + 23


def test_bytes_are_those_of_utf8() -> None:
    assert length_of("äö", TextLimit(1_000, Unit.BYTES)) == 4
