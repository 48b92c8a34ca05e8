"""Bytes to text, whatever the label says.

Only charsets of mail and the web are known: Python's own codecs (``unicode_escape``, ``zlib``, ``idna``) and
UTF-7, with which markup can be hidden from a sanitiser, are refused. Labels are read as the Encoding Standard
of the web does: ``iso-8859-1`` is Windows-1252, ``gb2312`` is GB 18030.
"""

from __future__ import annotations

import re
from functools import lru_cache

from agentdesk_connectors.email import limits

_SAME = (
    "utf-8 utf-16 utf-16le utf-16be utf-32 big5 euc-jp euc-kr gb18030 iso-2022-jp iso-2022-kr hz "
    "koi8-r koi8-u cp437 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 "
    "cp932 cp949 cp950 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 "
    "iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 iso8859-13 iso8859-14 "
    "iso8859-15 iso8859-16 mac-roman mac-cyrillic mac-greek mac-turkish mac-latin2 ptcp154"
)
_OTHER = {
    "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "utf8mb4": "utf-8", "cp65001": "utf-8",
    "utf-8-mac": "utf-8",
    "us-ascii": "utf-8", "ascii": "utf-8", "ansi-x3.4-1968": "utf-8", "646": "utf-8", "iso646-us": "utf-8",
    "unicode": "utf-16", "ucs-2": "utf-16", "utf16": "utf-16", "iso-10646-ucs-2": "utf-16be",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "l1": "cp1252",
    "iso-8859-9": "cp1254", "latin5": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "tis620": "cp874",
    "iso-8859-8-i": "iso8859-8", "iso-8859-6-i": "iso8859-6", "latin2": "iso8859-2", "latin9": "iso8859-15",
    "gb2312": "gb18030", "gbk": "gb18030", "gb-2312-80": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030",
    "hz-gb-2312": "hz", "big5-hkscs": "big5hkscs", "cn-big5": "big5", "x-x-big5": "big5",
    "shift-jis": "cp932", "shiftjis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms-kanji": "cp932",
    "windows-31j": "cp932", "iso-2022-jp": "iso2022_jp_ext", "iso-2022-jp-1": "iso2022_jp_ext",
    "iso-2022-jp-2": "iso2022_jp_2", "iso-2022-jp-ms": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext", "iso-2022-kr": "iso2022_kr", "x-euc-jp": "euc-jp", "ujis": "euc-jp",
    "euc-kr": "cp949", "ks-c-5601-1987": "cp949", "ks-c-5601": "cp949", "ksc5601": "cp949", "uhc": "cp949",
    "windows-949": "cp949", "windows-874": "cp874", "dos-874": "cp874", "windows-936": "gb18030",
    "macintosh": "mac-roman", "x-mac-roman": "mac-roman", "x-mac-cyrillic": "mac-cyrillic",
    "koi8": "koi8-r", "koi8-ru": "koi8-u", "ibm866": "cp866",
}  # fmt: skip


def _known() -> dict[str, str]:
    known = {name: name for name in _SAME.split()}
    known.update({f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)})
    known.update({f"windows-{n}": f"cp{n}" for n in range(1250, 1259)})
    known.update({f"ibm{n}": f"cp{n}" for n in (437, 850, 852, 855, 857, 858, 860, 862, 864, 865, 869)})
    known.update(_OTHER)
    return known


_KNOWN = _known()
_SINGLE_BYTE = re.compile(r"cp(?!932|949|950)|iso8859|koi8|mac-|ptcp")
_GUESSABLE = ["cp1252", "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1255", "cp1256", "cp932",
              "euc-jp", "gb18030", "big5", "cp949"]  # fmt: skip
_GUESS_ABOVE = 32  # a guess from fewer bytes is noise


@lru_cache(maxsize=512)
def codec_for(label: str) -> str | None:
    """Return the Python codec for a charset label, or None where it is unknown or refused."""
    name = label.strip(" \t\"'\0").lower().replace("_", "-")
    if name.startswith("x-unknown") or len(name) > 40:
        return None
    return _KNOWN.get(name) or _KNOWN.get(name.removeprefix("cs")) or _KNOWN.get(name.removeprefix("x-"))


def decode(data: bytes, label: str = "", *, guess: bool = False) -> str:
    """Return ``data`` as text: as declared, else UTF-8, else guessed, else with replacement characters.

    A label for a single-byte charset is not believed where the bytes are proper UTF-8 beyond ASCII: such
    charsets decode anything, and text in them is almost never valid UTF-8 by chance. NUL is dropped, since
    no database keeps it in text. Guessing takes milliseconds: ask for it only a bounded number of times.
    """
    codec = codec_for(label) if label else None
    if codec is None and b"\x1b$" in data:
        codec = "iso2022_jp_ext"  # as old Japanese programs write headers, without saying so
    if codec is None or codec == "utf-8" or _SINGLE_BYTE.match(codec):
        candidates = ("utf-8", codec)
    else:
        candidates = (codec, "utf-8")
    text = _first_fit(data, candidates)
    if text is None and codec in (None, "utf-8"):
        text = _nearly_utf8(data) or data.decode((guessed(data) if guess else None) or "cp1252", "replace")
    elif text is None:
        text = data.decode(codec or "cp1252", "replace")
    return text.replace("\0", "") if "\0" in text else text


def _first_fit(data: bytes, candidates: tuple[str | None, str | None]) -> str | None:
    for candidate in candidates:
        try:
            if candidate is not None:
                return data.decode(candidate).removeprefix("\ufeff")
        except UnicodeError:
            continue
    return None


def _nearly_utf8(data: bytes) -> str | None:
    """Return UTF-8 text with a few damaged places in it, or None where it is something else altogether."""
    text = data.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    foreign = len(data) - len(text)  # continuation bytes: every proper character beyond ASCII has some
    return text if foreign > 4 * damaged else None


def guessed(data: bytes) -> str | None:
    """Return the likeliest codec of ``data``, or None where it is too short to tell."""
    if len(data) < _GUESS_ABOVE:
        return None
    from charset_normalizer import from_bytes  # slow to import, and seldom needed

    best = from_bytes(data[: limits.GUESS_BYTES], cp_isolation=_GUESSABLE, threshold=0.4).best()
    return None if best is None else best.encoding
