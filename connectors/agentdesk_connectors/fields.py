"""Values out of JSON that anybody may have written: each is of its type, of bounded length, or absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg

__all__ = [
    "Json",
    "each",
    "flag",
    "inner",
    "moment",
    "number",
    "parse",
    "text",
    "texts",
    "token",
    "web_address",
]

Json = Mapping[str, object]

_LONGEST = 100_000
_LONGEST_ID = 200
_LONGEST_ADDRESS = 2_000
_MOST_ITEMS = 200
_MOST = 2**53


def parse(raw: bytes) -> object:
    """Return JSON as values. Raises Invalid where it is none, or is nested beyond reason."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise Invalid(msg("This cannot be read: it is no JSON.")) from None


def inner(value: object, name: str = "") -> Json:
    """Return an object (within ``value``, where a name is given); an empty one where there is none."""
    if name:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def each(value: Json, name: str) -> list[Json]:
    """Return the objects of a list, no more than anybody looks at."""
    found = value.get(name)
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [one for one in found[:_MOST_ITEMS] if isinstance(one, Mapping)]


def text(value: Json, name: str, most: int = _LONGEST) -> str:
    """Return a text, cut at ``most`` characters, without control characters but line ends and tabs."""
    found = value.get(name)
    if not isinstance(found, str):
        return ""
    return "".join(c for c in found[:most] if c >= " " or c in "\n\t")


def texts(value: Json, name: str) -> list[str]:
    """Return the short texts of a list."""
    found = value.get(name)
    if not isinstance(found, list):
        return []
    return [one for one in found[:_MOST_ITEMS] if isinstance(one, str) and len(one) <= _LONGEST_ID]


def token(value: object, name: str = "") -> str:
    """Return an id: a string of letters, digits, hyphens and the like; some servers send numbers."""
    if name:
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        return ""
    return value if value.isascii() and value.replace("-", "").replace("_", "").isalnum() else ""


def number(value: Json, name: str) -> int | None:
    """Return a number of things."""
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < _MOST:
        return None
    return found


def flag(value: Json, name: str) -> bool:
    """Return whether something is said to be so."""
    return value.get(name) is True


def moment(value: Json, name: str) -> datetime | None:
    """Return a moment (ISO 8601) in UTC."""
    found = value.get(name)
    if not isinstance(found, str) or len(found) > 50:
        return None
    try:
        return clock.to_utc(datetime.fromisoformat(found))
    except (ValueError, OverflowError):
        return None


def web_address(value: Json, name: str) -> str:
    """Return an address of the web; nothing for any other kind."""
    found = value.get(name)
    if not isinstance(found, str) or len(found) > _LONGEST_ADDRESS or not found.isprintable():
        return ""
    try:
        parts = urlsplit(found)
    except ValueError:
        return ""
    return found if parts.scheme in ("https", "http") and parts.hostname and " " not in found else ""
