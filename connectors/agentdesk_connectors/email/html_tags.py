"""What becomes of one start tag of sanitised HTML: how it is written, whether it hides, what it marks."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from agentdesk_connectors.email import html_quotes
from agentdesk_connectors.email.html_quotes import Mark

AS_DIV = frozenset(["address", "section", "article", "header", "footer", "main", "figure", "figcaption"])
"""Elements that are written as ``div``: the viewer does not know them."""
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_HIDDEN = re.compile(
    r"display:\s*none|visibility:\s*hidden|max-height:\s*0(?![.1-9])|opacity:\s*0(?:\.0+)?(?:;|$)",
    re.IGNORECASE,
)
_HIDDEN_TEXT = re.compile(r"font-size:\s*[01](?:\.0+)?(?:px|pt|em|%)?\s*(?:;|$)", re.IGNORECASE)
_STYLE_KEPT = re.compile(
    r"(?:^|;)\s*(font-weight:\s*(?:bold|[5-9]00)|font-style:\s*italic|"
    r"text-align:\s*(?:left|right|center|justify)|text-decoration:\s*(?:underline|line-through))\s*(?=;|$)"
)
_TINY = re.compile(r"(?:^|;)\s*(?:width|height):\s*[0-2](?:\.\d+)?(?:px|pt|;|$)")
_NUMBER = re.compile(r"\d{1,4}$")
_MAIL_ATTACH = re.compile(r"(?i)(?:&amp;|[?&])attach(?:ment)?=[^&]*")
_CACHED_CHARS = 300  # longer attributes are rarely met again, and would only fill the memory


class Tag(NamedTuple):
    """A start tag with its end tag, whether the element is invisible, and what it tells of history."""

    opening: str
    closing: str
    hidden: bool
    mark: Mark


def tag(name: str, attributes: str) -> Tag:
    """Return what becomes of ``<name attributes>``."""
    if len(attributes) > _CACHED_CHARS:
        return _tag(name, attributes)
    return _cached_tag(name, attributes)


def attributes_of(text: str) -> dict[str, str]:
    """Return the attributes of a tag that the sanitiser wrote; values stay escaped."""
    return dict(_ATTRIBUTE.findall(text)) if text else {}


def is_pixel(found: dict[str, str]) -> bool:
    """Say whether a picture is too small to be seen: it only counts readers."""
    if _is_tiny(found.get("width", "")) and _is_tiny(found.get("height", "1")):
        return True
    style = found.get("style", "")
    return bool(style) and (_TINY.search(style) is not None or _HIDDEN.search(style) is not None)


def size_of(found: dict[str, str]) -> str:
    """Return width and height of a picture as attributes, where they are plain numbers."""
    return "".join(f' {k}="{found[k]}"' for k in ("width", "height") if _NUMBER.match(found.get(k, "")))


def _is_tiny(length: str) -> bool:
    return length.strip().removesuffix("px") in ("0", "1", "2")


def _tag(name: str, attributes: str) -> Tag:
    found = attributes_of(attributes)
    shown = "div" if name in AS_DIV else name
    style = found.get("style", "")
    hidden = bool(style) and (
        _HIDDEN.search(style) is not None
        or (name in ("span", "p", "a") and _HIDDEN_TEXT.search(style) is not None)
    )
    return Tag(f"<{shown}{_kept(found)}>", f"</{shown}>", hidden, html_quotes.mark_of(name, found))


_cached_tag = lru_cache(maxsize=2048)(_tag)


def _kept(found: dict[str, str]) -> str:
    """Return the attributes that are shown: links, spans of cells, direction and a few styles."""
    kept: list[str] = []
    for key, value in found.items():
        if key == "href":
            is_mail = value[:7].lower() == "mailto:"
            kept.append(f' href="{_MAIL_ATTACH.sub("", value) if is_mail else value}"')
        elif key in ("colspan", "rowspan", "start"):
            kept.append(f' {key}="{value}"' if _NUMBER.match(value) else "")
        elif key in ("dir", "align"):
            kept.append(f' {key}="{value}"' if value.isascii() and value.isalpha() else "")
        elif key == "style":
            style = ";".join(_STYLE_KEPT.findall(value))
            kept.append(f' style="{style}"' if style else "")
    return "".join(kept)
