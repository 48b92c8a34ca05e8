"""Address lists, ids and dates of header fields, in any condition (RFC 5322 sections 3.3, 3.4, 3.6.4)."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from agentdesk.sdk.inbound import Party
from agentdesk_connectors.email import limits, words

_SIMPLE = re.compile(
    r'\A(?:"([^"\\]*)"\s*+|([^"<>@,;:()\[\]\\]*))<([^<>@\s",;:()\[\]\\]+@[^<>@\s",;:()\[\]\\]+)>$'
)
_BARE = re.compile(r'\A[^<>@\s",;:()\[\]\\]+@[^<>@\s",;:()\[\]\\]+$')
_LEXEME = re.compile(
    r'=\?[^?\s]{1,75}\?[bBqQ]\?[^?]*\?=|"[^"\\]*(?:\\.[^"\\]*)*"?|\\.|[<>,;:()]|[^"\\<>,;:()=]+|.', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_WORD_START = r'(?<![^\s<>@",;:()\[\]\\])'  # keeps the search linear
_ADDRESS_IN_TEXT = re.compile(_WORD_START + r'[^\s<>@",;:()\[\]\\]{1,200}@[^\s<>@",;:()\[\]\\]{1,255}')
_ID = re.compile(r"<([^<>\s]{1,990})>")
_ID_BARE = re.compile(r"(?<![^<>\s,;])[^<>\s,;]{1,990}@[^<>\s,;]{1,990}")
_DATE = re.compile(
    r"(?:[A-Za-z]{3},\s*)?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? "
    r"([+-])(\d\d)(\d\d)(?=$|\s)"
)
_MONTHS = {
    name: n
    for n, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before this there was no mail of the present form: an earlier date is a broken clock."""


def parties(value: str) -> list[Party]:
    """Return the people of an address list, in order; groups are dissolved, empty entries passed over.

    An entry without an address of the form ``local@domain`` is left out. At most
    :data:`limits.RECIPIENTS` are returned. Costs time in proportion to the length.
    """
    if not value:
        return []
    single = _simple(value)
    if single is not None:
        return [single]
    found: list[Party] = []
    for name, address in _entries(value):
        party = _party(name, address)
        if party is not None:
            found.append(party)
            if len(found) >= limits.RECIPIENTS:
                break
    return found or _salvage(value)


def addresses(value: str) -> list[str]:
    """Return only the comparable addresses of a list."""
    return [party.value for party in parties(value)]


def _salvage(value: str) -> list[Party]:
    """Return what looks like an address in a list that is broken beyond its grammar (an endless quote)."""
    return [
        Party("email", comparable(found)) for found in _ADDRESS_IN_TEXT.findall(value)[: limits.RECIPIENTS]
    ]


def _simple(value: str) -> Party | None:
    match = _SIMPLE.match(value)
    if match is not None:
        return Party("email", comparable(match[3]), _display(match[1] if match[2] is None else match[2]))
    return Party("email", comparable(value), "") if _BARE.match(value) else None


def _entries(value: str) -> list[tuple[str, str]]:
    """Split a list into (name, address) pairs with one run over its lexemes."""
    state = _Entry()
    for match in _LEXEME.finditer(value):
        state.take(match[0])
    state.finish()
    return state.found


class _Entry:
    """The entry being read: words outside, inside angle brackets, and comments, which often hold the name."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._outside: list[str] = []
        self._inside: list[str] | None = None
        self._address = ""
        self._comment: list[str] = []
        self._comments = 0

    def take(self, lexeme: str) -> None:
        if self._comments or lexeme == "(":
            self._take_comment(lexeme)
        elif lexeme == "<":
            self._inside = []
        elif lexeme == ">":
            self._address = self._address or "".join(self._inside or ())
            self._inside = None
        elif lexeme in ",;":
            self.finish()
        elif lexeme == ":" and self._inside is None and not self._has_address():
            self._outside.clear()  # the words before were the name of a group
        elif self._inside is not None:
            self._inside.append(lexeme)
        else:
            self._outside.append(lexeme)

    def _take_comment(self, lexeme: str) -> None:
        if lexeme == "(":
            self._comments += 1
        elif lexeme == ")":
            self._comments -= 1
        else:
            self._comment.append(lexeme)

    def _has_address(self) -> bool:
        return bool(self._address) or any("@" in word for word in self._outside)

    def finish(self) -> None:
        """End the entry. An address without brackets is the word with an @ in it."""
        address = self._address or "".join(self._inside or ())
        outside = "".join(self._outside)
        if not address.strip():
            address, outside = outside, ""
        name = _unquote(outside).strip() or _unquote("".join(self._comment)).strip()
        if address.strip():
            self.found.append((name, address))
        self._outside.clear()
        self._comment.clear()
        self._inside, self._address, self._comments = None, "", 0


def _unquote(text: str) -> str:
    return _ESCAPED.sub(r"\1", text.replace('"', "") if "\\" not in text else _quoted(text))


def _quoted(text: str) -> str:
    return text.replace('\\"', "\x00").replace('"', "").replace("\x00", '"')


def _party(name: str, address: str) -> Party | None:
    address = address.strip()
    if "@" not in address:
        return None
    if not _BARE.match(address):
        found = _ADDRESS_IN_TEXT.findall(_quoted_local(address))
        if not found:
            return None
        rest = address.replace(found[-1], "").strip()
        name = name or _unquote(rest)
        address = found[-1]
    return Party("email", comparable(address), _display(name))


def _quoted_local(address: str) -> str:
    """A quoted local part without special characters means the same as the bare one (RFC 5322 3.4.1)."""
    local, _, domain = address.rpartition("@")
    return f"{local.strip()[1:-1]}@{domain}" if local.strip()[:1] == '"' == local.strip()[-1:] else address


def _display(name: str) -> str:
    return words.decode(name).strip().strip("'\"").strip()[: limits.DISPLAY_NAME_CHARS]


def comparable(address: str) -> str:
    """Return an address as it is compared: lower case, composed characters, domain in its ASCII form."""
    address = address.strip().rstrip(".")
    if address.isascii():
        return address.lower()
    local, _, domain = unicodedata.normalize("NFC", address).lower().rpartition("@")
    try:
        return f"{local}@{domain[:255].encode('idna').decode('ascii')}"
    except UnicodeError:
        return f"{local}@{domain}"


def ids(value: str) -> list[str]:
    """Return the message ids of a field without brackets, in order, each once; other words are dropped."""
    found = _ID.findall(value) or _ID_BARE.findall(value)
    return list(dict.fromkeys(found))


def date(value: str, latest: datetime) -> datetime | None:
    """Return the moment of a Date field in UTC; None where it is missing, impossible, before 1990 or after
    ``latest``."""
    try:
        moment = _fast_date(value) or _tolerant_date(value)
    except (ValueError, OverflowError, TypeError, IndexError, AttributeError):
        return None  # what the standard library raises on hostile dates, by experiment
    return moment if moment is not None and EARLIEST <= moment <= latest else None


def _fast_date(value: str) -> datetime | None:
    match = _DATE.match(value)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    zone = timezone(offset if sign == "+" else -offset)
    moment = datetime(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), tzinfo=zone)
    return moment.replace(second=min(int(second or 0), 59)).astimezone(UTC)  # 60 is a leap second


def _tolerant_date(value: str) -> datetime | None:
    parsed = parsedate_tz(value[:200])
    if parsed is None:
        return None
    zone = timezone(timedelta(seconds=parsed[9] or 0))
    return datetime(*parsed[:5], min(parsed[5], 59), tzinfo=zone).astimezone(UTC)
