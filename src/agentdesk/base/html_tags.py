"""The HTML of mail that is kept: what cleaning leaves, and what screens show."""

from __future__ import annotations

__all__ = ["KEPT_TAGS"]

KEPT_TAGS = frozenset({
    "p", "br", "div", "span", "a", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "ul", "ol",
    "li", "blockquote", "pre", "code", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody",
    "tfoot", "tr", "td", "th", "img", "hr", "sub", "sup", "small", "center", "dl", "dt", "dd", "tt", "kbd",
    "caption",
})  # fmt: skip
"""Names of the elements that are kept; of any other only the text is."""
