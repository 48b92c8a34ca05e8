"""The formatting that an email of ours may have: bold, italic, underline, links, lists and paragraphs.

It is kept as a small HTML: ``p``, ``br``, ``strong``, ``em``, ``u``, ``a href``, ``ul``, ``ol``, ``li``.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

__all__ = ["link_address", "reduced", "to_text"]

MAX_SOURCE = 500_000
_SAME = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "u": "u", "ins": "u"}
_LISTS = frozenset({"ul", "ol"})
_BREAKERS = frozenset(
    {
        "p",
        "div",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "blockquote",
        "table",
        "section",
        "article",
        "header",
        "footer",
        "dt",
        "dd",
    }
)
_SILENT = frozenset(
    {
        "script",
        "style",
        "title",
        "head",
        "template",
        "object",
        "svg",
        "math",
        "noscript",
    }
)
_SPACE = re.compile(r"[ \t\r\n\f]+")


def link_address(address: str) -> str:
    """Return ``address`` as a link may have it: web, mail or telephone; empty for anything else."""
    address = address.strip()
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return ""
    if scheme in ("http", "https", "mailto", "tel"):
        return address
    return f"https://{address}" if not scheme and re.match(r"[\w-]+(\.[\w-]+)+", address) else ""


def reduced(html: str) -> str:
    """Return what of ``html`` an email of ours may have; never raises. Empty where no text is in it."""
    parser = _Reducer()
    parser.feed(html[:MAX_SOURCE])
    parser.close()
    return parser.result()


def to_text(html: str) -> str:
    """Return reduced HTML as plain text: lists with dashes or numbers, links with their address."""
    parser = _Plain()
    parser.feed(reduced(html))
    parser.close()
    return "".join(parser.parts).strip("\n")


class _Reducer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []  # inline elements of the block, outermost first
        self._lists: list[str] = []
        self._block = ""  # p or li, empty between blocks
        self._silent = 0
        self._has_text = False

    def result(self) -> str:
        self._end_block()
        while self._lists:
            self._out.append(f"</{self._lists.pop()}>")
        return "".join(self._out) if self._has_text else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self._out.append("<br>" if self._block else "")
        elif tag in _LISTS and len(self._lists) < 5:
            self._end_block()
            self._lists.append(tag)
            self._out.append(f"<{tag}>")
        elif tag == "li" and self._lists:
            self._start_block("li")
        elif tag in _BREAKERS and not self._lists:
            self._end_block()
        elif tag in _SAME:
            self._start_inline(_SAME[tag], f"<{_SAME[tag]}>")
        elif tag == "a":
            address = link_address(dict(attrs).get("href") or "")
            if address and "a" not in self._open:
                self._start_inline("a", f'<a href="{escape(address)}">')

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _LISTS and self._lists:
            self._end_block()
            self._out.append(f"</{self._lists.pop()}>")
        elif tag == "li" or (tag in _BREAKERS and not self._lists):
            self._end_block()
        elif tag in _SAME or tag == "a":
            self._end_inline(_SAME.get(tag, "a"))

    def handle_data(self, data: str) -> None:
        text = _SPACE.sub(" ", data)
        if self._silent or not text or (not self._block and not text.strip()):
            return
        if not self._block:
            self._start_block("li" if self._lists else "p")
            text = text.lstrip(" ")
        self._has_text = self._has_text or bool(text.strip())
        self._out.append(escape(text, quote=False))

    def _start_block(self, kind: str) -> None:
        self._end_block()
        self._block = kind
        self._out.append(f"<{kind}>")

    def _end_block(self) -> None:
        if self._block:
            self._out += [f"</{name}>" for name in reversed(self._open)]
            self._out.append(f"</{self._block}>")
        self._open, self._block = [], ""

    def _start_inline(self, name: str, opening: str) -> None:
        if name in self._open or len(self._open) > 8:
            return
        if not self._block:
            self._start_block("li" if self._lists else "p")
        self._open.append(name)
        self._out.append(opening)

    def _end_inline(self, name: str) -> None:
        if name not in self._open:
            return
        while self._open:
            last = self._open.pop()
            self._out.append(f"</{last}>")
            if last == name:
                return


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._lists: list[int | None] = []
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.parts.append("\n")
        elif tag in _LISTS:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li" and self._lists:
            self.parts.append("  " * (len(self._lists) - 1) + self._mark())
        elif tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self.parts))

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self.parts.append("\n\n")
        elif tag == "li":
            self.parts.append("\n")
        elif tag in _LISTS and self._lists:
            self._lists.pop()
            self.parts.append("" if self._lists else "\n")
        elif tag == "a" and self._link is not None:
            address, start = self._link
            words = "".join(self.parts[start:])
            if words not in (address, address.removeprefix("mailto:"), address.removeprefix("https://")):
                self.parts.append(f" ({address})")
            self._link = None

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def _mark(self) -> str:
        count = self._lists[-1]
        if count is None:
            return "- "
        self._lists[-1] = count + 1
        return f"{count + 1}. "
