"""Where the history begins in an HTML mail, by the marks that mail programs leave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from agentdesk_connectors.email import quotes

_CONTAINER = re.compile(
    r"\b(?:x_)*(?:gmail_(?:quote|attr)|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|moz-cite-prefix|"
    r"moz-forward-container|OutlookMessageHeader|front-blockquote|blockquote_zmail|hey_quote|gmx_quote|mailbird-quote|"
    r"ms-outlook-mobile-reference-message|mail-editor-reference-message-container|history_container|skype-quote)"
)
_REST = re.compile(
    r"^(?:x_)*(?:divRplyFwdMsg|OLK_SRC_BODY_SECTION|replySplit|isForwardContent|isReplyContent)"
)
_SIGNATURE = re.compile(r"\b(?:x_)*(?:gmail_signature|moz-signature|protonmail_signature_block)")
_RULE_ABOVE = re.compile(r"border-top:\s*(?:solid|#|[1-9])|border-top:[^;]*solid")
_BLOCKS = frozenset(["p", "div", "tr", "td", "li", "blockquote", "table", "h1", "h2", "h3", "h4", "pre"])
_TAIL = 600  # characters of a block that can be an attribution

Open = tuple[str, str]
"""An open element: its start and end tag as written."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A place between two written pieces, with the elements open there."""

    index: int
    open: tuple[Open, ...]


class QuoteFinder:
    """Follows the pieces as they are written, and decides at the end what to fold.

    Answers written between quotes are never folded away: history is folded where nothing of the person's own
    follows it, or where it stands alone above all that they wrote.
    """

    def __init__(self) -> None:
        self._open: list[Open] = []
        self._own = False  # own text before the history
        self._own_after = False
        self._first: _Place | None = None
        self._first_end: _Place | None = None
        self._quotes = 0
        self._rest = False
        self._inside = 0  # depth of the outermost quoting element that we are in
        self._answers_from = 0  # inside it: depth below which text after its first blockquote is an answer
        self._signature = 0
        self._block = _Place(0, ())
        self._own_at_block = False
        self._tail = ""
        self._ruled: _Place | None = None

    def open_element(
        self, name: str, attributes: dict[str, str], opening: str, closing: str, index: int
    ) -> None:
        """An element begins at ``index``."""
        depth = len(self._open) + 1
        if not self._rest:
            if attributes:
                self._look(name, attributes, index, depth)
            if name == "blockquote" and not self._inside:
                self._bare_blockquote(index, depth)
            if name in _BLOCKS:
                self._new_block(index)
        self._open.append((opening, closing))

    def close_element(self, name: str, index: int) -> None:
        """The innermost element ends; ``index`` is behind its end tag."""
        depth = len(self._open)
        self._open.pop()
        if self._signature == depth:
            self._signature = 0
        if self._inside:
            if name == "blockquote" and depth >= self._inside and not self._answers_from:
                self._answers_from = depth
            if self._inside == depth:
                self._inside = self._answers_from = 0
                if not self._rest:
                    self._first_end = self._place(index)
        if len(self._block.open) > len(self._open):
            self._block = _Place(self._block.index, self._block.open[: len(self._open)])
            self._block_closed = True

    def line_break(self, index: int) -> None:
        """A line break stands before ``index``."""
        if not self._rest:
            self._new_block(index)

    def text(self, text: str, index: int) -> None:
        """Text is written at ``index``."""
        if self._rest or _is_blank(text):
            return
        if self._ruled is not None:
            self._begin_rest(self._ruled) if quotes.begins_header_block(unescape(text[:_TAIL])) else None
            self._ruled = None
        elif text.lstrip()[:1] in "-_—*" and quotes.is_separator(unescape(text[:_TAIL]).strip()):
            self._begin_rest(self._block)
        if not self._rest:
            self._count(text)

    def split(self, out: list[str]) -> tuple[str, str]:
        """Return the person's own HTML and the history, each with its elements opened and closed."""
        first = self._first
        if first is None or (not self._own and not self._own_after):
            return "".join(out), ""
        if not self._own_after:
            own = "".join(out[: first.index]) + _closed(first)
            return own, _opened(first) + "".join(out[first.index :])
        end = self._first_end
        if self._own or self._quotes > 1 or end is None:
            return "".join(out), ""
        return _opened(end) + "".join(out[end.index :]), "".join(out[: end.index]) + _closed(end)

    def picture(self) -> None:
        """A picture counts as something written."""
        if not self._rest:
            self._count("x")
            self._tail = ""

    def _count(self, text: str) -> None:
        if len(self._tail) < _TAIL:
            self._tail += text[:_TAIL]
        if self._signature:
            return
        if self._inside:
            if self._answers_from and len(self._open) < self._answers_from:
                self._own_after = True
        elif self._first is None:
            self._own = True
        else:
            self._own_after = True

    def _look(self, name: str, attributes: dict[str, str], index: int, depth: int) -> None:
        marks = f"{attributes.get('class', '')} {attributes.get('id', '')}"
        if _SIGNATURE.search(marks):
            self._signature = self._signature or depth
        elif _REST.match(attributes.get("id", "")) or _REST.match(attributes.get("name", "")):
            self._begin_rest(self._place(index))
        elif not self._inside and (_CONTAINER.search(marks) or _is_quote_attribute(name, attributes)):
            self._begin_quote(self._attributed(index), depth)
        elif name == "div" and "border-top" in attributes.get("style", "") and not self._inside:
            self._ruled = self._place(index) if _RULE_ABOVE.search(attributes["style"]) else None

    def _bare_blockquote(self, index: int, depth: int) -> None:
        place = self._attributed(index)
        if place.index != index:
            self._begin_quote(place, depth)

    def _attributed(self, index: int) -> _Place:
        """Return where a quote at ``index`` begins: at the line above that says who wrote it, if there is one."""
        if self._tail and quotes.is_attribution(unescape(self._tail)):
            self._own = self._own_at_block if self._first is None else self._own
            return self._block
        return self._place(index)

    def _begin_quote(self, place: _Place, depth: int) -> None:
        self._inside = depth
        self._answers_from = 0
        if self._first is None:
            self._first = place
        if not (self._first_end is not None and not self._own_after):
            self._quotes += 1

    def _begin_rest(self, place: _Place) -> None:
        self._rest = True
        if self._first is None:
            self._first = place
            self._own = self._own_at_block if place.index <= self._block.index else self._own

    def _new_block(self, index: int) -> None:
        if self._tail or index != self._block.index:
            self._block = self._place(index)
            self._own_at_block = self._own
            self._tail = ""

    def _place(self, index: int) -> _Place:
        return _Place(index, tuple(self._open))


def _is_quote_attribute(name: str, attributes: dict[str, str]) -> bool:
    if name == "blockquote":
        return attributes.get("type", "").lower() == "cite" or "gmail_quote" in attributes.get("class", "")
    return name == "div" and attributes.get("name", "") == "quote"


def _is_blank(text: str) -> bool:
    return text.isspace() or (
        len(text) < 200 and not text.replace("&nbsp;", "").strip(" \t\r\n\u200b\u200c\ufeff")
    )


def _opened(place: _Place) -> str:
    return "".join(opening for opening, _ in place.open)


def _closed(place: _Place) -> str:
    return "".join(closing for _, closing in reversed(place.open))
