"""The second wall before mail reaches Qt: HTML is rebuilt from an allow-list, within limits of layout time.

The server has cleaned it already; a desk shows nothing on trust. After this no attribute is left that Qt
could follow to a file or a host by itself: pictures are ``cid:`` of the same message, or ``remote:`` with a
number once a person has asked for them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from agentdesk.base.html_tags import KEPT_TAGS

__all__ = ["Guarded", "guarded", "text_as_html"]

MAX_TEXT = 200_000
MAX_SOURCE = 600_000
MAX_DEPTH = 40
MAX_TABLES = 6
MAX_ROWS = 500
MAX_PICTURES = 40
UNBROKEN = 2_000

_VOID = frozenset({"br", "hr", "img"})
_SILENT = frozenset({"script", "style", "title", "head", "template", "object", "svg", "math", "noscript"})
_TABLE = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"})
_NUMBERS = frozenset({"colspan", "rowspan", "start"})
_WORDS = {
    "dir": frozenset({"ltr", "rtl", "auto"}),
    "align": frozenset({"left", "right", "center", "justify"}),
}
_STYLE = re.compile(
    r"(?:^|;)\s*(font-weight:\s*(?:bold|[5-9]00)|font-style:\s*italic|text-decoration:\s*(?:underline|line-through)"
    r"|text-align:\s*(?:left|right|center|justify))\s*(?=;|$)",
    re.IGNORECASE,
)
_LONG_RUN = re.compile(rf"\S{{{UNBROKEN}}}")
_WEB = re.compile(
    r"https?://[^\s<>\"'`]{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", re.IGNORECASE
)
_TRAILING = ".,;:!?)]}»”"


@dataclass(slots=True)
class Guarded:
    """HTML for Qt.

    ``remote`` are the addresses of pictures elsewhere in their order, ``links`` the words shown for each
    address; ``cut`` says that the end is missing.
    """

    html: str = ""
    remote: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def guarded(source: str, content_ids: Collection[str], loaded: Collection[int] = ()) -> Guarded:
    """Return ``source`` as Qt may have it.

    ``content_ids`` name the pictures of this message that can be shown, ``loaded`` the numbers of remote
    pictures that have been fetched; all others become their alternative text. Never raises.
    """
    parser = _Parser(content_ids, loaded, lines="<th" in source[:MAX_SOURCE])
    parser.found.cut = len(source) > MAX_SOURCE
    parser.feed(source[:MAX_SOURCE])
    parser.close()
    parser.finish()
    return parser.found


def text_as_html(text: str) -> Guarded:
    """Return plain text as HTML: a paragraph per blank line, breaks kept, addresses made links."""
    found = Guarded(cut=len(text) > MAX_TEXT)
    text = text[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    blocks = re.split(r"\n{2,}", text.strip("\n"))
    found.html = "".join(f"<p>{_with_links(block, found)}</p>" for block in blocks if block)
    return found


def _with_links(text: str, found: Guarded) -> str:
    parts: list[str] = []
    end = 0
    for match in _WEB.finditer(text):
        shown = match[0].rstrip(_TRAILING)
        href = shown if "://" in shown else f"mailto:{shown}"
        found.links.setdefault(href, shown)
        parts += [_lines(text[end : match.start()]), f'<a href="{escape(href)}">{_lines(shown)}</a>']
        end = match.start() + len(shown)
    return "".join([*parts, _lines(text[end:])])


def _lines(text: str) -> str:
    broken = _LONG_RUN.sub(lambda match: match[0] + "\u200b", text)
    kept = escape(broken).replace("  ", "\u00a0 ").replace("\t", "\u00a0 \u00a0 ")
    return kept.replace("\n", "<br>")


class _Parser(HTMLParser):
    """One pass; ``found`` is the outcome."""

    def __init__(self, content_ids: Collection[str], loaded: Collection[int], *, lines: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Guarded()
        self._ids, self._loaded = content_ids, loaded
        self._table_start = (
            '<table border="1" cellspacing="0" cellpadding="5">' if lines else '<table cellpadding="2">'
        )
        self._out: list[str] = []
        self._stack: list[tuple[str, str]] = []
        self._silent = 0
        self._tables = self._rows = self._pictures = self._written = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif not self._silent and tag in KEPT_TAGS:
            self._start(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
            return
        if tag in _VOID or not any(name == tag for name, _ in self._stack):
            return
        while self._stack:
            name, closing = self._stack.pop()
            self._close(name, closing)
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        room = MAX_TEXT - self._written
        if self._silent or room <= 0:
            self.found.cut = self.found.cut or (room <= 0 and not data.isspace())
            return
        if len(data) > room:
            data, self.found.cut = data[:room], True
        self._written += len(data)
        if self._link and len(self.found.links[self._link]) < 300:
            self.found.links[self._link] += data
        self._out.append(escape(_LONG_RUN.sub(lambda match: match[0] + "\u200b", data)))

    def finish(self) -> None:
        """Close what is open."""
        while self._stack:
            self._close(*self._stack.pop())
        self.found.html = "".join(self._out)

    def _start(self, tag: str, attrs: dict[str, str]) -> None:
        if tag == "img":
            self._picture(attrs)
            return
        if tag in _VOID:
            self._out.append(f"<{tag}>")
            return
        opening, closing = self._tags(tag, attrs)
        self._stack.append((tag, closing))
        self._out.append(opening)

    def _tags(self, tag: str, attrs: dict[str, str]) -> tuple[str, str]:
        """Return start and end tag; beyond a limit nothing, so that only the text stays."""
        self._tables += tag == "table"
        self._rows += tag == "tr"
        too_deep = len(self._stack) >= MAX_DEPTH
        if tag in _TABLE and (too_deep or self._tables > MAX_TABLES or self._rows > MAX_ROWS):
            return ("<br>", "") if tag == "tr" else (" ", "")
        if too_deep:
            return "", ""
        if tag == "table":
            return self._table_start, "</table>"
        if tag == "a":
            return self._anchor(attrs.get("href", ""))
        return f"<{tag}{_kept(attrs)}>", f"</{tag}>"

    def _anchor(self, href: str) -> tuple[str, str]:
        href = href.strip()[:4_000]
        if not href or self._link:
            return "", ""
        self._link = href
        self.found.links.setdefault(href, "")
        return f'<a href="{escape(href)}">', "</a>"

    def _close(self, tag: str, closing: str) -> None:
        self._tables -= tag == "table"
        if tag == "a" and closing:
            self._link = ""
        self._out.append(closing)

    def _picture(self, attrs: dict[str, str]) -> None:
        self._pictures += 1
        source = attrs.get("src", "").strip()
        content_id = source[4:] if source[:4].lower() == "cid:" else ""
        away = attrs.get("data-src", "").strip()
        if away[:8].lower().startswith(("http://", "https://")):
            number = len(self.found.remote)
            self.found.remote.append(away)
            source = f"remote:{number}" if number in self._loaded else ""
        else:
            source = f"cid:{content_id}" if content_id and content_id in self._ids else ""
        if source and self._pictures <= MAX_PICTURES:
            size = "".join(
                f' {name}="{attrs[name]}"' for name in ("width", "height") if _small(attrs.get(name))
            )
            self._out.append(f'<img src="{escape(source)}"{size}>')
        elif attrs.get("alt"):
            self._out.append(f"<span>[{escape(attrs['alt'][:200])}]</span>")


def _small(value: str | None) -> bool:
    return value is not None and value.isascii() and value.isdigit() and 0 < int(value[:5]) <= 2_000


def _kept(attrs: dict[str, str]) -> str:
    kept = [f' {name}="{attrs[name]}"' for name in _NUMBERS & attrs.keys() if _small(attrs[name])]
    kept += [f' {name}="{attrs[name].lower()}"' for name in _WORDS.keys() & attrs.keys()
             if attrs[name].lower() in _WORDS[name]]  # fmt: skip
    style = ";".join(_STYLE.findall(attrs.get("style", "")[:500]))
    return "".join(kept) + (f' style="{style}"' if style else "")
