"""Subjects of answers."""

from __future__ import annotations

import re

# What mail programs of various languages put before the subject of an answer.
_ANSWER = re.compile(r"(?:re|aw|sv|vs|antw|odp|r|rif|res|ynt|回复|回覆|答复)\s*(?:\[\d+\])?\s*[:：]\s*", re.I)


def answer_subject(subject: str) -> str:
    """Return the subject of an answer: ``Re:`` once, whatever stood there before."""
    bare = bare_subject(subject)
    return f"Re: {bare}" if bare else "Re:"


def bare_subject(subject: str) -> str:
    """Return a subject without the marks of an answer before it."""
    rest = subject.strip()
    while match := _ANSWER.match(rest):
        rest = rest[match.end() :]
    return rest
