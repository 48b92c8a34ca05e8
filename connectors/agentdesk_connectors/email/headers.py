"""The header fields of a message or part, and the parameters in them (RFC 5322 section 2.2, RFC 2231)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from agentdesk_connectors.email import charsets, limits

_FOLD = re.compile(r"\n(?=[ \t])")
_NOT_A_FIELD = re.compile(rb"^(?:--|(?![\x21-\x39\x3b-\x7e]{1,200}[ \t]*:|[ \t]))", re.MULTILINE)
_PARAMETER = re.compile(
    r'(?<![^\s;])([^\s=;"]{1,100})\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"?|([^;]*))', re.DOTALL
)
_PIECE = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?$")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}(?=$|[\s;,])")


class Headers:
    """The fields of one header block, in order; names in lower case, values unfolded but not decoded.

    ``cut`` says that there are more than we read, ``stray`` that some lines were no fields.
    """

    __slots__ = ("_first", "cut", "fields", "stray")

    def __init__(self, fields: list[tuple[str, str]], cut: bool = False, stray: bool = False) -> None:
        self.fields = fields
        self.cut = cut
        self.stray = stray
        self._first: dict[str, str] = {}
        for name, value in fields:
            self._first.setdefault(name, value)

    def get(self, name: str, default: str = "") -> str:
        """Return the first field ``name`` (lower case), or ``default``."""
        return self._first.get(name, default)

    def all(self, name: str) -> list[str]:
        """Return every field ``name`` (lower case), in order."""
        if name not in self._first:
            return []
        return [value for key, value in self.fields if key == name]

    def __contains__(self, name: str) -> bool:
        return name in self._first


def read(block: bytes) -> tuple[Headers, int]:
    """Return the fields at the beginning of ``block``, and how many bytes they take: all, or up to the first
    line that is no field."""
    fields = parse(block)
    if not fields.stray:
        return fields, len(block)
    stray = _NOT_A_FIELD.search(block)
    length = len(block) if stray is None else stray.start()
    return parse(block[:length]), length


def parse(block: bytes) -> Headers:
    """Return the fields of a header block; lines that are none are passed over and noted."""
    cut = len(block) > limits.HEADER_BYTES
    text = _text(block[: limits.HEADER_BYTES])
    lines = _FOLD.sub("", text).split("\n")
    if len(lines) > limits.HEADER_FIELDS:
        cut = True
        del lines[limits.HEADER_FIELDS :]
    fields: list[tuple[str, str]] = []
    stray = False
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.rstrip()
        if colon and name.isascii() and " " not in name and name[:2] != "--":
            fields.append((name.lower(), value.strip()[: limits.FIELD_CHARS]))
        elif line:
            stray = True
    return Headers(fields, cut, stray)


def _text(block: bytes) -> str:
    """Decode line by line where the whole is not UTF-8: each program on the way writes its own charset."""
    block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b"")
    try:
        if b"\x1b$" not in block:
            return block.decode("utf-8")
    except UnicodeDecodeError:
        pass
    lines = block.split(b"\n")
    foreign = b" ".join(line for line in lines if not line.isascii())
    label = charsets.guessed(foreign) or "" if len(foreign) < limits.GUESS_BYTES else ""
    return "\n".join(charsets.decode(line, label) for line in lines)


def media_type(value: str, default: str) -> str:
    """Return the lower-case ``type/subtype`` of a Content-Type, or ``default`` where it is none."""
    found = _TYPE.match(value.lower())
    return found[0] if found else default


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a field by lower-case name, RFC 2231 pieces and charsets put together.

    Where a parameter comes both plain and in RFC 2231 form, the latter wins; otherwise the first one does.
    """
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(value)):
        if count >= limits.PARAMETERS:
            break
        name, quoted, bare = match[1].lower(), match[2], match[3]
        text = _ESCAPED.sub(r"\1", quoted) if quoted is not None else (bare or "").strip()
        if "*" not in name:
            plain.setdefault(name, text)
            continue
        piece = _PIECE.match(name)
        if piece is not None:
            number = int(piece[2] or 0)
            extended.setdefault(piece[1], {}).setdefault(number, (text, piece[3] is not None))
    for name, pieces in extended.items():
        plain[name] = _join(pieces)
    return plain


def _join(pieces: dict[int, tuple[str, bool]]) -> str:
    """Join RFC 2231 pieces as bytes before decoding: a character may be split between two pieces."""
    charset = ""
    data: list[bytes] = []
    for number, (text, encoded) in sorted(pieces.items()):
        if number == 0 and encoded and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data.append(unquote_to_bytes(text) if encoded else text.encode("utf-8", errors="replace"))
    return charsets.decode(b"".join(data), charset)
