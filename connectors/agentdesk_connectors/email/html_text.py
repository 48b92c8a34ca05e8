"""Plain text from HTML that is already clean, for searching and for mails that bring no text of their own."""

from __future__ import annotations

import re
from html import unescape

_TOKEN = re.compile(r'<(/?)([a-z0-9]+)((?: [a-z-]+="[^"]*")*)>')
_SPACES = re.compile(r"[ \t\r\n\f\u200b]+")
_HREF = re.compile(r' href="([^"]*)"')
_ALT = re.compile(r' alt="([^"]*)"')
_PARAGRAPHS = frozenset(["p", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "dl"])
_LINES = frozenset(["div", "li", "tr", "center", "dt", "dd", "caption"])


def to_text(html: str) -> str:
    """Return the text of cleaned ``html``: paragraphs, list marks, ``>`` before quotations, cells by tabs.

    A link's address follows its text where that does not show it. Costs time in proportion to the length.
    """
    pieces = _TOKEN.split(html)
    writer = _Lines()
    writer.text(pieces[0])
    for i in range(1, len(pieces), 4):
        slash, name, attributes, text = pieces[i : i + 4]
        writer.tag(name, bool(slash), attributes)
        if text:
            writer.text(text)
    return writer.done()


class _Lines:
    """Gathers lines; ``_blank`` is how many line ends the next text needs before it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._depth = 0
        self._preformatted = 0
        self._links: list[tuple[str, int]] = []
        self._lists: list[int] = []

    def text(self, text: str) -> None:
        text = unescape(text)
        if self._preformatted:
            first, *others = text.split("\n")
            self._line.append(first)
            for other in others:
                self._end_line()
                self._line.append(other)
            return
        text = _SPACES.sub(" ", text)
        if not self._line or self._line[-1].endswith((" ", "\t")):
            text = text.lstrip(" ")
        if text:
            self._line.append(text)

    def tag(self, name: str, closing: bool, attributes: str) -> None:
        if name == "br":
            self._end_line()
        elif name in _PARAGRAPHS:
            self._paragraph(name, closing)
        elif name in _LINES:
            self._new_line()
            if name == "li" and not closing:
                self._bullet()
        elif name in ("td", "th") and not closing and self._line:
            self._line.append("\t")
        elif name == "a":
            self._link(closing, attributes)
        elif name == "blockquote":
            self._new_line()
            self._depth += -1 if closing else 1
        elif name == "hr":
            self._new_line()
            self._line.append("-" * 20)
            self._end_line()
        elif name == "img":
            alternative = _ALT.search(attributes)
            self.text(alternative[1] if alternative else "")

    def done(self) -> str:
        self._new_line()
        return "\n".join(self._lines).strip("\n")

    def _paragraph(self, name: str, closing: bool) -> None:
        self._new_line()
        if name in ("ul", "ol"):
            if closing:
                self._lists = self._lists[:-1]
            else:
                self._lists.append(0 if name == "ul" else 1)
        if (
            self._lines
            and self._lines[-1].strip("> ")
            and not (self._lists and closing is False and len(self._lists) > 1)
        ):
            self._lines.append(">" * self._depth)
        if name == "pre":
            self._preformatted += -1 if closing else 1

    def _bullet(self) -> None:
        indent = "  " * max(len(self._lists) - 1, 0)
        number = self._lists[-1] if self._lists else 0
        self._line.append(f"{indent}{number}. " if number else f"{indent}• ")
        if number:
            self._lists[-1] += 1

    def _link(self, closing: bool, attributes: str) -> None:
        if not closing:
            found = _HREF.search(attributes)
            self._links.append((unescape(found[1]) if found else "", len(self._line)))
        elif self._links:
            address, begin = self._links.pop()
            shown = "".join(self._line[begin:]).strip()
            target = address.removeprefix("mailto:").removeprefix("tel:")
            if shown and target and target.rstrip("/") not in shown and shown not in target:
                self._line.append(f" <{target}>")

    def _new_line(self) -> None:
        if self._line:
            self._end_line()

    def _end_line(self) -> None:
        text = "".join(self._line).rstrip(" \t")
        quote = ">" * self._depth
        self._lines.append(f"{quote} {text}" if quote and text else quote or text)
        self._line.clear()
        self._links = [(address, 0) for address, _ in self._links]
