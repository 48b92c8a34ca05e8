"""The catalogues are complete, their placeholders fit, and no translation can break a sentence."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agentdesk.base import bidi, i18n
from agentdesk.base.text import msg, placeholders, plural
from tests.i18n import catalogues

LOCALES = catalogues.locales()
SHIPPED = ("ar", "de")


def forms(string: str | tuple[str, ...]) -> Iterable[str]:
    return string if isinstance(string, tuple) else (string,)


def test_the_template_has_every_text_of_the_source() -> None:
    missing = catalogues.missing_in_template()
    assert not missing, f"run scripts/i18n: {sorted(map(str, missing))[:5]}"


def test_every_language_has_the_texts_of_the_template() -> None:
    template = {message.id for message in catalogues.entries(catalogues.read_template())}
    for code in LOCALES:
        assert {message.id for message in catalogues.entries(catalogues.read(code))} >= template, code


@pytest.mark.parametrize("code", SHIPPED)
def test_shipped_languages_are_translated(code: str) -> None:
    assert catalogues.untranslated(code) == []


@pytest.mark.parametrize("code", LOCALES)
def test_placeholders_of_translations_fit(code: str) -> None:
    wrong = []
    for message in catalogues.entries(catalogues.read(code)):
        wanted = placeholders(message.id[-1] if isinstance(message.id, tuple) else message.id)
        for form in forms(message.string):
            spare = {"count"} if isinstance(message.id, tuple) else set()
            if form and not (wanted - spare <= placeholders(form) <= wanted | spare):
                wrong.append((message.id, form))
    assert wrong == []


@pytest.mark.parametrize("code", LOCALES)
def test_every_plural_has_all_forms_of_its_language(code: str) -> None:
    catalogue = catalogues.read(code)
    for message in catalogues.entries(catalogue):
        if isinstance(message.id, tuple) and any(message.string):
            assert len(message.string) == catalogue.num_plurals, message.id


def test_no_english_text_is_in_the_source_as_an_f_string() -> None:
    """An f-string is extracted as it stands, never found again, and shows by its odd placeholders."""
    for message in catalogues.entries(catalogues.extracted()):
        for form in forms(message.id):
            assert all(name.isidentifier() for name in placeholders(form)), form


def test_german_speaks_german_and_counts() -> None:
    assert i18n.render_for(msg("My queue"), "de") != "My queue"
    one, many = (
        i18n.render_for(plural("{count} new message", "{count} new messages", n), "de") for n in (1, 2)
    )
    assert one != many
    assert "2" in many


@pytest.mark.parametrize("count", [0, 1, 2, 3, 11, 100])
def test_arabic_has_a_form_for_every_kind_of_number(count: int) -> None:
    catalogue = catalogues.read("ar")
    assert catalogue.num_plurals == 6
    text = i18n.render_for(plural("{count} new message", "{count} new messages", count), "ar")
    assert bidi.first_strong(text) == "rtl"
