"""Texts as values, and how they become words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.base import bidi, i18n
from agentdesk.base.text import Msg, fill, msg, placeholders, plural

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Hello {name}"
msgstr "Hallo {name}"

msgid "Bye {name}"
msgstr "Tschüss {vorname}"

msgid "Broken {name}"
msgstr "Kaputt {name"

msgid "Nosy {name}"
msgstr "{name.__class__}"

msgid "{count} file in {folder}"
msgid_plural "{count} files in {folder}"
msgstr[0] "{count} Datei in {folder}"
msgstr[1] "{count} Dateien in {folder}"
"""


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A language whose catalogue has good and bad translations."""
    folder = tmp_path / "de"
    folder.mkdir()
    (folder / "agentdesk.po").write_text(CATALOGUE, encoding="utf-8")
    monkeypatch.setattr(i18n, "catalogue_dirs", lambda: (tmp_path,))
    i18n._catalogue.cache_clear()
    i18n._warn_once.cache_clear()
    return "de"


@pytest.fixture(autouse=True)
def _fresh() -> object:
    yield
    i18n._catalogue.cache_clear()
    i18n.set_locale("en")


def test_english_is_the_text_itself() -> None:
    assert i18n.render_for(msg("Hello {name}", name="Ana"), "en") == "Hello Ana"
    assert i18n.render_for(plural("{count} file", "{count} files", 1), "en") == "1 file"
    assert i18n.render_for(plural("{count} file", "{count} files", 0), "en") == "0 files"


def test_a_translation_is_found_and_filled(german: str) -> None:
    assert i18n.render_for(msg("Hello {name}", name="Ana"), german) == "Hallo Ana"
    assert (
        i18n.render_for(
            plural("{count} file in {folder}", "{count} files in {folder}", 2, folder="A"), german
        )
        == "2 Dateien in A"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Bye {name}", "Bye Ana"), ("Broken {name}", "Broken Ana"), ("Nosy {name}", "Nosy Ana")],
)
def test_a_bad_translation_gives_way_to_english(german: str, text: str, expected: str) -> None:
    assert i18n.render_for(msg(text, name="Ana"), german) == expected


def test_an_unknown_text_or_language_stays_english(german: str) -> None:
    assert i18n.render_for(msg("Not translated"), german) == "Not translated"
    assert i18n.render_for(msg("Hello {name}", name="Ana"), "xx") == "Hello Ana"


@pytest.mark.parametrize("locale", ["en", "de", "en-XA"])
def test_an_empty_text_stays_empty_and_is_not_the_header(german: str, locale: str) -> None:
    assert i18n.render_for(msg(""), locale) == ""


def test_a_missing_value_shows_the_text_rather_than_failing(german: str) -> None:
    assert i18n.render_for(msg("Hello {name}"), german) == "Hello {name}"
    assert str(msg("Hello {name}")) == "Hello {name}"


def test_a_message_inside_a_message_is_translated_too(german: str) -> None:
    outer = msg("Hello {name}", name=msg("Hello {name}", name="Ana"))
    assert i18n.render_for(outer, german) == "Hallo Hallo Ana"


def test_the_current_language_is_what_render_speaks(german: str) -> None:
    assert i18n.set_locale("de_AT.UTF-8") == "de"
    assert i18n.render(msg("Hello {name}", name="Ana")) == "Hallo Ana"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_DE.UTF-8", "de"),
        ("C", "en"),
        ("fr-FR", "en"),
        ("en-XA", "en-XA"),
        ("", "en"),
    ],
)
def test_the_closest_language_is_chosen(german: str, wanted: str, chosen: str) -> None:
    assert i18n.best_locale(wanted) == chosen


def test_languages_are_those_with_a_catalogue_and_english(german: str) -> None:
    assert i18n.available_locales() == ("de", "en")


@pytest.mark.parametrize(
    ("code", "rtl"),
    [
        ("ar", True),
        ("ar-EG", True),
        ("he", True),
        ("fa_IR", True),
        ("en", False),
        ("de", False),
        ("az-Arab", True),
        ("ar-Latn", False),
    ],
)
def test_direction_follows_language_and_script(code: str, rtl: bool) -> None:
    assert i18n.is_rtl(code) is rtl


def test_the_pseudo_language_is_longer_bracketed_and_keeps_placeholders() -> None:
    shown = i18n.render_for(msg("Assign to {name}", name="Ana"), "en-XA")
    assert shown.startswith("[")
    assert shown.endswith("]")
    assert "Ana" in shown
    assert "Assign" not in shown
    assert len(shown) >= len("Assign to {name}") * 1.3


def test_a_value_of_the_other_direction_cannot_turn_the_sentence() -> None:
    shown = i18n.render_for(msg("Resolved {name}.", name="سارة"), "en")
    assert shown == f"Resolved {bidi.FSI}سارة{bidi.PDI}."
    assert i18n.render_for(msg("Resolved {name}.", name="Ana"), "en") == "Resolved Ana."


def test_values_inside_arabic_are_isolated_and_numbers_are_not() -> None:
    shown = i18n.render_for(msg("{who} {count}", who="+971 50", count=5), "ar")
    assert shown == f"{bidi.FSI}+971 50{bidi.PDI} 5"


def test_an_arabic_sentence_that_begins_with_a_latin_word_begins_from_the_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ar"
    folder.mkdir()
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    entry = '\nmsgid "Press"\nmsgstr "Enter للإدراج"\n'
    (folder / "agentdesk.po").write_text(header + entry, encoding="utf-8")
    monkeypatch.setattr(i18n, "catalogue_dirs", lambda: (tmp_path,))
    assert i18n.render_for(msg("Press"), "ar") == f"{bidi.RLM}Enter للإدراج"
    assert i18n.render_for(msg("Not translated"), "ar") == "Not translated"


def test_what_is_isolated_does_not_decide_the_direction() -> None:
    assert bidi.first_strong(f"{bidi.isolate('Tom')} رد") == "rtl"
    assert bidi.first_strong(f"{bidi.isolate('سارة')} answered") == "ltr"
    assert bidi.first_strong(bidi.isolate("Tom")) is None


@pytest.mark.parametrize(
    ("text", "direction"),
    [("Ana", "ltr"), ("سارة Ana", "rtl"), ("123 שלום", "rtl"), ("+49 30", None), ("", None)],
)
def test_direction_of_a_text_is_that_of_its_first_strong_character(text: str, direction: str | None) -> None:
    assert bidi.first_strong(text) == direction


def test_placeholders_are_plain_names() -> None:
    assert placeholders("{a} and {b}, {{not}}") == {"a", "b"}
    for template in ("{a.b}", "{a[0]}", "{a!r}", "{a:>5}", "{0}", "{}"):
        with pytest.raises((ValueError, KeyError)):
            fill(template, {"a": "x"}, str)


@given(st.text(max_size=60), st.dictionaries(st.sampled_from(["name", "count", "x"]), st.text(max_size=8)))
def test_rendering_never_raises(text: str, values: dict[str, str]) -> None:
    for locale in ("en", "en-XA", "ar"):
        assert isinstance(i18n.render_for(Msg(text, values), locale), str)


def test_messages_are_equal_by_value_and_hashable() -> None:
    assert msg("Hello {name}", name="Ana") == msg("Hello {name}", name="Ana")
    assert msg("Hello {name}", name="Ana") != msg("Hello {name}", name="Tom")
    assert len({msg("Hello"), msg("Hello")}) == 1
