"""Telling what a person wrote from the history under it, in plain text.

Rules by line, each line looked at a bounded number of times. Nothing is cut: what is not shown first is
handed back as history. Answers between quoted lines are the person's own words, and keep the quotes that they
answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentdesk_connectors.email import limits
from agentdesk_connectors.email.quote_words import (
    DEVICE,
    FROM_LABEL,
    OPENER,
    OTHER_LABEL,
    SEPARATOR,
    WROTE,
)

_STAMP = re.compile(
    r"\d{1,2}\s?[:.h時点]\s?\d\d|\b(?:19|20)\d\d\b|[^\s@<>]{1,64}@[^\s@<>]{1,64}|<[^<>]{0,99}>|"
    r"\d{1,2}/\d{1,2}/\d\d"
)
_DATED_NAME = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}[ ,T]")
_DATED_END = re.compile(r"(?:GMT|UTC)[+-]?\d|<[^<>]{3,200}>:?$|\d\d:\d\d")
_RULE = re.compile(r"\A[\s*>]{0,20}+[-_–—=]{5,200}+\*?\s{0,9}$")
_ENDS = (":", "：", "----", ":*", ": ", "︰")
_RULES = ("-", "_", "–", "—", "=", ">")
_LINE_CHARS = 1_000  # no announcement of history is longer
_MARKS = frozenset("-*#~=_+ᐧ—– ")
_SIGNATURE_LINES = 15
_ATTRIBUTION_LINES = 6
_HEADER_BLOCK_LINES = 8


@dataclass(frozen=True, slots=True)
class Split:
    """A text in two: ``own`` is what the person wrote, ``history`` the rest in its original order."""

    own: str
    history: str = ""


def split(text: str) -> Split:
    """Return ``text`` without the blank lines around it, the history apart. Linear in the length."""
    lines = [line.rstrip() for line in text.split("\n")]
    lines = lines[_first_written(lines) :]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return Split("")
    own_at = [(0, len(lines))]
    if len(lines) <= limits.QUOTE_LINES:
        own_at = [_own_range(lines)]
    begin, end = own_at[0]
    end = _before_signature(lines, begin, end)
    own = _joined(lines[begin:end])
    if not own:
        return Split(_joined(lines))
    history = [_joined(lines[:begin]), _joined(lines[end:])]
    return Split(own, "\n\n".join(piece for piece in history if piece))


def is_separator(line: str) -> bool:
    """Say whether ``line`` announces an earlier message: ``-----Original Message-----`` in any language."""
    return SEPARATOR.match(line) is not None


def begins_header_block(line: str) -> bool:
    """Say whether ``line`` begins with a name for the sender (``From:``), as in a copied header."""
    return FROM_LABEL.match(line.strip() + " x") is not None


def is_attribution(text: str) -> bool:
    """Say whether ``text`` as a whole says who wrote what follows, and when."""
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    if not lines or len(lines) > _ATTRIBUTION_LINES or sum(map(len, lines)) > 600:
        return False
    joined = " ".join(lines)
    if joined.endswith(_ENDS) and WROTE.search(joined) and _STAMP.search(joined):
        return True
    return is_separator(joined) or _is_dated_name(joined)


def _first_written(lines: list[str]) -> int:
    for index, line in enumerate(lines):
        if line:
            return index
    return len(lines)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n")


def _is_quoted(line: str) -> bool:
    return line.lstrip(" ")[:1] == ">"


def _own_range(lines: list[str]) -> tuple[int, int]:
    """Return which lines are the person's own: from, to."""
    found = _history_start(lines)
    if found is None:
        return 0, _before_trailing_quote(lines, len(lines))
    start, after, named = found
    above = any(lines[:start])
    following = next((i for i in range(after, len(lines)) if lines[i]), len(lines))
    if following == len(lines):
        return (0, start) if above else (0, len(lines))
    if not _is_quoted(lines[following]):
        if above:
            return 0, start
        return (following, len(lines)) if named else (0, len(lines))
    return _around_quote(lines, start, following, above)


def _around_quote(lines: list[str], start: int, first: int, above: bool) -> tuple[int, int]:
    """Decide about a named quote that begins at ``first``: folded where no answers stand below or in it."""
    block_end = _end_of_quote(lines, first)
    below = _before_signature(lines, block_end, len(lines))
    if not any(lines[block_end:below]):
        return (0, start) if above else (0, len(lines))
    if above or any(_is_quoted(line) for line in lines[block_end:below]):
        return 0, _before_trailing_quote(lines, len(lines))
    return block_end, len(lines)


def _end_of_quote(lines: list[str], first: int) -> int:
    """Return where the quoted lines from ``first`` on end; blank and wrongly wrapped lines are among them."""
    end = first
    for i in range(first, len(lines)):
        if _is_quoted(lines[i]):
            end = i + 1
        elif lines[i] and not (_is_wrapped(lines, i)):
            break
    return end


