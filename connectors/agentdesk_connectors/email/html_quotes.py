"""Where the history begins in an HTML mail, by the marks that mail programs leave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from html import unescape

from agentdesk_connectors.email import quotes

_CONTAINER = re.compile(
    r"\b(?:x_)*(?:gmail_(?:quote|attr)|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|"
    r"moz-cite-prefix|"
    r"moz-forward-container|OutlookMessageHeader|front-blockquote|blockquote_zmail|hey_quote|gmx_quote|"
    r"mailbird-quote|"
    r"ms-outlook-mobile-reference-message|mail-editor-reference-message-container|history_container|"
    r"skype-quote)"
)
_REST = re.compile(
    r"^(?:x_)*(?:divRplyFwdMsg|OLK_SRC_BODY_SECTION|replySplit|isForwardContent|isReplyContent)"
)
_SIGNATURE = re.compile(r"\b(?:x_)*(?:gmail_signature|moz-signature|protonmail_signature_block)")
_RULE_ABOVE = re.compile(r"border-top:\s*(?:solid|#|[1-9])|border-top:[^;]*solid")
_RULE_SIGNS = ("-", "_", "—", "*", "–")
_TAIL = 600  # characters of a block that can be an attribution

Open = tuple[str, str]
"""An open element: its start and end tag as written."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A place between two written pieces, with the elements open there."""

    index: int
    open: tuple[Open, ...]


class Mark(StrEnum):
    """What an element tells of history."""

    NONE = ""
    QUOTE = "quote"  # it holds history
    REST = "rest"  # history from here to the end
    RULED = "ruled"  # history to the end, if a copied header follows
    SIGNATURE = "signature"


def mark_of(name: str, attributes: dict[str, str]) -> Mark:
    """Return what the attributes of an element (as sanitised) tell."""
    identity, kind, given = attributes.get("id", ""), attributes.get("class", ""), attributes.get("name", "")
    if identity or kind:
        marks = f"{kind} {identity}"
        if _SIGNATURE.search(marks):
            return Mark.SIGNATURE
        if _REST.match(identity):
            return Mark.REST
        if _CONTAINER.search(marks):
            return Mark.QUOTE
    if name == "blockquote" and attributes.get("type", "").lower() == "cite":
        return Mark.QUOTE
    if given and name in ("div", "span"):
        return Mark.REST if _REST.match(given) else Mark.QUOTE if given == "quote" else Mark.NONE
    style = attributes.get("style", "")
    return Mark.RULED if name == "div" and "border-top" in style and _RULE_ABOVE.search(style) else Mark.NONE


class QuoteFinder:
    """Follows the pieces as they are written, and decides at the end what to fold.

    Answers written between quotes are never folded away: history is folded where nothing of the person's own
    follows it, or where it stands alone above all that they wrote.
    """

    def __init__(self, stack: list[Open]) -> None:
        self.watching = False  # whether the ends of elements are to be told
        self._stack = stack  # the elements open now, kept by the writer
        self._own = False  # own text before the history
        self._own_after = False
        self._own_at_block = False
        self._first: _Place | None = None
        self._first_end: _Place | None = None
        self._quotes = 0
        self._rest = False
        self._inside = 0  # depth of the outermost quoting element that we are in
        self._answers_from = 0  # inside it: depth above which text after its first blockquote is an answer
        self._signature = 0  # depth of the signature that we are in
        self._block = _Place(0, ())
        self._tail = ""
        self._ruled: _Place | None = None

    def element(self, name: str, mark: Mark, index: int) -> None:
        """An element with a mark, or a block, begins at ``index``; it is not yet among the open ones."""
        if self._rest:
            return
        depth = len(self._stack) + 1
        if mark is Mark.SIGNATURE:
            self._signature = self._signature or depth
        elif mark is Mark.REST:
            self._begin_rest(self._place(index))
        elif self._inside:
            pass
        elif mark is Mark.QUOTE:
            self._begin_quote(self._attributed(index), depth)
        elif mark is Mark.RULED:
            self._ruled = self._place(index)
        elif name == "blockquote" and self._names_author():
            self._begin_quote(self._attributed(index), depth)
        self.watching = bool(self._signature or self._inside)
        self.line_break(index)

    def element_ends(self, name: str, index: int) -> None:
        """An element ended; ``index`` is behind its end tag."""
        depth = len(self._stack) + 1
        if self._signature == depth:
            self._signature = 0
        if name == "blockquote" and self._inside and not self._answers_from:
            self._answers_from = depth
        if self._inside == depth:
            self._inside = self._answers_from = 0
            self._first_end = self._first_end if self._rest else self._place(index)
        self.watching = bool(self._signature or self._inside)

    def line_break(self, index: int) -> None:
        """A new line begins at ``index``."""
        if not self._rest and (self._tail or index != self._block.index):
            self._block = self._place(index)
            self._own_at_block = self._own
            self._tail = ""

    def text(self, text: str) -> None:
        """Text is about to be written."""
        if self._rest or _is_blank(text):
            return
        if self._ruled is not None:
            if quotes.begins_header_block(unescape(text[:_TAIL])):
                self._begin_rest(self._ruled)
            self._ruled = None
        elif text.lstrip()[:1] in _RULE_SIGNS and quotes.is_separator(unescape(text[:_TAIL]).strip()):
            self._begin_rest(self._block)
        if not self._rest:
            self._count(text)

    def picture(self) -> None:
        """A picture counts as something written."""
        if not self._rest:
            self._count("")

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

    def _count(self, text: str) -> None:
        if len(self._tail) < _TAIL:
            self._tail += text[:_TAIL]
        if self._signature:
            return
        if self._inside:
            if self._answers_from and len(self._stack) < self._answers_from:
                self._own_after = True
        elif self._first is None:
            self._own = True
        else:
            self._own_after = True

    def _names_author(self) -> bool:
        return bool(self._tail) and quotes.is_attribution(unescape(self._tail))

    def _attributed(self, index: int) -> _Place:
        """Return where a quote at ``index`` begins: at the line above, if that names its author."""
        if not self._names_author():
            return self._place(index)
        if self._first is None:
            self._own = self._own_at_block
        return self._block

    def _begin_quote(self, place: _Place, depth: int) -> None:
        if self._first is None:
            self._first = place
        if self._first_end is None or self._own_after:
            self._quotes += 1
        self._inside = depth
        self._answers_from = 0

    def _begin_rest(self, place: _Place) -> None:
        self._rest = True
        if self._first is None:
            self._first = place
            self._own = self._own_at_block if place.index <= self._block.index else self._own

    def _place(self, index: int) -> _Place:
        return _Place(index, tuple(self._stack))


def _is_blank(text: str) -> bool:
    if text.isspace():
        return True
    return len(text) < 200 and not text.replace("&nbsp;", "").strip(" \t\r\n\u200b\u200c\ufeff\u034f")


def _opened(place: _Place) -> str:
    return "".join(opening for opening, _ in place.open)


def _closed(place: _Place) -> str:
    return "".join(closing for _, closing in reversed(place.open))
