"""Where a link really leads, and whether it may be followed: never more than web, mail and telephone."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

__all__ = ["LinkTarget", "Verdict", "examine", "visible"]


class Verdict(StrEnum):
    """What to do with a link."""

    OPEN = "open"
    ASK = "ask"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """``url`` as it would be opened, ``shown`` as people should see it (the real host, in ASCII), and
    ``claimed``: the other host that its words named, where they do."""

    verdict: Verdict
    url: str
    shown: str
    host: str = ""
    claimed: str = ""


_HOST_IN_WORDS = re.compile(
    r"(?:https?://)?(?:[^\s/@]{1,100}@)?((?:[\w-]{1,63}\.){1,8}[\w-]{2,63})", re.IGNORECASE
)
_MAIL_PARAMETERS = frozenset({"subject", "body", "cc", "to"})


def examine(href: str, words: str) -> LinkTarget:
    """Say where ``href`` leads and what its ``words`` claim.

    Only http, https, mailto and tel are ever opened. It asks where the words name another host, or where
    something before an ``@`` poses as one. Never raises.
    """
    if len(href) > 4_000 or any(unicodedata.category(char) in ("Cc", "Cf") for char in href):
        return LinkTarget(Verdict.NEVER, "", visible(href[:200]))
    try:
        parts = urlsplit(href)
        host = _ascii_host(parts.hostname or "")
    except ValueError:
        return LinkTarget(Verdict.NEVER, "", visible(href[:200]))
    scheme = parts.scheme.lower()
    if scheme in ("http", "https") and host:
        return _web(href, scheme, host, words, disguised="@" in parts.netloc)
    if scheme == "mailto" and parts.path:
        return LinkTarget(Verdict.OPEN, _plain_mailto(href), visible(f"mailto:{parts.path}"))
    if scheme == "tel" and parts.path:
        return LinkTarget(Verdict.OPEN, href, visible(href))
    return LinkTarget(Verdict.NEVER, "", visible(href[:200]))


def visible(text: str) -> str:
    """Return ``text`` with characters that hide or turn its order shown as a symbol."""
    hidden = {"Cf", "Cc", "Co", "Cn", "Cs"}
    return "".join("\ufffd" if unicodedata.category(char) in hidden else char for char in text)


def _web(href: str, scheme: str, host: str, words: str, *, disguised: bool) -> LinkTarget:
    claimed = _claimed_host(words)
    other = claimed if claimed and not _same_site(claimed, host) else ""
    verdict = Verdict.ASK if other or disguised else Verdict.OPEN
    rest = href.split("://", 1)[1] if "://" in href else ""
    path = rest[len(rest.split("/", 1)[0]) :]
    return LinkTarget(verdict, href, visible(f"{scheme}://{host}{path}"), host, other)


def _ascii_host(host: str) -> str:
    """The host as the network knows it: letters beyond ASCII in punycode (RFC 3492)."""
    labels = []
    for label in host.rstrip(".").split("."):
        try:
            labels.append(label if label.isascii() else label.encode("idna").decode("ascii"))
        except UnicodeError:
            labels.append("xn--" + label.encode("punycode").decode("ascii"))
    return ".".join(labels).lower()


def _claimed_host(words: str) -> str:
    match = _HOST_IN_WORDS.match(words.strip()[:300])
    return _ascii_host(match[1]) if match else ""


def _same_site(claimed: str, host: str) -> bool:
    one, two = claimed.removeprefix("www."), host.removeprefix("www.")
    return one == two or two.endswith(f".{one}")


def _plain_mailto(href: str) -> str:
    """The address without what could attach a file (``attach=``) or hide a recipient (``bcc=``)."""
    address, _, query = href.partition("?")
    kept = [pair for pair in query.split("&") if pair.partition("=")[0].lower() in _MAIL_PARAMETERS]
    return f"{address}?{'&'.join(kept)}" if kept else address
