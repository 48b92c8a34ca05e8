"""HTML of strangers, made safe to show (the allow-list of the interface's specification, section 22.5).

Three steps: :mod:`html_tame` bounds the cost, ``nh3`` (ammonia, a real HTML parser) removes everything outside
an allow-list, and :class:`_Rebuild` goes once over its well-formed output to apply what is ours: nesting limits,
hidden text, pictures, and where the history begins.

Pictures: ``src`` holds ``cid:`` and the Content-ID of a file of this very message, or nothing. A picture on
another server keeps its ``https`` address in ``data-src``, which no viewer loads; the server may fetch it when
an agent asks, and put a ``cid:`` into ``src``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import quote, unquote

import nh3

from agentdesk_connectors.email import html_tame, limits
from agentdesk_connectors.email.html_quotes import QuoteFinder

_AS_DIV = frozenset(["address", "section", "article", "header", "footer", "main", "figure", "figcaption"])
_SHOWN = frozenset(
    [
        "p",
        "br",
        "div",
        "span",
        "a",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "strike",
        "del",
        "ins",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "th",
        "img",
        "hr",
        "sub",
        "sup",
        "small",
        "center",
        "dl",
        "dt",
        "dd",
        "tt",
        "kbd",
        "caption",
    ]
)
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
    tags=set(_SHOWN | _AS_DIV),
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
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_VOID = frozenset({"br", "hr", "img"})
_TABLE_PARTS = frozenset(["table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"])
_HIDDEN = re.compile(
    r"display:\s*none|visibility:\s*hidden|max-height:\s*0(?![.1-9])|opacity:\s*0(?:\.0+)?(?:;|$)"
)
_HIDDEN_INLINE = re.compile(r"font-size:\s*[01](?:\.0+)?(?:px|pt|em|%)?(?:;|$)")
_STYLE_KEPT = re.compile(
    r"(?:^|;)\s*((?:font-weight:\s*(?:bold|[5-9]00)|font-style:\s*italic|text-align:\s*(?:left|right|center|justify|start|end)"
    r"|text-decoration:\s*(?:underline|line-through)))\s*(?=;|$)"
)
_TINY = re.compile(r"(?:^|;)\s*(?:width|height):\s*[0-2](?:\.\d+)?(?:px|pt|;|$)")
_NUMBER = re.compile(r"\d{1,4}$")
_LONG_RUN = re.compile(r"(?:[^\s&]|&[a-z]{2,4};){%d}" % limits.UNBROKEN_CHARS)
_MAIL_ATTACH = re.compile(r"(?i)([?&]|&amp;)attach(?:ment)?=[^&]*")
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
    rebuilt = _Rebuild(_CLEANER.clean(tamed), content_ids)
    rebuilt.run()
    html, quoted = rebuilt.split()
    return CleanHtml(html, quoted, rebuilt.remote, frozenset(rebuilt.shown_ids), cut or rebuilt.full)


class _Rebuild:
    """One pass over sanitised HTML, in which every ``<`` begins a well-formed tag."""

    def __init__(self, source: str, content_ids: Collection[str]) -> None:
        self._pieces = _TAG.split(source)
        self._ids = content_ids
        self._out: list[str] = []
        self._stack: list[tuple[str, str]] = []  # name, and the end tag to write
        self._hidden_at = 0  # depth of the hidden element that we are in, 0 for none
        self._tables = 0
        self._written = 0
        self._images = 0
        self._quotes = QuoteFinder()
        self.remote = 0
        self.shown_ids: set[str] = set()
        self.full = False

    def run(self) -> None:
        pieces = self._pieces
        self._text(pieces[0])
        for i in range(1, len(pieces), 4):
            slash, name, attributes, text = pieces[i : i + 4]
            if slash:
                self._end(name)
            else:
                self._start(name, attributes)
            if text:
                self._text(text)
            if self._written > limits.HTML_SHOWN_CHARS:
                self.full = i + 4 < len(pieces)
                break
        while self._stack:
            self._end(self._stack[-1][0])

    def split(self) -> tuple[str, str]:
        """Return what the person wrote and the history, each well-formed."""
        return self._quotes.split(self._out)

    def _text(self, text: str) -> None:
        if self._hidden_at:
            return
        if len(text) > limits.UNBROKEN_CHARS:
            text = _LONG_RUN.sub(lambda m: m[0] + _BREAK, text)
            room = limits.HTML_SHOWN_CHARS - self._written
            if len(text) > room:
                self.full = True
                text = text[: max(room, 0)].rpartition("&")[0] or text[: max(room, 0)]
        self._quotes.text(text, len(self._out))
        self._write(text)

    def _write(self, text: str) -> None:
        self._out.append(text)
        self._written += len(text)

    def _start(self, name: str, attributes: str) -> None:
        if name in _VOID:
            if not self._hidden_at:
                self._void(name, attributes)
            return
        depth = len(self._stack) + 1
        found = dict(_ATTRIBUTE.findall(attributes)) if attributes else {}
        if self._hidden_at == 0 and "style" in found and _is_hidden(name, found["style"]):
            self._hidden_at = depth
        if name == "table":
            self._tables += 1
        opening, closing = self._tags(name, found, depth)
        self._stack.append((name, closing))
        if not self._hidden_at:
            self._quotes.open_element(name, found, opening, closing, len(self._out))
            self._write(opening)

    def _void(self, name: str, attributes: str) -> None:
        if name == "img":
            self._image(dict(_ATTRIBUTE.findall(attributes)))
            return
        self._write(f"<{name}>")
        self._quotes.line_break(len(self._out))

    def _tags(self, name: str, found: dict[str, str], depth: int) -> tuple[str, str]:
        """Return the start and end tag to write: none beyond the limits, the text then stands alone."""
        if name in _TABLE_PARTS and self._tables > limits.HTML_TABLE_DEPTH:
            return ("<br>", "") if name == "tr" else (" ", "")
        if depth > limits.HTML_DEPTH:
            return "", ""
        shown = "div" if name in _AS_DIV else name
        return f"<{shown}{_kept(name, found)}>" if found else f"<{shown}>", f"</{shown}>"

    def _end(self, name: str) -> None:
        if not self._stack or self._stack[-1][0] != name:
            return
        depth = len(self._stack)
        _, closing = self._stack.pop()
        if not self._hidden_at:
            self._write(closing)
            self._quotes.close_element(name, len(self._out))
        if name == "table":
            self._tables -= 1
        if self._hidden_at == depth:
            self._hidden_at = 0

    def _image(self, found: dict[str, str]) -> None:
        """Write a picture of this message, or a place for one elsewhere; tracking pixels vanish."""
        if _is_pixel(found):
            return
        self._images += 1
        alternative = found.get("alt", "")
        if self._images > limits.IMAGES:
            self._write(alternative)
            return
        source = unescape(found.get("src", "")).strip()
        scheme, _, rest = source.partition(":")
        size = "".join(
            f' {key}="{found[key]}"' for key in ("width", "height") if _NUMBER.match(found.get(key, ""))
        )
        if scheme.lower() == "cid":
            content_id = rest if rest in self._ids else unquote(rest)
            if content_id not in self._ids:
                self._write(alternative)
                return
            self.shown_ids.add(content_id)
            self._write(f'<img src="cid:{quote(content_id, safe="@.$+-_=~!")}" alt="{alternative}"{size}>')
        elif scheme.lower() in ("http", "https"):
            self.remote += 1
            self._write(f'<img data-src="{escape(source)}" alt="{alternative}"{size}>')
        else:
            self._write(alternative)
            return
        self._quotes.picture()


def _is_hidden(name: str, style: str) -> bool:
    if _HIDDEN.search(style):
        return True
    return name in ("span", "p", "a", "div") and name != "div" and _HIDDEN_INLINE.search(style) is not None


def _is_pixel(found: dict[str, str]) -> bool:
    if found.get("width", "").strip() in ("0", "1", "2") and found.get("height", "1").strip() in (
        "0",
        "1",
        "2",
    ):
        return True
    style = found.get("style", "")
    return bool(style) and (_TINY.search(style) is not None or _HIDDEN.search(style) is not None)


def _kept(name: str, found: dict[str, str]) -> str:
    """Return the attributes that are shown: links, spans of cells, direction and a few styles."""
    kept: list[str] = []
    for key, value in found.items():
        if key == "href":
            kept.append(f' href="{_MAIL_ATTACH.sub("", value) if value[:7].lower() == "mailto:" else value}"')
        elif (key in ("colspan", "rowspan", "start") and _NUMBER.match(value)) or (
            key in ("dir", "align") and value.isalpha() and value.isascii()
        ):
            kept.append(f' {key}="{value}"')
        elif key == "style":
            style = ";".join(_STYLE_KEPT.findall(value))
            if style:
                kept.append(f' style="{style}"')
    return "".join(kept)
