"""What commands are made of."""

from __future__ import annotations

from uuid import UUID

import msgspec

__all__ = ["Command", "File", "Mention", "Text", "ViewQuery"]


class File(msgspec.Struct, frozen=True):
    """A file that was uploaded before: ``blob`` is the SHA-256 of its content (hexadecimal); ``alt``
    describes it to who cannot see or hear it."""

    id: UUID
    name: str
    media_type: str
    size: int
    blob: str
    alt: str = ""


class Command(msgspec.Struct, frozen=True, tag_field="do", kw_only=True):
    """Base of all commands."""


class Mention(msgspec.Struct, frozen=True):
    """Who is meant by an @: ``kind`` is ``user``, or ``inbox`` for everybody who works in it; ``whisper`` is
    the colleague to whom a supervisor says the whole note."""

    kind: str
    id: UUID
    name: str


class ViewQuery(msgspec.Struct, frozen=True):
    """What a saved view selects: a list of the rail (``kind``), or a search for ``text``, narrowed to a
    channel, an inbox, a priority, any of ``tags``, and all, unread or waiting ones (``only``)."""

    kind: str
    channel: str | None = None
    inbox_id: UUID | None = None
    text: str = ""
    only: str = "all"
    tags: tuple[str, ...] = ()
    priority: str = ""
    order: str = "newest"
    group: str = ""


class Text(msgspec.Struct, frozen=True):
    """A catalogue message that travels: see :class:`agentdesk.base.text.Msg`."""

    text: str
    args: dict[str, str | int | float] = {}
    many: str | None = None
    count: int | None = None
