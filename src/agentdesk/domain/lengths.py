"""How long a text is as a network counts it: what a composer shows and what a server refuses is one count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

import msgspec

__all__ = ["TextLimit", "Unit", "length_of"]


class Unit(StrEnum):
    """What is counted."""

    CHARACTERS = "characters"
    """Unicode code points."""
    GRAPHEMES = "graphemes"
    """What a reader takes for one sign."""
    BYTES = "bytes"
    """Of UTF-8."""
    WEIGHTED = "weighted"
    """Code points of ``light`` ranges count 1, other signs and each emoji 2; addresses count as such also
    without ``https://`` (as X counts)."""


class TextLimit(msgspec.Struct, frozen=True, omit_defaults=True):
    """``most`` of ``unit``. ``url`` is what each address counts (0: what it has); ``light`` are the ranges
    of code points, both ends within, that count 1; ``free_names``: the @names that a text begins with count
    nothing; ``local_names``: of ``@name@server`` only ``@name`` counts."""

    most: int
    unit: Unit = Unit.CHARACTERS
    url: int = 0
    light: tuple[tuple[int, int], ...] = ()
    free_names: bool = False
    local_names: bool = False


# As in twitter-text: Latin and Cyrillic letters; what ends a sentence is not part of an address.
_LETTERS = r"À-ÖØ-öø-ɏḀ-ỿЀ-ӿ"
_REST = rf"(?:[!#-;=?-~{_LETTERS}]*[#$%&+\-/0-9=@A-Z_a-z~{_LETTERS}])"
_URL = re.compile(rf"https?://(?:[^\s<>\"/?#.,;:]+[.:])*{_REST}", re.IGNORECASE)
_COUNTRIES = (
    "ac|ad|ae|af|ag|ai|al|am|ao|aq|ar|as|at|au|aw|ax|az|ba|bb|bd|be|bf|bg|bh|bi|"
    "bj|bm|bn|bo|br|bs|bt|bw|by|bz|ca|cc|cd|cf|cg|ch|ci|ck|cl|cm|cn|co|cr|cu|cv|"
    "cw|cx|cy|cz|de|dj|dk|dm|do|dz|ec|ee|eg|er|es|et|eu|fi|fj|fk|fm|fo|fr|ga|gb|"
    "gd|ge|gf|gg|gh|gi|gl|gm|gn|gp|gq|gr|gs|gt|gu|gw|gy|hk|hm|hn|hr|ht|hu|id|ie|"
    "il|im|in|io|iq|ir|is|it|je|jm|jo|jp|ke|kg|kh|ki|km|kn|kp|kr|kw|ky|kz|la|lb|"
    "lc|li|lk|lr|ls|lt|lu|lv|ly|ma|mc|md|me|mg|mh|mk|ml|mm|mn|mo|mp|mq|mr|ms|mt|"
    "mu|mv|mw|mx|my|mz|na|nc|ne|nf|ng|ni|nl|no|np|nr|nu|nz|om|pa|pe|pf|pg|ph|pk|"
    "pl|pm|pn|pr|ps|pt|pw|py|qa|re|ro|rs|ru|rw|sa|sb|sc|sd|se|sg|sh|si|sj|sk|sl|"
    "sm|sn|so|sr|ss|st|su|sv|sx|sy|sz|tc|td|tf|tg|th|tj|tk|tl|tm|tn|to|tr|tt|tv|"
    "tw|tz|ua|ug|uk|us|uy|uz|va|vc|ve|vg|vi|vn|vu|wf|ws|ye|yt|za|zm|zw"
)
_COMMON = (
    "com|org|net|info|biz|name|mobi|app|dev|shop|store|online|site|page|blog|cloud|tech|"
    "live|news|edu|gov|media|agency"
)
# Without https:// an address is known by its top-level domain: a country's, or one that many have.
_BARE = re.compile(
    rf"(?<![\w@$#.\-/{_LETTERS}])(?:[a-z0-9{_LETTERS}](?:[a-z0-9{_LETTERS}-]*[a-z0-9{_LETTERS}])?\.)+"
    rf"(?:{_COMMON}|{_COUNTRIES})(?![a-z0-9_@-])(?::\d+)?(?:/{_REST}?)?",
    re.IGNORECASE | re.ASCII,
)
_NAMES_FIRST = re.compile(r"(?:\s*@\w+(?:@[\w.-]+)?)+\s*")
_REMOTE_NAME = re.compile(r"(@\w+)@[\w-]+(?:\.[\w-]+)+")
_JOINER = 0x200D
_FLAGS = range(0x1F1E6, 0x1F200)
_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)


def length_of(text: str, limit: TextLimit) -> int:
    """Return the length of ``text`` (in NFC) as ``limit`` counts it."""
    if limit.free_names and (found := _NAMES_FIRST.match(text)):
        text = text[found.end() :]
    if limit.local_names:
        text = _REMOTE_NAME.sub(r"\1", text)
    urls = 0
    if limit.url:
        text, urls = _URL.subn("", text)
        if limit.unit is Unit.WEIGHTED:
            text, bare = _BARE.subn("", text)
            urls += bare
    return _count(text, limit) + urls * limit.url


def _count(text: str, limit: TextLimit) -> int:
    match limit.unit:
        case Unit.BYTES:
            return len(text.encode())
        case Unit.GRAPHEMES:
            return sum(1 for _ in _graphemes(text))
        case Unit.WEIGHTED:
            return sum(_weight(one, limit.light) for one in _graphemes(text))
    return len(text)


def _weight(grapheme: str, light: tuple[tuple[int, int], ...]) -> int:
    if _is_emoji(grapheme):
        return 2
    return sum(1 if any(low <= ord(sign) <= high for low, high in light) else 2 for sign in grapheme)


def _is_emoji(grapheme: str) -> bool:
    """A picture with what belongs to it, or a digit in a key. Letters that are joined are none."""
    if len(grapheme) == 1:
        return False
    points = {ord(sign) for sign in grapheme}
    return unicodedata.category(grapheme[0]) == "So" or bool(points & {0xFE0F, 0x20E3})


def _graphemes(text: str) -> Iterator[str]:
    """Return the signs of a text: Unicode UAX #29, without the rules for Korean jamo (NFC has joined those)
    and Indic conjuncts."""
    current = ""
    flags = 0
    for sign in text:
        point = ord(sign)
        if current and _goes_on(current, sign, flags):
            current += sign
        else:
            if current:
                yield current
            current, flags = sign, 0
        flags += point in _FLAGS
    if current:
        yield current


def _goes_on(current: str, sign: str, flags: int) -> bool:
    """Whether ``sign`` belongs to the sign that ``current`` began."""
    point = ord(sign)
    if (current, sign) == ("\r", "\n"):
        return True
    if current[-1] in "\r\n" or unicodedata.category(current[-1]) == "Cc":
        return False
    if point == _JOINER or point in _TONES or point in _TAGS:
        return True
    if unicodedata.category(sign) in ("Mn", "Me", "Mc"):
        return True
    if ord(current[-1]) == _JOINER and unicodedata.category(sign) in ("So", "Sm"):
        return True
    return point in _FLAGS and flags % 2 == 1
