"""Words of strangers in tooltips: Qt takes what looks like HTML there as HTML, and then opens local files."""

from __future__ import annotations

from html import escape

__all__ = ["tip"]


def tip(text: str) -> str:
    """Return ``text`` so that a tooltip shows it as it is."""
    if "<" not in text:
        return text
    return "<span>" + escape(text).replace("\n", "<br>") + "</span>"
