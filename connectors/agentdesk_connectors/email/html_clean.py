"""HTML of strangers, made safe to show (the allow-list of the interface's specification, section 22.5).

Three steps: :mod:`html_tame` bounds the cost, ``nh3`` (ammonia, a real HTML parser) removes everything but an
allow-list, and :class:`_Rebuild` goes once over its well-formed output to apply what is ours: limits of
nesting, hidden text, pictures, and where the history begins.

Pictures: ``src`` holds ``cid:`` and the Content-ID of a file of this very message, or nothing. A picture on
another server keeps its ``https`` address in ``data-src``, which no viewer loads; the server may fetch it
when an agent asks, and put a ``cid:`` into ``src``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from html import escape, unescape
from itertools import accumulate
from urllib.parse import unquote

import nh3

from agentdesk.base.html_tags import KEPT_TAGS
from agentdesk_connectors.email import html_tags, html_tame, limits
from agentdesk_connectors.email.html_quotes import Mark, Open, QuoteFinder

_ATTRIBUTES = {
    "*": {"style", "class", "id", "dir", "name"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "p": {"align"},
    "div": {"align"},
    "blockquote": {"type"},
    "ol": {"type", "start"},
}
_STYLES_READ = {
    "display", "visibility", "max-height", "opacity", "font-size", "width", "height", "border-top", "border",
    "font-weight", "font-style", "text-decoration", "text-align",
}  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags=set(KEPT_TAGS | html_tags.AS_DIV),
    clean_content_tags={
        "script",
        "style",
        "title",
        "template",
        "object",
        "svg",
        "math",
        "head",
        "noembed",
        "noframes",
        "iframe",
    },
    attributes=_ATTRIBUTES,
    link_rel=None,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
    filter_style_properties=_STYLES_READ,
)
_TAG = re.compile(r'<(/?)([a-z0-9]+)((?: [a-z-]+="[^"]*")*)>')
_WITH_ATTRIBUTES = re.compile(r'<([a-z0-9]+)((?: [a-z-]+="[^"]*")+)>')
_FEW_STARTS = 60  # different start tags; most mails have under ten
_NESTING = re.compile(r"<(/?)(?!br>|hr>)[a-z]")
_STEP = {"": 1, "/": -1}
_LONG_TEXT = re.compile(f"[^<]{{{limits.UNBROKEN_CHARS}}}")
_NEEDS_REBUILD = (
    "<img",
    "<blockquote",
    "--",
    "__",
    "**",
    "—",
    "–",
    *(f"<{name}" for name in html_tags.AS_DIV),
)
"""Pictures, quotes, rules before history, and elements that are written under another name."""
_VOID = frozenset({"br", "hr", "img"})
_BLOCKS = frozenset(["p", "div", "tr", "td", "li", "blockquote", "table", "h1", "h2", "h3", "h4", "pre"])
_TABLE_PARTS = frozenset(["table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"])
_LONG_RUN = re.compile(rf"(?:[^\s&]|&[a-z]{{2,4}};){{{limits.UNBROKEN_CHARS}}}")
_BREAK = "\u200b"


@dataclass(slots=True)
class CleanHtml:
    """HTML to show: ``html`` what the person wrote, ``quoted`` the history folded under it.

    ``cids`` are the Content-IDs that it shows, ``remote_images`` counts the pictures held back, ``cut`` says
    that the end is missing because of its length.
    """

    html: str
    quoted: str = ""
    remote_images: int = 0
    cids: frozenset[str] = frozenset()
    cut: bool = False


def clean(source: str, content_ids: Collection[str]) -> CleanHtml:
    """Return ``source`` made safe. ``content_ids`` are those of this message's files. Never raises."""
    tamed, cut = html_tame.tame(source)
    allowed = _CLEANER.clean(tamed)
    simple = _rewritten(allowed)
    if simple is not None:
        return CleanHtml(simple, cut=cut)
    rebuilt = _Rebuild(allowed, content_ids)
    rebuilt.run()
    html, quoted = rebuilt.split()
    return CleanHtml(html, quoted, rebuilt.remote, frozenset(rebuilt.shown_ids), cut or rebuilt.full)


def _rewritten(source: str) -> str | None:
    """Return sanitised HTML with only its attributes changed, or None where that is not enough.

    For most mail :class:`_Rebuild` would do no more, and this takes a tenth of the time: whole start tags are
    replaced, each kind once.
    """
    if len(source) > limits.HTML_SHOWN_CHARS or any(sign in source for sign in _NEEDS_REBUILD):
        return None
    if source.count("<table") > limits.HTML_TABLE_DEPTH or _LONG_TEXT.search(source) or _is_deep(source):
        return None
    starts = set(_WITH_ATTRIBUTES.findall(source))
    if len(starts) > _FEW_STARTS:
        return None
    for name, attributes in starts:
        written, _, hidden, mark = html_tags.tag(name, attributes)
        if hidden or mark is not Mark.NONE:
            return None
        source = source.replace(f"<{name}{attributes}>", written)  # in text and values every "<" is escaped
    return source


