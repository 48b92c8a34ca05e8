"""Names: a server numbers its posts by itself and calls its own people by their bare names; ours hold the
server too, so that they stay apart from those of other servers."""

from __future__ import annotations

import re

__all__ = ["KIND", "external_id", "full_address", "is_address", "local_id", "mentions_in", "talk_id"]

KIND = "mastodon"
"""The kind of address that people on these networks have: ``name@domain``."""

_ADDRESS = re.compile(
    r"[a-z0-9_]([a-z0-9_.-]{0,200}[a-z0-9_])?@[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:\d{1,5})?"
)
# https://github.com/mastodon/mastodon app/models/account.rb: what a server takes for a mention.
_MENTION = re.compile(r"(?<![=/\w])@([a-z0-9_]+(?:[a-z0-9_.-]*[a-z0-9_])?(?:@[\w.-]+[\w])?)", re.IGNORECASE)


def external_id(domain: str, status_id: str) -> str:
    """Return the name of a post for ever."""
    return f"{domain}/{status_id}"


def talk_id(domain: str, conversation_id: str) -> str:
    """Return the name of a private conversation."""
    return f"{domain}/conversations/{conversation_id}"


def local_id(domain: str, external: str) -> str:
    """Return the number of a post on its server; "" for a name that is none of that server's posts."""
    begin, _, number = external.rpartition("/")
    return number if begin == domain else ""


def full_address(domain: str, acct: str) -> str:
    """Return ``name@domain`` of somebody whom the server calls ``acct``; "" where that is no address."""
    found = acct.strip().lower().removeprefix("@")
    if "@" not in found:
        found = f"{found}@{domain}"
    return found if is_address(found) else ""


def is_address(value: str) -> bool:
    """Say whether ``value`` is ``name@domain``."""
    return _ADDRESS.fullmatch(value) is not None


def mentions_in(domain: str, text: str) -> tuple[str, ...]:
    """Return whom a server would take ``text`` to mention, each once, as full addresses."""
    found = (full_address(domain, name) for name in _MENTION.findall(text))
    return tuple(dict.fromkeys(one for one in found if one))


def age(number: str) -> tuple[int, str]:
    """Return what sorts ids by when they were given: they are numbers, or letters of one length."""
    return len(number), number
