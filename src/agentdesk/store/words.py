"""From text in any language to the words that are searched, the same in front of both databases.

Texts are brought to one form (compatibility forms, case, accents) and cut into words. Scripts that put no
blanks between words become pairs of neighbouring characters, and the last character alone: three in a row,
ABC, give AB, BC, C. So any two that stand together are found, and a single one as the beginning of a pair.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from operator import add
from typing import NamedTuple

TEXT_LIMIT = 60_000
"""Characters of one message that are indexed: fits into what PostgreSQL's index takes of one row."""

WORD_LIMIT = 64
"""Characters of one word that count; a longer one is found by any text that begins with as many."""

QUERY_LIMIT = 500
"""Characters of a query that are looked at."""

# Scripts without blanks between words, or (Hangul) with endings glued to them: Thai, Lao, Myanmar, Khmer,
# kana, bopomofo, Han, Hangul, and the supplementary ideographs.
_PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3031-\u3035\u303b\u3040-\u30ff\u3100-\u312f"
    "\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9ff"
    "\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\u1100-\u11ff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_paired_run = re.compile(f"[{_PAIRED}]+")

# Marks that are left out: accents, Hebrew points, Arabic vowel signs and the stroke that stretches a word.
# The marks of other scripts are letters in all but name and stay.
_DROPPED = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x0640, 0x0640),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0x00AD, 0x00AD),
)
# Letters that are accented in the eyes of a reader, though Unicode does not take them apart; and the forms
# that Arabic and Persian keyboards give to the same letter.
_FOLDED = {
    "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŧ": "t",
    "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ۀ": "ه",
}  # fmt: skip
_ACCENTED_BASES = ((0x0041, 0x052F), (0x05D0, 0x06FF), (0x1E00, 0x1FFF), (0x2C60, 0x2C7F))


class _Forms(dict[int, str]):
    """What becomes of each character; worked out once for each that turns up."""

    def __missing__(self, code: int) -> str:
        form = self[code] = _form(chr(code))
        return form


_forms = _Forms()
_not_ascii = re.compile(r"[^\x00-\x7f]+")


def _form(character: str) -> str:
    code = ord(character)
    if _within(code, _DROPPED):
        return ""
    if character in _FOLDED:
        return _FOLDED[character]
    if unicodedata.category(character)[0] not in "LNM":
        return " "
    if _within(code, _ACCENTED_BASES):
        parts = unicodedata.normalize("NFD", character)
        if len(parts) > 1:
            return "".join(_form(part) for part in parts)
    return character


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def fold(text: str) -> str:
    """Return ``text`` in the one form that is compared: words of letters and digits with blanks between.

    Looks at the first :data:`TEXT_LIMIT` characters, before and after compatibility forms are spelled out
    (one character can become eighteen).
    """
    text = text[:TEXT_LIMIT]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[:TEXT_LIMIT]
    text = text.casefold()
    if len(text.encode(errors="replace")) < len(text) * 1.08:  # a few accents: only they need a closer look
        text = _not_ascii.sub(_form_of_run, text)
    return text.translate(_forms)


def _form_of_run(run: re.Match[str]) -> str:
    return run[0].translate(_forms)


def words(text: str) -> list[str]:
    """Return the words of ``text`` in order, as they are indexed."""
    return _cut(fold(text), _pairs_and_last)


def _cut(folded: str, spell: Callable[[re.Match[str]], str]) -> list[str]:
    if not folded.isascii():
        folded = _paired_run.sub(spell, folded)
    found = folded.split()
    if max(map(len, found), default=0) > WORD_LIMIT:
        found = [word[:WORD_LIMIT] for word in found]
    return found


def _pairs_and_last(run: re.Match[str]) -> str:
    characters = run[0]
    return f" {' '.join(map(add, characters, characters[1:]))} {characters[-1]} "


def _pairs(run: re.Match[str]) -> str:
    characters = run[0]
    return f" {' '.join(map(add, characters, characters[1:])) or characters} "


def tokens(text: str) -> str:
    """Return the words of ``text`` with a blank between them."""
    return " ".join(words(text))


class Term(NamedTuple):
    """One condition of a query: ``words`` stand in the message, one after the other if ``exact``.

    ``prefix``: the last word may go on. ``wanted`` False: must not be there.
    """

    words: tuple[str, ...]
    exact: bool = False
    prefix: bool = False
    wanted: bool = True


_query_part = re.compile(
    r"""(?P<minus>(?<!\S)[-\u2212\u2013])?
        (?: ["\u201c-\u201e] (?P<quoted>[^"\u201c-\u201e]*) ["\u201c-\u201e]?
        | (?P<plain>[^\s"\u201c-\u201e]+) )""",
    re.VERBOSE,
)


def parse_query(text: str) -> list[Term]:
    """Return the conditions that ``text`` states: words, ``"words in this order"``, ``-not this``.

    The last word may be unfinished, unless a blank or a quote follows it. Nothing to be found (no words, or
    only unwanted ones) gives no conditions.
    """
    text = text[:QUERY_LIMIT]
    terms: list[Term] = []
    for part in _query_part.finditer(text):
        quoted, plain = part["quoted"], part["plain"]
        # Of a run of pairs not the last character alone, which the pairs hold already.
        found = _cut(fold(plain if quoted is None else quoted), _pairs)
        if not found:
            continue
        unfinished = part.end() == len(text) and quoted is None and part["minus"] is None
        terms.append(
            Term(
                words=tuple(found),
                # foo@bar.example is one thing; a run of pairs is often several words.
                exact=quoted is not None or not any(map(_is_paired, found)),
                prefix=_may_go_on(found[-1], unfinished),
                wanted=part["minus"] is None,
            )
        )
    return terms if any(term.wanted for term in terms) else []


def _is_paired(word: str) -> bool:
    return _paired_run.match(word) is not None


def _may_go_on(word: str, unfinished: bool) -> bool:
    """A lone character of a pair stands for all pairs it begins; a lone letter stands for itself."""
    return len(word) == 1 if _is_paired(word) else unfinished and len(word) > 1
