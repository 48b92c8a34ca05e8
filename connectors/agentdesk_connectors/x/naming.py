"""Names: X numbers posts and direct messages in one row; the time is in the number (a "snowflake").

The upper bits of an id are milliseconds since the moment below: https://docs.x.com/fundamentals/x-ids.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = [
    "KIND",
    "handle_of",
    "id_at",
    "is_id",
    "message_id",
    "moment_of",
    "newest",
    "number_of",
    "page_of",
    "pair_id",
    "profile_of",
    "talk_id",
    "talk_of",
]

KIND = "x"
"""The kind of address that people on X have: their number, which stays when they change their name there."""

_FIRST = 1_288_834_974_657
_SHIFT = 22
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_TALK = "dm/talk/"
_MESSAGE = "dm/"
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_TALK_NAME = re.compile(r"\d{1,20}(-\d{1,20})?")


def is_id(value: str) -> bool:
    """Say whether ``value`` can be an id: a number of at most 64 bits."""
    return value.isascii() and value.isdigit() and 0 < len(value) <= 20


def message_id(number: str) -> str:
    """Return the name of a direct message for ever; a post's is its number."""
    return f"{_MESSAGE}{number}"


def number_of(external: str) -> str:
    """Return the number of a post or a direct message; "" for what is neither."""
    number = external.removeprefix(_MESSAGE)
    return number if is_id(number) else ""


def talk_id(conversation: str) -> str:
    """Return the name of a private conversation."""
    return f"{_TALK}{conversation}"


def talk_of(external: str) -> str:
    """Return X's name of a private conversation; "" for what is none."""
    found = external.removeprefix(_TALK) if external.startswith(_TALK) else ""
    return found if _TALK_NAME.fullmatch(found) else ""


def pair_id(one: str, other: str) -> str:
    """Return X's name of the conversation between two people: the smaller number first."""
    return "-".join(sorted((one, other), key=int))


def profile_of(handle: str) -> str:
    """Return where somebody's own page is; "" for what is no handle."""
    return f"https://x.com/{handle}" if _HANDLE.fullmatch(handle) else ""


def page_of(handle: str, number: str) -> str:
    """Return where a post stands."""
    return f"https://x.com/{handle if _HANDLE.fullmatch(handle) else 'i'}/status/{number}"


def handle_of(given: str) -> str:
    """Return a handle without its @, in small letters; "" where it is none."""
    found = given.strip().removeprefix("@")
    return found.lower() if _HANDLE.fullmatch(found) else ""


def id_at(moment: datetime) -> str:
    """Return the smallest id that can have been given at ``moment``."""
    return str(max(0, (moment - _BEGIN) // timedelta(milliseconds=1) - _FIRST) << _SHIFT)


def moment_of(number: str) -> datetime | None:
    """Return when an id was given (UTC)."""
    if not is_id(number):
        return None
    return _BEGIN + timedelta(milliseconds=(int(number) >> _SHIFT) + _FIRST)


def newest(*numbers: str) -> str:
    """Return the greatest of ids; "0" for none."""
    return max((one for one in numbers if is_id(one)), key=int, default="0")
