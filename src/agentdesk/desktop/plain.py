"""Words of strangers where something might take them for HTML: Qt does in tooltips, and then opens local
files; what shows banners on a Linux desktop may, too."""

from __future__ import annotations

import re
from html import escape

__all__ = ["banner", "tip"]

_TAG = re.compile(r"<(?=[a-zA-Z/!?])")


def tip(text: str) -> str:
    """Return ``text`` so that a tooltip shows it as it is."""
    if "<" not in text:
        return text
    return "<span>" + escape(text).replace("\n", "<br>") + "</span>"


def banner(text: str) -> str:
    """Return ``text`` without what could begin a tag: some services show markup, others would show it
    escaped, and none says beforehand which it does."""
    return _TAG.sub("\u2039", text)
