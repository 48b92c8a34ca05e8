"""Cutting the bytes of a mail into its parts (RFC 2046), in one pass forward.

No input makes this fail or go back: unknown, damaged and unfinished structure becomes a part that is read as
text or kept as a file. Enclosed messages (``message/rfc822``) are not opened. The structure found is that of
the standard library's parser, which the tests prove on every mail that both can read.
"""

from __future__ import annotations

import re
from binascii import Error as BinasciiError
from binascii import a2b_qp, a2b_uu
from dataclasses import dataclass, field

from agentdesk_connectors.email import headers, limits, words
from agentdesk_connectors.email.headers import Headers

_BLANK_LINE = re.compile(rb"\n\r?\n")
_FIRST_DELIMITER = re.compile(rb"(?:\A|\n)--([^\s-][^\r\n]{0,200}?)[ \t]*\r?\nContent-", re.IGNORECASE)
_UU_BEGIN = re.compile(rb"\Abegin [0-7]{3,4} [^\r\n]+\r?\n")
_UU_ENCODINGS = ("x-uuencode", "uuencode", "x-uue", "uue")
_MANY_MISSES = 1_000  # lines with two hyphens that are no delimiters; a text has a few
TOO_DEEP = "application/x-agentdesk-unopened"
"""The type given to a part that is nested more deeply than we open."""


@dataclass(slots=True)
class Part:
    """One part of a mail: its fields, and either its children or the bytes from ``start`` to ``end``."""

    headers: Headers
    kind: str
    parameters: dict[str, str]
    raw: bytes
    start: int
    end: int = 0
    children: list[Part] = field(default_factory=list)
    damaged: bool = False
    unfinished: bool = False  # there are more parts than we tell apart

    def content(self) -> bytes:
        """Return the content with its transfer encoding undone; damage costs only the damaged places."""
        encoding = self.headers.get("content-transfer-encoding").strip(" \t\"'").lower()
        if encoding == "base64":
            return words.base64_bytes(self.raw, self.start, self.end)
        data = self.raw[self.start : self.end]
        if encoding == "quoted-printable":
            return a2b_qp(data)
        if encoding in _UU_ENCODINGS:
            return _uudecode(data)
        return data

    def leaves(self) -> list[Part]:
        """Return the parts without children in order, this one where it has none."""
        found: list[Part] = []
        waiting = [self]
        while waiting:
            part = waiting.pop()
            if part.children:
                waiting.extend(reversed(part.children))
            else:
                found.append(part)
        return found


def cut(raw: bytes) -> Part:
    """Return the structure of a whole message. Never raises; costs time in proportion to ``len(raw)``."""
    raw = _tidy(raw)
    return _Cutter(raw).run()


