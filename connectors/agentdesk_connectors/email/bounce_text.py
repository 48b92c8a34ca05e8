"""Delivery failures in free text, as servers write them for people."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = r"[^\s<>@\"',;:()\[\]\\=*|/]{1,100}@[A-Za-z0-9][A-Za-z0-9.-]{0,200}[A-Za-z0-9]"
_WORD_START = r"(?<![^\s<>@\"',;:()\[\]\\=*|/])"
_FIND = re.compile(_WORD_START + _ADDRESS)
_COPY = re.compile(
    r"^(?:[-_=*#. >]{2,80} ?(?:below this line is a copy|this is a copy|"
    r"(?:the )?(?:body of )?(?:your )?original (?:message|mail|headers?)|"
    r"(?:start of )?(?:the )?(?:returned|unsent|undelivered|failed|bounced) (?:message|mail)|"
    r"message (?:header|text|follows|contents?|is follows)|headers? (?:of|follow|only)|included is a copy|"
    r"forwarded message|returned message|copy of|begin(?:ning)? of)|"
    r"(?:the )?(?:original|unsent|returned|rejected|undelivered) message (?:follows|headers|below|"
    r"is (?:attached|included|as))\b|unsent message below|"
    r"(?:below|following|here) is (?:a copy of )?(?:the|your) (?:original |first )|"
    r"a copy of (?:the original|your) message|the (?:header|first \d+ lines|body|following is a copy|"
    r"text you sent)|"
    r"your (?:original )?message (?:follows|headers|begins|is as follows)|message headers? follow|"
    r"original message headers?|headers? of (?:the )?(?:original|your)|"
    r"original message: ?$|received: ?(?:from|by|\(|qmail)|return-path: ?<|-{4,} ?original|"
    r"_{4,} ?original|the mail (?:header|body)|content-type: message)",
    re.IGNORECASE | re.MULTILINE,
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d\.\d{1,3})(?![\d.]\d)")
_REPLY = re.compile(r"(?<![\d.\-@:/])([45][0-5]\d)(?=[- ;,:#)\]<(]|$)", re.MULTILINE)
_RECIPIENT_LINE = re.compile(
    rf"^(?:[-*>|. \t]{{0,20}}+(?:\d{{1,3}}[.)]\s{{1,3}})?(?:[45]\d\d[ -](?:[45]\.\d\.\d{{1,3}} )?)?"
    rf"[<\"']?(?:mailto:)?({_ADDRESS})[>\"']?[\s:.]{{0,5}}(?:$|\s|\(|,|\.\.\.|->)|"
    r"[^\n@]{0,100}?\b(?:to|recipients?|rcpt to|address|addressee|user|mailbox|empfänger|destinataire|für|"
    rf"cannot send to|for|undelivered)\b[\s:=*'\"<(\[]{{1,12}}<?({_ADDRESS}))",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD = re.compile(r"\s{0,20}(?:to|an|cc)\s?:", re.IGNORECASE)
"""The recipient as the message's header names it: believed only where nothing else is told."""
_NOT_A_RECIPIENT = re.compile(
    r"^(?:mailer-daemon|postmaster|abuse|noreply|no-reply)@|@(?:[a-z0-9-]+\.)*(?:mail|smtp)\.invalid$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient as the text tells of it, with the server's words."""

    recipient: str
    status: str
    words: str


def before_copy(text: str) -> tuple[str, str]:
    """Return the report, and the copy of the original message under it."""
    found = _COPY.search(text)
    if found is None:
        return text, ""
    return text[: found.start()], text[found.start() :]


def failures(report: str, ours: frozenset[str]) -> list[Failure]:
    """Return the recipients that ``report`` names, with the words after each. ``ours`` are the addresses
    that the bounce was sent to, which failed nowhere."""
    marks: list[tuple[int, str]] = []
    heads: list[tuple[int, str]] = []
    seen: set[str] = set()
    for match in _RECIPIENT_LINE.finditer(report):
        address = (match[1] or match[2]).lower().rstrip(".")
        if address in ours or address in seen or _NOT_A_RECIPIENT.search(address):
            continue
        seen.add(address)
        (heads if _HEAD.match(match[0]) else marks).append((match.start(), address))
    marks = marks or heads
    if not marks:
        marks = [(m.start(), m[0].lower()) for m in _FIND.finditer(report) if _is_other(m[0].lower(), ours)][
            :1
        ]
    if not marks and ours:
        return failures(report, frozenset())  # mail to oneself
    ends = [*(start for start, _ in marks[1:]), len(report)][: len(marks)]
    return [
        _failure(address, report[start:end], report)
        for (start, address), end in zip(marks, ends, strict=True)
    ]


def _is_other(address: str, ours: frozenset[str]) -> bool:
    return address not in ours and not _NOT_A_RECIPIENT.search(address)


def _failure(address: str, own_words: str, report: str) -> Failure:
    words = own_words if len(own_words.strip()) > len(address) + 12 else report
    return Failure(address, status_in(words) or status_in(report), words)


def status_in(words: str) -> str:
    """Return the enhanced status code in ``words``, else one made from the reply code, else nothing."""
    codes: list[str] = _STATUS.findall(words)
    telling = next((code for code in codes if not code.endswith(".0.0")), "")
    if telling:
        return telling
    reply = _REPLY.search(words)
    if codes:
        return codes[0]
    return f"{reply[1][0]}.0.0" if reply else ""
