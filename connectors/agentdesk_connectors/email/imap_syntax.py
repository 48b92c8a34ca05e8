"""The part of IMAP's grammar that reading a mailbox needs (RFC 3501, RFC 9051), without any I/O."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

Value = bytes | None | list["Value"]
"""A parsed value: an atom, string or literal as bytes, NIL as None, a parenthesised list as list."""

LARGEST_TEXT = 1 << 16
"""Bytes of one response, literals not counted, that are parsed; real ones stay far below."""

_TOKEN = re.compile(
    rb"""([()])                                              # 1: a bracket
    | (")((?:[^"\\]|\\.)*+)("?)                              # 2-4: a string; without its end, all the rest
    | ([^\s()"\[]++(?:\[[^\]]*+\]?(?:<\d+>)?)?|\[[^\]]*+\]?) # 5: an atom, perhaps with a section in it
    """,
    re.VERBOSE | re.DOTALL,
)
_LITERAL = re.compile(rb"\{(\d{1,18})\+?\}\r?\n\Z")
_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)(?: \[([^\]]*)\])? ?(.*)", re.IGNORECASE | re.DOTALL)
_MONTHS = {
    name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}


class SyntaxTrouble(ValueError):
    """What the server sent is not IMAP."""


@dataclass(frozen=True, slots=True)
class Literal:
    """An argument that is sent by its length, for text that a quoted string cannot hold."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Status:
    """A status response: ``kind`` in capitals, the response ``code`` without brackets, the server's words."""

    kind: bytes
    code: bytes
    words: str


def astring(value: bytes) -> bytes | Literal:
    """Return ``value`` as a command argument: quoted where that can hold it, else as a literal."""
    if len(value) < 1000 and all(32 <= byte < 127 for byte in value):
        return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return Literal(value)


def encode_mailbox(name: str) -> bytes:
    """Return a folder's name in modified UTF-7 (RFC 3501 section 5.1.3)."""
    parts: list[bytes] = []
    for plain, other in re.findall(r"([\x20-\x7e]+)|([^\x20-\x7e]+)", name):
        if plain:
            parts.append(plain.replace("&", "&-").encode("ascii"))
        else:
            packed = base64.b64encode(other.encode("utf-16-be", "surrogatepass")).rstrip(b"=")
            parts.append(b"&" + packed.replace(b"/", b",") + b"-")
    return b"".join(parts)


def decode_mailbox(name: bytes) -> str:
    """Return a folder's name from modified UTF-7; a name that is none is taken as UTF-8."""
    try:
        return re.sub(r"&([^-]*)-", _unpack, name.decode("ascii"))
    except ValueError:
        return name.decode("utf-8", "replace")


def _unpack(match: re.Match[str]) -> str:
    packed = match[1].replace(",", "/")
    if not packed:
        return "&"
    return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode("utf-16-be")


def uid_set(uids: Sequence[int]) -> bytes:
    """Return ascending ``uids`` as a sequence set with ranges: ``1:3,7``."""
    ranges: list[tuple[int, int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], uid)
        else:
            ranges.append((uid, uid))
    return ",".join(f"{a}" if a == b else f"{a}:{b}" for a, b in ranges).encode()


def literal_size(line: bytes) -> int | None:
    """Return the size of the literal that ``line`` (with its line end) announces, or None."""
    if not line.endswith((b"}\r\n", b"}\n")):
        return None
    match = _LITERAL.search(line, max(0, len(line) - 24))
    return int(match[1]) if match else None


def parse(parts: Sequence[bytes]) -> list[Value]:
    """Return the values in a response: ``parts`` are text and literal in turns, text first.

    Raises SyntaxTrouble where the text is too long or its parentheses do not match.
    """
    stack: list[list[Value]] = [[]]
    for index, part in enumerate(parts):
        if index % 2:
            stack[-1].append(part)
            continue
        if len(part) > LARGEST_TEXT:
            raise SyntaxTrouble("a response of more than 64 kB")
        for bracket, opened, quoted, closed, atom in _TOKEN.findall(part):
            if atom:
                stack[-1].append(None if atom == b"NIL" else atom)
            elif opened:
                if not closed:
                    raise SyntaxTrouble("a string without an end")
                stack[-1].append(re.sub(rb"\\(.)", rb"\1", quoted) if b"\\" in quoted else quoted)
            elif bracket == b"(":
                stack.append([])
            else:
                if len(stack) == 1:
                    raise SyntaxTrouble("a closing parenthesis without an opening one")
                inner = stack.pop()
                stack[-1].append(inner)
    if len(stack) > 1:
        raise SyntaxTrouble("an opening parenthesis without a closing one")
    return stack[0]


def parse_fetch(parts: Sequence[bytes]) -> dict[bytes, Value]:
    """Return the items of a FETCH response (``* 12 FETCH (...)``) by name in capitals."""
    values = parse(parts)
    items = values[-1] if values else None
    if not isinstance(items, list) or len(items) % 2:
        raise SyntaxTrouble("a FETCH response without pairs")
    pairs: dict[bytes, Value] = {}
    for name, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(name, bytes):
            raise SyntaxTrouble("a FETCH response with a nameless value")
        pairs[_item_name(name)] = value
    return pairs


def _item_name(name: bytes) -> bytes:
    """``BODY[HEADER.FIELDS (A)]<0>`` becomes ``BODY[HEADER.FIELDS (A)]``: the origin octet is known to us."""
    return name.upper().partition(b"<")[0]


def parse_status(text: bytes) -> Status | None:
    """Return the status response in ``text`` (tag or star cut off), or None where it is another response."""
    match = _STATUS.match(text)
    if match is None:
        return None
    words = match[3].decode("utf-8", "replace").strip()
    return Status(match[1].upper(), (match[2] or b"").upper(), words)


def numbers(words: Iterable[bytes]) -> list[int]:
    """Return the numbers among ``words``, ascending, each once."""
    return sorted({int(word) for word in words if word.isdigit()})


def internal_date(value: Value) -> datetime | None:
    """Return an INTERNALDATE such as `` 7-Feb-2026 22:04:31 +0100`` in UTC, or None where it is none."""
    if not isinstance(value, bytes):
        return None
    try:
        date, time, zone = value.split()
        day, month, year = date.split(b"-")
        hour, minute, second = time.split(b":")
        offset = timedelta(hours=int(zone[:3]), minutes=int(zone[:1] + zone[3:5]))
        moment = datetime(
            int(year),
            _MONTHS[month.lower()],
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=timezone(offset),
        )
        return moment.astimezone(UTC)
    except (ValueError, KeyError, OverflowError):
        return None


def date_time(moment: datetime) -> bytes:
    """Return ``moment`` as APPEND wants it, in quotation marks."""
    return b'"%s %s"' % (search_date(moment).rjust(11), moment.strftime("%H:%M:%S %z").encode())


def search_date(moment: datetime) -> bytes:
    """Return the day of ``moment`` as SEARCH wants it: ``7-Feb-2026``, in English whatever the locale."""
    month = next(name for name, number in _MONTHS.items() if number == moment.month)
    return b"%d-%s-%d" % (moment.day, month.title(), moment.year)