def _tidy(raw: bytes) -> bytes:
    """Undo what transports and mail boxes did to the beginning and to the line ends."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", errors="replace").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw.find(b"\r\r\n", 0, 4096) >= 0:
        raw = raw.replace(b"\r\r\n", b"\r\n")
    elif raw.find(b"\n", 0, 65536) < 0:
        raw = raw.replace(b"\r", b"\n")
    if raw[:1] in b"\r\n":
        raw = raw.lstrip(b"\r\n")
    if raw.startswith((b"From ", b">From ")):
        raw = raw[raw.find(b"\n") + 1 :]
    return raw


class _Cutter:
    """One run over one message. The multiparts that are not closed yet lie in ``_open``, outermost first."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._open: list[tuple[Part, bytes]] = []
        self._levels: dict[bytes, int] = {}
        self._dashes = -2  # where the next line with two hyphens begins (its line end before it), once known
        self._count = 0

    def run(self) -> Part:
        """Return the root, with all it holds."""
        root = self._part(0, "text/plain")
        if not self._opens(root):
            return root
        leaf: Part | None = None
        position = max(root.start - 1, 0)
        while self._open:
            found = self._delimiter(position)
            if found is None:
                break
            before, after, level, closing = found
            if leaf is not None:
                leaf.end = self._end_of_content(leaf, before)
            self._close_above(level - 1 if closing else level, before)
            leaf = None
            position = max(after - 1, 0)
            if closing:
                continue
            if self._count >= limits.PARTS:
                root.unfinished = True
                break
            leaf = self._child(after)
            position = max(leaf.start - 1, position)
            if self._opens(leaf):
                leaf = None
        return root

    def _child(self, start: int) -> Part:
        parent = self._open[-1][0]
        child = self._part(start, "message/rfc822" if parent.kind == "multipart/digest" else "text/plain")
        parent.children.append(child)
        return child

    def _part(self, start: int, default: str) -> Part:
        """Read the fields at ``start``; the content is taken to reach to the end until a delimiter shows."""
        self._count += 1
        raw = self._raw
        stop = self._next_dashes(max(start - 1, 0))
        stop = len(raw) if stop < 0 else stop + 1
        blank = _BLANK_LINE.search(raw, max(start - 1, 0), stop)
        block = raw[start : blank.start() + 1 if blank else stop]
        fields, length = headers.read(block)
        content = blank.end() if blank and length == len(block) else start + length
        value = fields.get("content-type")
        return Part(
            fields,
            headers.media_type(value, default),
            headers.parameters(value) if "=" in value else {},
            raw,
            content,
            len(raw),
            damaged=length < len(block),
        )

    def _opens(self, part: Part) -> bool:
        """Make ``part`` the innermost open multipart where it is one whose delimiter can be found."""
        if not part.kind.startswith("multipart/"):
            return False
        if len(self._open) >= limits.DEPTH:
            part.kind = TOO_DEEP
            return False
        boundary = self._boundary(part)
        if boundary is None or boundary in self._levels:
            part.damaged = True
            return False
        self._levels[boundary] = len(self._open)
        self._open.append((part, boundary))
        return True

    def _boundary(self, part: Part) -> bytes | None:
        """Return the boundary as declared, or as the content shows it where that does not occur."""
        declared = part.parameters.get("boundary", "").rstrip().encode("utf-8", errors="replace")
        begin, reach = max(part.start - 1, 0), part.start + limits.PREAMBLE_BYTES
        if 0 < len(declared) <= limits.BOUNDARY_CHARS and self._raw.find(b"--" + declared, begin, reach) >= 0:
            return declared
        shown = _FIRST_DELIMITER.search(self._raw, begin, reach)
        return shown[1] if shown else None

    def _delimiter(self, position: int) -> tuple[int, int, int, bool] | None:
        """Return the next delimiter of an open multipart: where it begins and ends, its level, and whether it
        closes that multipart."""
        raw = self._raw
        misses = 0
        while True:
            if misses > _MANY_MISSES:
                position = self._next_like_ours(position)
            dashes = self._next_dashes(position)
            if dashes < 0:
                return None
            start = dashes + 1
            end = raw.find(b"\n", start, start + limits.BOUNDARY_CHARS + 8)
            stop = end + 1 if end >= 0 else min(len(raw), start + limits.BOUNDARY_CHARS + 8)
            line = raw[start + 2 : stop].rstrip(b" \t\r\n")
            opens = self._levels.get(line, limits.DEPTH)
            closes = self._levels.get(line[:-2], limits.DEPTH) if line.endswith(b"--") else limits.DEPTH
            if opens < limits.DEPTH or closes < limits.DEPTH:
                level = min(opens, closes)  # the outer one, as the stdlib reads it
                return dashes, stop, level, closes < opens
            position = start + 1
            misses += 1

    def _next_like_ours(self, position: int) -> int:
        """Return where a line that begins like one of our delimiters may be: for contents full of hyphens."""
        pattern = b"\n--(?:" + b"|".join(map(re.escape, self._levels)) + b")"
        found = re.compile(pattern).search(self._raw, position)
        return found.start() if found else len(self._raw)

    def _next_dashes(self, position: int) -> int:
        """Return where the next ``LF --`` is from ``position`` on, or -1; positions only grow."""
        if self._dashes < position and self._dashes != -1:
            self._dashes = self._raw.find(b"\n--", position)
        return self._dashes

    def _end_of_content(self, part: Part, line_end: int) -> int:
        """The line end before a delimiter belongs to the delimiter."""
        end = line_end - 1 if self._raw[line_end - 1 : line_end] == b"\r" else line_end
        return max(end, part.start)

    def _close_above(self, level: int, before: int) -> None:
        while len(self._open) > level + 1:
            part, boundary = self._open.pop()
            part.end = self._end_of_content(part, before)
            del self._levels[boundary]


def _uudecode(data: bytes) -> bytes:
    """Return the file in ``data``, up to the first line that is none; anything else stays as it is."""
    data = data.lstrip()
    begin = _UU_BEGIN.match(data)
    if begin is None:
        return data
    decoded: list[bytes] = []
    for line in data[begin.end() :].splitlines():
        if line.strip() == b"end":
            break
        try:
            # garbage after the declared length is common: only so much of the line is looked at
            decoded.append(a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3 + 1]) if line else b"")
        except BinasciiError:
            break
    return b"".join(decoded)
