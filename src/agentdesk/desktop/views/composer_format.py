"""Between what is in the editor and the small HTML of our emails; one is exactly the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from PySide6.QtGui import (
    QColor,
    QFont,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextList,
    QTextListFormat,
)

from agentdesk.desktop.theme import theme

__all__ = ["insert_html", "link_format", "list_of", "to_html", "to_plain"]

_Style = QTextListFormat.Style


@dataclass(frozen=True, slots=True)
class _Run:
    """Letters of one look."""

    text: str
    bold: bool = False
    italic: bool = False
    underline: bool = False
    href: str = ""


@dataclass(slots=True)
class _Line:
    """A block of the editor; ``kind`` is p, ul or ol."""

    kind: str = "p"
    runs: list[_Run] = field(default_factory=list)


def to_html(document: QTextDocument) -> str:
    """Return the text with its formatting; empty where it has none."""
    lines = [_line(block) for block in _blocks(document)]
    if not any(line.kind != "p" or any(_is_formatted(run) for run in line.runs) for line in lines):
        return ""
    return "".join(_paragraphs(lines))


def to_plain(document: QTextDocument) -> str:
    """Return the text without formatting: list items with a dash or a number, links with their address."""
    parts: list[str] = []
    number = 0
    for block in _blocks(document):
        line = _line(block)
        number = number + 1 if line.kind == "ol" else 0
        mark = {"ul": "- ", "ol": f"{number}. "}.get(line.kind, "")
        parts.append(mark + "".join(_plain_run(run) for run in line.runs))
    return "\n".join(parts)


def insert_html(cursor: QTextCursor, html: str) -> None:
    """Put the small HTML in at ``cursor``, in place of its selection."""
    parser = _Reader()
    parser.feed(html)
    parser.close()
    cursor.beginEditBlock()
    cursor.removeSelectedText()
    for position, line in enumerate(parser.lines()):
        if position:
            cursor.insertBlock()
        _set_list(cursor, line.kind)
        for run in line.runs:
            cursor.insertText(run.text, _char_format(run))
    cursor.endEditBlock()


def link_format(href: str) -> QTextCharFormat:
    """Return how a link looks in the editor."""
    return _char_format(_Run("", href=href))


def list_of(cursor: QTextCursor) -> QTextList | None:
    """Return the list that the line of ``cursor`` is in."""
    return cursor.currentList()


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _line(block: QTextBlock) -> _Line:
    line = _Line()
    of_list = block.textList()
    if of_list is not None:
        line.kind = "ol" if of_list.format().style() == _Style.ListDecimal else "ul"
    fragments = block.begin()
    while not fragments.atEnd():
        fragment = fragments.fragment()
        look = fragment.charFormat()
        href = look.anchorHref()
        line.runs.append(
            _Run(
                fragment.text().replace("\u2028", "\n").replace("\ufffc", ""),
                look.fontWeight() >= QFont.Weight.DemiBold,
                look.fontItalic(),
                look.fontUnderline() and not href,
                href,
            )
        )
        fragments += 1
    return line


def _is_formatted(run: _Run) -> bool:
    return run.bold or run.italic or run.underline or bool(run.href)


def _paragraphs(lines: list[_Line]) -> Iterator[str]:
    """A blank line ends a paragraph; further blank lines stay in the paragraph that follows or precedes."""
    position = 0
    while position < len(lines):
        kind = lines[position].kind
        end = position
        while end < len(lines) and lines[end].kind == kind:
            end += 1
        run = lines[position:end]
        if kind == "p":
            yield from _text_paragraphs([_html_line(line) for line in run])
        else:
            items = "".join(f"<li>{_html_line(line)}</li>" for line in run)
            yield f"<{kind}>{items}</{kind}>"
        position = end


def _text_paragraphs(lines: list[str]) -> Iterator[str]:
    current: list[str] = []
    for position, line in enumerate(lines):
        more = any(lines[position + 1 :])
        if not line and more and any(current):
            yield f"<p>{'<br>'.join(current)}</p>"
            current = []
        else:
            current.append(line)
    yield f"<p>{'<br>'.join(current)}</p>"


def _html_line(line: _Line) -> str:
    return "".join(_html_run(run) for run in line.runs)


def _html_run(run: _Run) -> str:
    text = escape(run.text, quote=False).replace("\n", "<br>")
    if run.underline:
        text = f"<u>{text}</u>"
    if run.italic:
        text = f"<em>{text}</em>"
    if run.bold:
        text = f"<strong>{text}</strong>"
    return f'<a href="{escape(run.href)}">{text}</a>' if run.href else text


def _plain_run(run: _Run) -> str:
    if not run.href or run.text in (run.href, run.href.removeprefix("mailto:"), run.href[8:]):
        return run.text
    return f"{run.text} ({run.href})"


def _char_format(run: _Run) -> QTextCharFormat:
    look = QTextCharFormat()
    if run.bold:
        look.setFontWeight(QFont.Weight.Bold)
    look.setFontItalic(run.italic)
    look.setFontUnderline(run.underline or bool(run.href))
    if run.href:
        look.setAnchor(True)
        look.setAnchorHref(run.href)
        look.setForeground(QColor(theme().color("accent.text")))
    return look


def _set_list(cursor: QTextCursor, kind: str) -> None:
    current = list_of(cursor)
    if kind == "p":
        if current is not None:
            current.remove(cursor.block())
            plain = cursor.blockFormat()
            plain.setIndent(0)
            cursor.setBlockFormat(plain)
        return
    style = _Style.ListDecimal if kind == "ol" else _Style.ListDisc
    if current is None or current.format().style() != style:
        cursor.createList(style)


class _Reader(HTMLParser):
    """Reads the small HTML into lines of the editor."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[_Line] = []
        self._list = "p"
        self._bold = self._italic = self._underline = 0
        self._href = ""
        self._after_paragraph = False

    def lines(self) -> list[_Line]:
        """All lines; at least one."""
        return self._lines or [_Line()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "p":
            if self._after_paragraph:
                self._lines.append(_Line())
            self._lines.append(_Line())
            self._after_paragraph = False
        elif tag in ("ul", "ol"):
            self._list, self._after_paragraph = tag, False
        elif tag == "li":
            self._lines.append(_Line(self._list))
        elif tag == "br":
            self._lines.append(_Line(self._lines[-1].kind if self._lines else "p"))
        else:
            self._inline(tag, dict(attrs).get("href") or "", 1)

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._after_paragraph = True
        elif tag in ("ul", "ol"):
            self._list = "p"
        else:
            self._inline(tag, "", -1)

    def handle_data(self, data: str) -> None:
        if not self._lines:
            self._lines.append(_Line())
        looks = (bool(self._bold), bool(self._italic), bool(self._underline))
        self._lines[-1].runs.append(_Run(data, *looks, self._href))

    def _inline(self, tag: str, href: str, by: int) -> None:
        if tag == "strong":
            self._bold += by
        elif tag == "em":
            self._italic += by
        elif tag == "u":
            self._underline += by
        elif tag == "a":
            self._href = href
