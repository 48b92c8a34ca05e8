"""Making text from strangers fit for a database."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str, limit: int | None = None) -> str:
    """Return ``text`` without NUL and lone surrogates (neither UTF-8 nor PostgreSQL can hold them), cut to
    ``limit`` characters where one is given."""
    if limit is not None and len(text) > limit:
        text = text[:limit]
    if text.isascii():
        return text.replace("\x00", "\ufffd") if "\x00" in text else text
    return _UNSTORABLE.sub("\ufffd", text)


def one_line(text: str, limit: int) -> str:
    """Return ``text`` fit for a database, with every run of white space as one blank."""
    return " ".join(storable(text, limit * 4).split())[:limit].rstrip()
