"""What a browser calls itself in ``User-Agent`` (RFC 9110, section 10.1.5), as people call it."""

from __future__ import annotations

import re

__all__ = ["browser_of", "system_of"]

_LONGEST = 400
_BROWSERS = (
    ("Edge", r"Edg(?:A|iOS)?/(\d{1,4})"),
    ("Opera", r"OPR/(\d{1,4})"),
    ("Samsung Internet", r"SamsungBrowser/(\d{1,4})"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d{1,4})"),
    ("Chrome", r"(?:Chrome|CriOS)/(\d{1,4})"),
    ("Safari", r"Version/(\d{1,4})[\d.]{0,20} (?:Mobile/\w{1,20} )?Safari/"),
)
_SYSTEMS = (
    ("iOS", r"iP(?:hone|od|ad)[^)]{0,40}? OS (\d{1,3})"),
    ("Android", r"Android (\d{1,3})"),
    ("Android", r"Android()"),
    ("Windows", r"Windows NT()"),
    ("macOS", r"Mac OS X()"),
    ("ChromeOS", r"CrOS()"),
    ("Linux", r"Linux()"),
)


def browser_of(agent: str) -> str:
    """Return the browser with its main version (``Firefox 132``); empty where it is not known."""
    return _first(_BROWSERS, agent)


def system_of(agent: str) -> str:
    """Return the system, on telephones with its main version (``Android 14``); empty where it is not
    known."""
    return _first(_SYSTEMS, agent)


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    for name, pattern in known:
        found = re.search(pattern, agent[:_LONGEST], re.ASCII)
        if found is not None:
            return f"{name} {found[1]}".strip()
    return ""