def _is_deep(source: str) -> bool:
    if source.count("</") <= limits.HTML_DEPTH:
        return False
    return max(accumulate(map(_STEP.__getitem__, _NESTING.findall(source)))) > limits.HTML_DEPTH


class _Rebuild:
    """One pass over sanitised HTML, in which every ``<`` begins a well-formed tag."""

    def __init__(self, source: str, content_ids: Collection[str]) -> None:
        self._pieces = _TAG.split(source)
        self._ids = content_ids
        self._out: list[str] = []
        self._names: list[str] = []
        self._open: list[Open] = []  # as written, in step with the names
        self._hidden_at = 0  # depth of the hidden element that we are in, 0 for none
        self._tables = 0
        self._written = 0
        self._images = 0
        self._quotes = QuoteFinder(self._open)
        self.remote = 0
        self.shown_ids: set[str] = set()
        self.full = False

    def run(self) -> None:
        """Go over everything, or until the limit of what is shown."""
        pieces = self._pieces
        self._text(pieces[0])
        for i in range(1, len(pieces), 4):
            name = pieces[i + 1]
            if pieces[i]:
                self._end(name)
            elif name in _VOID:
                self._void(name, pieces[i + 2])
            else:
                self._start(name, pieces[i + 2])
            if pieces[i + 3]:
                self._text(pieces[i + 3])
            if self._written > limits.HTML_SHOWN_CHARS:
                self.full = self.full or i + 4 < len(pieces)
                break
        while self._names:
            self._end(self._names[-1])

    def split(self) -> tuple[str, str]:
        """Return what the person wrote and the history, each well-formed."""
        return self._quotes.split(self._out)

    def _text(self, text: str) -> None:
        if self._hidden_at:
            return
        if len(text) > limits.UNBROKEN_CHARS:
            text = self._within_limits(text)
        self._quotes.text(text)
        self._write(text)

    def _within_limits(self, text: str) -> str:
        room = max(limits.HTML_SHOWN_CHARS - self._written, 0)
        if len(text) > room:
            self.full = True
            text = text[:room]
            entity = text.rfind("&", max(room - 10, 0))
            text = text if entity < 0 or ";" in text[entity:] else text[:entity]
        return _LONG_RUN.sub(lambda m: m[0] + _BREAK, text)

    def _write(self, text: str) -> None:
        self._out.append(text)
        self._written += len(text)

    def _start(self, name: str, attributes: str) -> None:
        opening, closing, hidden, mark = html_tags.tag(name, attributes)
        depth = len(self._names) + 1
        if name == "table":
            self._tables += 1
        if self._tables > limits.HTML_TABLE_DEPTH and name in _TABLE_PARTS:
            opening, closing = ("<br>" if name == "tr" else " "), ""
        elif depth > limits.HTML_DEPTH:
            opening = closing = ""
        if hidden and not self._hidden_at:
            self._hidden_at = depth
        if not self._hidden_at:
            if mark or name in _BLOCKS:
                self._quotes.element(name, mark, len(self._out))
            self._write(opening)
        self._names.append(name)
        self._open.append((opening, closing))

    def _end(self, name: str) -> None:
        if not self._names or self._names[-1] != name:
            return
        depth = len(self._names)
        self._names.pop()
        _, closing = self._open.pop()
        if not self._hidden_at:
            self._write(closing)
            if self._quotes.watching:
                self._quotes.element_ends(name, len(self._out))
        elif self._hidden_at == depth:
            self._hidden_at = 0
        if name == "table":
            self._tables -= 1

    def _void(self, name: str, attributes: str) -> None:
        if self._hidden_at:
            return
        if name == "img":
            self._image(html_tags.attributes_of(attributes))
            return
        self._write(f"<{name}>")
        self._quotes.line_break(len(self._out))

    def _image(self, found: dict[str, str]) -> None:
        """Write a picture of this message, or a place for one elsewhere; tracking pixels vanish."""
        if html_tags.is_pixel(found):
            return
        self._images += 1
        source = unescape(found.get("src", "")).strip() if self._images <= limits.IMAGES else ""
        scheme, _, rest = source.partition(":")
        written = ""
        if scheme.lower() == "cid":
            written = self._own_picture(rest)
        elif scheme.lower() in ("http", "https"):
            self.remote += 1
            written = f' data-src="{escape(source)}"'
        alternative = found.get("alt", "")
        if not written:
            self._text(alternative)
            return
        self._write(f'<img{written} alt="{alternative}"{html_tags.size_of(found)}>')
        self._quotes.picture()

    def _own_picture(self, address: str) -> str:
        content_id = address if address in self._ids else unquote(address)
        if content_id not in self._ids:
            return ""
        self.shown_ids.add(content_id)
        return f' src="cid:{escape(content_id)}"'
