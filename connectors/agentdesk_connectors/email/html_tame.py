"""Bringing big or odd HTML into a form that a sanitiser handles in linear time.

HTML parsers take quadratic time for thousands of nested elements, for thousands of attributes of one tag, and
for formatting elements that are reopened in every block. Only a source that is too small to hurt is passed on
as it is; any other is written anew: every element closed in order, nested within limits, without attributes
that mean nothing to us. This is no sanitiser: its output goes to one.
"""

from __future__ import annotations

import re
from html import unescape

from agentdesk.base.html_tags import KEPT_TAGS
from agentdesk_connectors.email import limits

_SMALL = 16_000  # characters; the worst source of this size costs the sanitiser about 0.03 s
_FEW_TAGS = 2_000
_NAME = re.compile(r"[a-z][a-z0-9]{0,20}", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s/>=]{1,100})(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_BARE_AMPERSAND = re.compile(r"&(?!#?[a-zA-Z0-9]{1,31};)")
_SPACE = re.compile(r"[\s/]+")
_TAG_REST = re.compile(r"[^>]*")
_RAW_TEXT = ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
_RAW_END = {name: re.compile(f"</{name}", re.IGNORECASE) for name in _RAW_TEXT}
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
_KEPT = KEPT_TAGS | frozenset({
    "address", "article", "button", "figcaption", "figure", "font", "footer", "header", "label", "main",
    "section",
})  # fmt: skip
_BLOCKS = frozenset({
    "p", "div", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "table", "hr",
    "center", "dl", "address", "section", "article", "header", "footer", "main", "figure",
})  # fmt: skip
_ENDS = {
    "li": ("li", "p"), "dt": ("dt", "dd", "p"), "dd": ("dt", "dd", "p"), "td": ("td", "th", "p"),
    "th": ("td", "th", "p"), "tr": ("tr", "td", "th", "p"), "tbody": ("tr", "td", "th", "thead", "tbody"),
}  # fmt: skip
_ATTRIBUTES = frozenset({
    "href", "src", "alt", "width", "height", "colspan", "rowspan", "dir", "align", "class", "id",
    "type", "name", "style",
})  # fmt: skip


def tame(source: str) -> tuple[str, bool]:
    """Return HTML that means the same and is cheap to sanitise, and whether its end was cut off."""
    if len(source) <= _SMALL and source.count("<") <= _FEW_TAGS:
        return source, False
    cut = len(source) > limits.HTML_CHARS
    writer = _Writer(source[: limits.HTML_CHARS])
    return writer.run(), cut or writer.full


class _Writer:
    """Reads a source once from left to right and writes balanced tags."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._out: list[str] = []
        self._written = 0
        self._stack: list[str] = []
        self._counts: dict[str, int] = {}
        self._ignored: dict[str, int] = {}
        self.full = False

    def run(self) -> str:
        source, position = self._source, 0
        while position < len(source):
            start = source.find("<", position)
            stop = len(source) if start < 0 else start
            if stop > position:
                self._text(source[position:stop])
            if start < 0:
                break
            position = self._markup(start)
            if self._written > 2 * limits.HTML_SHOWN_CHARS:
                self.full = self.full or position < len(source)
                break
        self._close_to(0)
        return "".join(self._out)

    def _text(self, text: str) -> None:
        room = 2 * limits.HTML_SHOWN_CHARS - self._written
        if len(text) > room:
            self.full = True
            text = text[: max(room, 0)]
        self._write(_BARE_AMPERSAND.sub("&amp;", text))

    def _write(self, text: str) -> None:
        self._out.append(text)
        self._written += len(text)

    def _markup(self, start: int) -> int:
        """Handle what begins with ``<`` at ``start``; return where reading goes on."""
        source = self._source
        if source.startswith("<!--", start):
            return self._after("-->", start + 4)
        following = source[start + 1 : start + 2]
        if following in "!?":
            return self._after(">", start + 1)
        closing = following == "/"
        name_match = _NAME.match(source, start + 1 + closing)
        if name_match is None:
            if closing:
                return self._after(">", start + 1)
            self._write("&lt;")
            return start + 1
        name = name_match[0].lower()
        if closing:
            self._end(name)
            return self._after(">", name_match.end())
        attributes, position = self._attributes(name_match.end())
        if name in _RAW_END:
            return self._raw_text(name, position)
        self._start(name, attributes)
        return position

    def _after(self, mark: str, position: int) -> int:
        found = self._source.find(mark, position)
        return len(self._source) if found < 0 else found + len(mark)

    def _attributes(self, position: int) -> tuple[list[str], int]:
        """Read attributes up to the end of the tag; past the limits they are dropped."""
        begin = position
        kept: list[str] = []
        seen: set[str] = set()
        source = self._source
        while True:
            space = _SPACE.match(source, position)
            match = _ATTRIBUTE.match(source, space.end() if space else position)
            if match is None:
                break
            position = match.end()
            name = match[1].lower()
            if name not in _ATTRIBUTES or name in seen or len(seen) >= limits.HTML_ATTRIBUTES:
                continue
            seen.add(name)
            value = unescape(match[2] or match[3] or match[4] or "")
            if position - begin <= limits.HTML_TAG_CHARS:
                kept.append(f'{name}="{_escaped(value)}"')
        rest = _TAG_REST.match(source, position)
        return kept, (rest.end() if rest else position) + 1

    def _raw_text(self, name: str, position: int) -> int:
        """Skip scripts and the like; what is text to a reader (textarea, xmp) stays."""
        end = _RAW_END[name].search(self._source, position)
        stop = end.start() if end else len(self._source)
        if name in ("textarea", "xmp"):
            self._write(self._source[position:stop].replace("<", "&lt;"))
        return self._after(">", stop)

    def _start(self, name: str, attributes: list[str]) -> None:
        if name not in _KEPT:
            return
        if name not in _VOID:
            for _ in range(3):
                if self._stack and self._stack[-1] in self._ended_by(name):
                    self._close_to(len(self._stack) - 1)
            if len(self._stack) >= limits.HTML_DEPTH + 10:
                self._ignored[name] = self._ignored.get(name, 0) + 1
                return
            self._stack.append(name)
            self._counts[name] = self._counts.get(name, 0) + 1
        self._write(f"<{' '.join((name, *attributes))}>")

    def _ended_by(self, name: str) -> tuple[str, ...]:
        return _ENDS.get(name, ("p",) if name in _BLOCKS else ())

    def _end(self, name: str) -> None:
        if self._ignored.get(name, 0):
            self._ignored[name] -= 1
        elif self._counts.get(name, 0):
            while self._stack[-1] != name:
                self._close_to(len(self._stack) - 1)
            self._close_to(len(self._stack) - 1)

    def _close_to(self, depth: int) -> None:
        while len(self._stack) > depth:
            name = self._stack.pop()
            self._counts[name] -= 1
            self._write(f"</{name}>")


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
