"""The catalogues: what our texts are in the reader's language. Knows no Qt; the desk and the server share it.

Catalogues are gettext ones, ``<locale>/agentdesk.mo`` in an installed program and ``<locale>/agentdesk.po``
in a source checkout (read with Babel, which is imported only then). A new language is a new folder; no code
names any. ``en`` is the language of the texts themselves. ``en-XA`` is a pseudo-language for tests:
accented, 40 % longer, in brackets, so that texts that were not marked, and layouts that cut, stand out.
"""

from __future__ import annotations

import gettext
import io
import itertools
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from agentdesk.base.bidi import RLM, first_strong, has_rtl, isolate
from agentdesk.base.log import get_logger
from agentdesk.base.paths import catalogue_dirs
from agentdesk.base.text import Msg, fill

__all__ = [
    "DOMAIN",
    "PSEUDO",
    "SOURCE",
    "available_locales",
    "best_locale",
    "current_locale",
    "is_rtl",
    "render",
    "render_for",
    "set_locale",
]

DOMAIN = "agentdesk"
SOURCE = "en"
"""The language that texts are written in."""
PSEUDO = "en-XA"

_log = get_logger(__name__)
_RTL_LANGUAGES = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
_RTL_SCRIPTS = frozenset({"arab", "hebr", "thaa", "syrc", "nkoo", "adlm"})
_ACCENTED = str.maketrans("AaCcDdEeGgIiLlNnOoRrSsTtUuYyZz", "ÅáÇčĐďÉéĜğÎîŁľÑñÖöŘřŠšŤťÛüÝýŽž")
_PADDING = "~ʼ~·"

_current = SOURCE


def available_locales() -> tuple[str, ...]:
    """The languages there are catalogues for, and English; the pseudo-language is not among them."""
    found = {SOURCE}
    for folder in catalogue_dirs():
        found.update(entry.name for entry in folder.iterdir() if _catalogue_file(entry.name) is not None)
    return tuple(sorted(found - {PSEUDO}))


def best_locale(wanted: str) -> str:
    """The language of ours closest to ``wanted`` (``de_AT.UTF-8`` gives ``de``); else English."""
    code = wanted.split(".")[0].split("@")[0].replace("_", "-")
    if code == PSEUDO:
        return code
    known = {locale.lower(): locale for locale in available_locales()}
    parts = code.lower().split("-")
    for length in range(len(parts), 0, -1):
        match = known.get("-".join(parts[:length]))
        if match is not None:
            return match
    return SOURCE


def set_locale(code: str) -> str:
    """Let :func:`render` speak ``code``, or the closest language there is; returns the one chosen."""
    global _current
    _current = best_locale(code)
    return _current


def current_locale() -> str:
    """The language that :func:`render` speaks."""
    return _current


def is_rtl(code: str) -> bool:
    """Whether the language ``code`` is written from right to left."""
    parts = code.lower().replace("_", "-").split("-")
    scripts = [part for part in parts[1:] if len(part) == 4]
    return scripts[0] in _RTL_SCRIPTS if scripts else parts[0] in _RTL_LANGUAGES


def render(message: Msg) -> str:
    """``message`` in the current language. Never raises: a faulty translation gives way to English."""
    return render_for(message, _current)


def render_for(message: Msg, locale: str) -> str:
    """``message`` in ``locale``, whatever the current language is. Never raises."""
    if not message.text:
        return ""  # the empty text is gettext's name for the header of a catalogue
    to_text = partial(_value_text, locale=locale)
    values = message.values()
    if locale == PSEUDO:
        return _filled(_pseudo(message.english()), values, to_text) or _english(message, to_text)
    if locale == SOURCE:
        return _english(message, to_text)
    text = _filled(_translated(message, locale), values, to_text)
    if text is None:
        _warn_once(locale, message.text)
        return _english(message, to_text)
    return _from_the_right(text) if is_rtl(locale) else text


def _from_the_right(text: str) -> str:
    """A sentence of a right-to-left language that begins with a Latin word still begins from the right."""
    return RLM + text if first_strong(text) == "ltr" and has_rtl(text) else text


def _filled(template: str, values: dict[str, Any], to_text: Callable[[Any], str]) -> str | None:
    """The template with its values, or ``None`` where its placeholders do not fit."""
    try:
        return fill(template, values, to_text)
    except (KeyError, ValueError):
        return None


def _english(message: Msg, to_text: Callable[[Any], str]) -> str:
    template = message.english()
    filled = _filled(template, message.values(), to_text)
    return template if filled is None else filled


def _value_text(value: Any, locale: str) -> str:
    """A value of a placeholder as text, shielded where its direction would disturb the sentence."""
    if isinstance(value, Msg):
        return render_for(value, locale)
    text = str(value)
    if isinstance(value, int | float):
        return text
    if is_rtl(locale):
        return isolate(text) if first_strong(text) != "rtl" else text
    return isolate(text) if has_rtl(text) else text


def _translated(message: Msg, locale: str) -> str:
    catalogue = _catalogue(locale)
    if message.plural_text is None or message.count is None:
        return catalogue.gettext(message.text)
    return catalogue.ngettext(message.text, message.plural_text, message.count)


def _pseudo(template: str) -> str:
    """The template accented, 40 % longer and in brackets; placeholders stay as they are."""
    pieces: list[str] = []
    depth = 0
    for char in template:
        depth += (char == "{") - (char == "}")
        pieces.append(char if depth or char == "}" else char.translate(_ACCENTED))
    padding = "".join(itertools.islice(itertools.cycle(_PADDING), round(len(template) * 0.4)))
    return f"[{''.join(pieces)}{padding}]"


@cache
def _warn_once(locale: str, text: str) -> None:
    _log.warning("translation does not fit its placeholders", locale=locale, text=text)


@cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    path = _catalogue_file(locale)
    if path is None:
        return gettext.NullTranslations()
    if path.suffix == ".mo":
        with path.open("rb") as file:
            return gettext.GNUTranslations(file)
    return gettext.GNUTranslations(io.BytesIO(_compiled(path)))


def _catalogue_file(locale: str) -> Path | None:
    """The catalogue of ``locale``: compiled in the package, source text in a checkout."""
    for folder in catalogue_dirs():
        for suffix in (".mo", ".po"):
            path = folder / locale / f"{DOMAIN}{suffix}"
            if path.is_file():
                return path
    return None


def _compiled(path: Path) -> bytes:
    """The source catalogue at ``path`` in compiled form; Babel takes about 50 ms for a thousand texts."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    target = io.BytesIO()
    with path.open("rb") as file:
        write_mo(target, read_po(file))
    return target.getvalue()
