"""Encoded words (RFC 2047) and header text in any condition."""

from __future__ import annotations

import binascii
import re

from agentdesk_connectors.email import charsets

_WORD = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?([^?]*)\?=")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_PADDED_END = re.compile(rb"={1,2}[ \t]{0,9}\r?\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def plain(text: str) -> str:
    """Return ``text`` on one line: control characters and line ends become spaces, the ends are trimmed."""
    if text.isprintable():
        return text.strip()
    return _CONTROLS.sub(" ", text).strip()


def decode(value: str) -> str:
    """Return a header's text with its encoded words decoded, on one line.

    Neighbouring words of one charset are joined as bytes first, because many programs split a character
    between two words. What cannot be decoded stays as it is written.
    """
    if "=?" not in value:
        return plain(value)
    done: list[str] = []
    gathered: list[bytes] = []
    charset = ""
    position = 0
    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        word_charset = match[1].partition("*")[0].lower()  # RFC 2231 adds a language after a star
        if gathered and (between.strip() or word_charset != charset):
            done.append(charsets.decode(b"".join(gathered), charset))
            gathered.clear()
            between = between if between.strip() else ""
        if between.strip() or not (position or done):
            done.append(between)
        charset = word_charset
        gathered.append(_word_bytes(match[2], match[3]))
        position = match.end()
    if gathered:
        done.append(charsets.decode(b"".join(gathered), charset))
    done.append(value[position:])
    return plain("".join(done))


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", errors="replace")
    if encoding in "bB":
        return base64_bytes(data, 0, len(data))
    return _Q_ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), data.replace(b"_", b" "))


def base64_bytes(raw: bytes, start: int, end: int) -> bytes:
    """Return what the base64 text in ``raw[start:end]`` means, reading over foreign characters and a cut end.

    Padding at the end of a line in the middle (pieces joined by a program) is followed by a new piece;
    anything else behind padding is foreign.
    """
    padding = raw.find(b"=", start, end)
    if padding < 0 or not raw[padding:end].strip(b"= \t\r\n"):
        try:
            return binascii.a2b_base64(memoryview(raw)[start:end])
        except binascii.Error:
            pass
    data = raw[start:end]
    first, *others = _PADDED_END.split(data)
    pieces = [_NOT_BASE64.sub(b"", first.partition(b"=")[0])]
    for other in others:
        piece = b"".join(other.partition(b"=")[0].split())
        if _NOT_BASE64.search(piece):
            break
        pieces.append(piece)
    return b"".join(_base64_piece(piece) for piece in pieces)


def _base64_piece(piece: bytes) -> bytes:
    if len(piece) % 4 == 1:
        piece = piece[:-1]
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))