def _is_wrapped(lines: list[str], i: int) -> bool:
    """A line that a program broke off a long quoted one: it stands right between two quoted lines."""
    return (
        i + 1 < len(lines)
        and _is_quoted(lines[i + 1])
        and _is_quoted(lines[i - 1])
        and len(lines[i - 1]) > 60
    )


def _before_trailing_quote(lines: list[str], end: int) -> int:
    """Return where the quoted lines at the very end begin, with the line that names their author."""
    bottom = _before_signature(lines, 0, end)
    while bottom and not lines[bottom - 1]:
        bottom -= 1
    top = bottom
    while top and (
        not lines[top - 1] or _is_quoted(lines[top - 1]) or (top < bottom and _is_wrapped(lines, top - 1))
    ):
        top -= 1
    if top == bottom or not any(_is_quoted(line) for line in lines[top:bottom]) or not any(lines[:top]):
        return end
    while not lines[top]:
        top += 1
    above = top - 1
    while above > 0 and not lines[above]:
        above -= 1
    if lines[above].endswith(_ENDS) and _STAMP.search(lines[above]) and any(lines[:above]):
        return above
    return top


def _history_start(lines: list[str]) -> tuple[int, int, bool] | None:
    """Return the first line of the history, the first after its announcement, and whether the announcement
    only names an author (rather than enclosing a whole message)."""
    for i, line in enumerate(lines):
        if not line or len(line) > _LINE_CHARS:
            continue
        ends = line.endswith(_ENDS)
        if _is_quoted(line):
            found = _attribution_until(lines, i) if ends and _is_torn_attribution(lines, i) else None
        elif (ends or line.lstrip(" *")[:1] in _RULES) and SEPARATOR.match(line):
            return i, i + 1, False
        elif _has_colon(line) and FROM_LABEL.match(line) and _is_header_block(lines, i):
            return _with_rule(lines, i), i + 1, False
        elif line[0].isdigit() and _is_dated_name(" ".join(lines[i : i + 2])):
            return i, i + (1 if _is_dated_name(line) and not line.endswith("<") else 2), True
        else:
            found = _attribution_until(lines, i) if ends else None
        if found is not None:
            return *found, True
    return None


def _has_colon(line: str) -> bool:
    return ":" in line[:40] or "：" in line[:40]


def _is_torn_attribution(lines: list[str], i: int) -> bool:
    """``> wrote:`` alone on its line, where the ``>`` closes an address that begins further up."""
    return i > 0 and len(lines[i]) < 40 and lines[i].endswith(_ENDS) and not _is_quoted(lines[i - 1])


def _is_dated_name(text: str) -> bool:
    """``2013/7/20 Some One <a@b>`` and ``2016-03-03 17:21 GMT+01:00 Some One``."""
    text = text.strip()
    return len(text) < 200 and _DATED_NAME.match(text) is not None and _DATED_END.search(text) is not None


def _is_header_block(lines: list[str], i: int) -> bool:
    following = [line for line in lines[i + 1 : i + 1 + _HEADER_BLOCK_LINES] if line]
    return sum(1 for line in following if OTHER_LABEL.match(line)) >= 2


def _with_rule(lines: list[str], i: int) -> int:
    """A copied header begins at the rule above it, if there is one."""
    above = i - 1
    while above > 0 and not lines[above]:
        above -= 1
    return above if above > 0 and _RULE.match(lines[above]) else i


def _attribution_until(lines: list[str], end: int) -> tuple[int, int] | None:
    """Return from and to of the attribution (who wrote, and when) that ends with line ``end``."""
    word = next((j for j in range(end, max(end - 3, -1), -1) if not lines[j] or WROTE.search(lines[j])), -1)
    if word < 0 or not lines[word]:
        return None
    start = None
    for j in range(word, max(word - _ATTRIBUTION_LINES, -1), -1):
        if OPENER.match(lines[j]) and _STAMP.search(" ".join(lines[j : end + 1])):
            start = j
            break
    if start is None and not _is_quoted(lines[word]) and _STAMP.search(" ".join(lines[word : end + 1])):
        start = word
    if start is None or sum(map(len, lines[start : end + 1])) > 600:
        return None
    return start, end + 1


def _before_signature(lines: list[str], begin: int, end: int) -> int:
    """Return where the signature at the end of ``lines[begin:end]`` begins: after ``-- ``, or by a device."""
    low = max(begin, end - _SIGNATURE_LINES - 1)
    for i in range(end - 1, low - 1, -1):
        if lines[i].strip() in ("--", "—", "––", "– –"):
            end = i
            break
    while end > begin and (not lines[end - 1] or _is_ornament(lines[end - 1]) or _is_device(lines[end - 1])):
        end -= 1
    return end


def _is_ornament(line: str) -> bool:
    return len(line) < 200 and not set(line.strip()) - _MARKS


def _is_device(line: str) -> bool:
    return len(line) < 200 and DEVICE.match(line) is not None
