"""A page is given the words of its own language, with the settings."""

from __future__ import annotations

import re

import pytest
from tests.helpers.chat_page import ChatSite
from tests.server.chat.conftest import NewPage

from agentdesk.server.chat.words import choose, texts, wishes, words


def test_ten_languages_have_all_texts_with_the_same_places() -> None:
    english = texts()["en"]
    assert len(texts()) == 10
    for language, told in texts().items():
        assert set(told) == set(english), language
        for key, text in told.items():
            assert text.strip(), (language, key)
            places = [sorted(re.findall(r"\{\w+\}", one)) for one in (text, english[key])]
            assert places[0] == places[1], (language, key)


@pytest.mark.parametrize(
    ("asked", "allowed", "chosen"),
    [
        ("de,fr-CA", (), "de"),
        ("xx,,pt-BR", (), "pt-BR"),
        ("PT-BR", ("pt",), "PT-BR"),
        ("de,fr", ("en", "fr"), "fr"),
        ("de", ("es", "en"), "es"),
        ("de", ("tlh", "fr-CA"), "fr-CA"),
        ("de", ("tlh",), "en"),
        ("en,en-GB", (), "en-GB"),  # the browser knows the region
        ("../../en,de/../fr,<b>", (), "en"),
        ("xx," * 30 + "de", (), "en"),
        ("", (), "en"),
    ],
)
def test_the_language_is_the_first_wish_that_the_company_has(
    asked: str, allowed: tuple[str, ...], chosen: str
) -> None:
    assert choose(wishes(asked), allowed) == chosen


async def test_settings_bring_the_words(site: ChatSite, new_page: NewPage) -> None:
    page = new_page()
    for asked, language, brought in (
        ("de-AT,en", "de-AT", texts()["de"]),
        ("en-GB", "en-GB", {}),
        ("", "en", {}),
    ):
        address = f"{page.path('settings')}?language={asked}"
        async with page.http.get(address, headers=page.headers) as answer:
            told = await answer.json()
            assert answer.headers["Content-Encoding"] in ("gzip", "deflate")
        assert (told["language"], told["words"]) == (language, brought)
    assert words("de-AT") == texts()["de"]
