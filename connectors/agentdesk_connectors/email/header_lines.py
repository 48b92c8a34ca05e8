"""Header fields as they go on the wire: encoded, folded, and unable to hold anything but what was meant.

The standard library's own folding is not used for these: it breaks long message ids into encoded words and,
in some versions, lets a comma out of a display name into the list of addresses.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from email.policy import Policy
from urllib.parse import quote

import idna

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import Party

_LINE = 76
_NAME_CHARS = 500
_SUBJECT_CHARS = 2000
_ID_BYTES = 900
_REFERENCES_BYTES = 990
_LAST_REFERENCES = 10
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_ODD_DOTS = re.compile(
    r"(?=.*\.\.|\.|.*\.$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
)  # given out by some phone companies
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN_NAME = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_PLAIN_TEXT = re.compile(r"[!-~]{1,70}(?: [!-~]{1,70})*")
_QUOTABLE = re.compile(r"[\x20-\x7e]{1,60}")
_ID = re.compile(rf"[!-;=?-~]{{1,{_ID_BYTES}}}")


class Line(str):
    """A header value that knows how it is written. ``str`` is what a reader decodes from it."""

    name: str
    written: str

    def __new__(cls, name: str, value: str, written: str) -> Line:
        """``written`` is the encoded value, folded with CRLF and a space, without name and last CRLF."""
        line = super().__new__(cls, value)
        line.name = name
        line.written = written
        return line

    def fold(self, *, policy: Policy) -> str:
        """Return the whole field with its line end; the email package asks for it."""
        return f"{self.name}: {self.written}{policy.linesep}"


def clean(text: str) -> str:
    """Return ``text`` on one line: controls, line ends of every kind and lone surrogates become spaces."""
    kept = (" " if _is_control(c) else c for c in text)
    return " ".join("".join(kept).split())


def _is_control(c: str) -> bool:
    return ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029" or "\ud800" <= c <= "\udfff"


def text_line(name: str, text: str) -> Line:
    """Return an unstructured field such as Subject."""
    value = clean(text)[:_SUBJECT_CHARS]
    if _PLAIN_TEXT.fullmatch(value) and "=?" not in value:
        return Line(name, value, _fold_words(value.split(" "), len(name) + 2))
    return Line(name, value, _encoded(value, len(name) + 2) if value else "")


def address_line(name: str, people: Sequence[Party]) -> Line:
    """Return a field of addresses. Raises Rejected for an address that is none."""
    written = [_mailbox(person) for person in people]
    values = [f"{clean(p.name)} <{address(p.value)}>" for p in people]
    return Line(name, ", ".join(values), ",\r\n ".join(written))


def id_line(name: str, ids: Iterable[str]) -> Line:
    """Return a field of message ids, one on each line; what cannot be an id is left out."""
    marked = [f"<{an_id}>" for an_id in ids if is_id(an_id)]
    return Line(name, " ".join(marked), "\r\n ".join(marked))


def is_id(text: str) -> bool:
    """Say whether ``text`` can stand between the brackets of a message id."""
    return _ID.fullmatch(text) is not None


def chosen_references(references: Sequence[str], in_reply_to: str) -> tuple[str, ...]:
    """Return the ids for References: the first and the newest ones, the one that is answered last.

    Keeps the field under the 998 bytes that some programs allow it (RFC 5322 section 2.1.1).
    """
    known = dict.fromkeys(an_id for an_id in references if is_id(an_id) and an_id != in_reply_to)
    chain = [*known, in_reply_to] if is_id(in_reply_to) else [*known]
    first, rest = chain[:1], chain[1:][-_LAST_REFERENCES:]
    room = _REFERENCES_BYTES - len("References: ") - sum(len(an_id) + 5 for an_id in first)
    kept: list[str] = []
    for an_id in reversed(rest):
        room -= len(an_id) + 5
        if room < 0:
            break
        kept.insert(0, an_id)
    return tuple(first + kept)


def address(value: str) -> str:
    """Return ``local@domain`` as it goes on the wire, the domain in ASCII; raises Rejected for others."""
    local, at, domain = value.strip().rpartition("@")
    if not at or not local or clean(local) != local or len(value) > 254:
        raise _no_address(value)
    if not local.isascii():
        if not _is_international(local):
            raise _no_address(value)
    elif _ODD_DOTS.fullmatch(local):
        local = _quoted(local)
    elif not _DOT_ATOM.fullmatch(local) and not _QUOTED.fullmatch(local):
        raise _no_address(value)
    return f"{local}@{_domain(domain, value)}"


def _is_international(local: str) -> bool:
    return _DOT_ATOM.fullmatch(re.sub(r"[^\x00-\x7f]", "x", local)) is not None


def _domain(domain: str, value: str) -> str:
    if re.fullmatch(r"\[[0-9A-Za-z.:]{2,60}\]", domain):
        return domain
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii") if not domain.isascii() else domain
    except idna.IDNAError as error:
        raise _no_address(value) from error
    if (
        not re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?", ascii_domain)
        or ".." in ascii_domain
    ):
        raise _no_address(value)
    return ascii_domain


def _no_address(value: str) -> Rejected:
    return Rejected(
        msg("{address} is not an email address.", address=clean(value)[:100]),
        hint=msg("Check it for typing errors."),
    )


def _mailbox(person: Party) -> str:
    name, where = clean(person.name)[:_NAME_CHARS], address(person.value)
    if not name:
        return where
    if "=?" not in name and _PLAIN_NAME.fullmatch(name) and len(name) <= 60:
        return f"{name}\r\n <{where}>" if len(name) + len(where) > _LINE - 12 else f"{name} <{where}>"
    if "=?" not in name and _QUOTABLE.fullmatch(name):
        return f"{_quoted(name)}\r\n <{where}>"
    return f"{_encoded(name, 12)}\r\n <{where}>"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _fold_words(words: Sequence[str], used: int) -> str:
    lines, length = [words[0]], used + len(words[0])
    for word in words[1:]:
        if length + 1 + len(word) > _LINE:
            lines.append(word)
            length = 1 + len(word)
        else:
            lines[-1] += f" {word}"
            length += 1 + len(word)
    return "\r\n ".join(lines)


def _encoded(text: str, used: int) -> str:
    """Return encoded words (RFC 2047), none cut inside a character, each on its own line."""
    pieces: list[bytes] = [b""]
    room = _bytes_that_fit(used)
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(pieces[-1]) + len(encoded) > room:
            pieces.append(b"")
            room = _bytes_that_fit(1)
        pieces[-1] += encoded
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(piece).decode('ascii')}?=" for piece in pieces)


def _bytes_that_fit(used: int) -> int:
    return max(6, (_LINE - used - len("=?utf-8?b??=")) // 4 * 3)


# --- names of files ---


def disposition_line(kind: str, file_name: str) -> Line:
    """Return Content-Disposition with a file name in any script (RFC 2183, RFC 2231)."""
    name = clean(file_name)
    return Line(
        "Content-Disposition", kind, kind + "".join(f";\r\n {p}" for p in _parameter("filename", name))
    )


def type_line(media_type: str, file_name: str) -> Line:
    """Return Content-Type with a name for older programs (RFC 2047 in a parameter, against RFC 2231)."""
    name = clean(file_name)
    if not name:
        return Line("Content-Type", media_type, media_type)
    plain = _QUOTABLE.fullmatch(name) and "=?" not in name
    shown = _quoted(name) if plain else f'"{_encoded(name, 8)}"'
    return Line("Content-Type", media_type, f"{media_type};\r\n name={shown}")


def _parameter(name: str, value: str) -> list[str]:
    if not value:
        return []
    if _QUOTABLE.fullmatch(value) and "=?" not in value:
        return [f"{name}={_quoted(value)}"]
    room = _LINE - len(name) - 8
    pieces = ["utf-8''"]
    for character in value:
        unit = quote(character, safe="", errors="replace")
        if len(pieces[-1]) + len(unit) > room:
            pieces.append("")
        pieces[-1] += unit
    if len(pieces) == 1:
        return [f"{name}*={pieces[0]}"]
    return [f"{name}*{number}*={piece}" for number, piece in enumerate(pieces)]
