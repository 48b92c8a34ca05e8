"""How else a person's name or telephone number may be written. Case, accents and signs between words do not
matter to the search that looks for them, so they are not varied here."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["is_number", "spellings_of_name", "spellings_of_number"]

_NUMBER = re.compile(r"\+?[\d\s()./-]{7,}")
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"}
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15
_LONGEST_COUNTRY_CODE = 3


def is_number(text: str) -> bool:
    """Whether ``text`` is a telephone number and nothing else."""
    return _NUMBER.fullmatch(text.strip()) is not None


def spellings_of_name(name: str) -> set[str]:
    """Return ``name`` and what else it is written like: surname first, without the names in the middle, and
    with ä as ae or ae as a."""
    surname, comma, first = name.partition(",")
    words = f"{first} {surname}".split() if comma else name.split()
    if not words:
        return set()
    orders = {" ".join(words), name}
    if len(words) > 1:
        orders |= {f"{words[0]} {words[-1]}", f"{words[-1]} {words[0]}", " ".join((words[-1], *words[:-1]))}
    return {spelled for order in orders for spelled in _with_umlauts(order.lower())}


def _with_umlauts(text: str) -> set[str]:
    spelled_out = plain = text
    for letter, pair in _UMLAUTS.items():
        spelled_out, plain = spelled_out.replace(letter, pair), plain.replace(pair, letter)
    return {text, spelled_out, plain}


def spellings_of_number(number: str) -> set[str]:
    """Return ``number`` (with the country code, if it has one) in all groups of digits that people write,
    with the country code and without; empty where it is too short to tell anybody."""
    digits = re.sub(r"\D", "", number).removeprefix("00")[-_MOST_DIGITS:]
    if len(digits) < _FEWEST_DIGITS:
        return set()
    runs = {digits, f"00{digits}"}
    if number.strip().startswith(("+", "00")):
        rests = {digits[length:] for length in range(1, _LONGEST_COUNTRY_CODE + 1)}
    else:
        rests = {digits.removeprefix("0")}
    runs |= {start + rest for rest in rests for start in ("", "0") if len(rest) >= _FEWEST_DIGITS}
    return {spelled for run in runs for spelled in _grouped(run)}


def _grouped(digits: str) -> Iterator[str]:
    """All ways to write ``digits`` in groups of two and more."""
    yield digits
    for length in range(2, len(digits) - 1):
        for rest in _grouped(digits[length:]):
            yield f"{digits[:length]} {rest}"
