"""Posts of social networks: who can read them, where they stand, and what is known of them besides text.

A message's ``post`` is None (mail, chat), or a :class:`Post` as plain JSON values (:func:`as_row`,
:func:`post_of`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from agentdesk.base.text import Msg
from agentdesk.domain.acts import FAILED, WAITING, Act, ActState

__all__ = [
    "Counters",
    "Media",
    "Poll",
    "PollOption",
    "Post",
    "PostKind",
    "Visibility",
    "Way",
    "Work",
    "as_row",
    "is_wider",
    "post_of",
]


class Visibility(StrEnum):
    """Who can read a post. The values are stored: never renamed."""

    PUBLIC = "public"
    LIMITED = "limited"
    """Followers, or a circle that its author chose."""
    PRIVATE = "private"
    """Those who are named in it."""


_WIDTH = {Visibility.PRIVATE: 0, Visibility.LIMITED: 1, Visibility.PUBLIC: 2}


def is_wider(one: Visibility, than: Visibility) -> bool:
    """Say whether more people can read ``one``."""
    return _WIDTH[one] > _WIDTH[than]


class PostKind(StrEnum):
    """What a post is to us. The values are stored: never renamed."""

    MENTION = "mention"
    COMMENT = "comment"
    """It stands below a work of ours or of somebody else's."""
    QUOTE = "quote"
    MESSAGE = "message"
    """It is written to us alone."""
    WATCHED = "watched"
    """It speaks of what a watch list names, not to us."""
    REPLY = "reply"
    """It is ours."""


class Counters(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much a post is noticed; None: the network does not say."""

    likes: int | None = None
    replies: int | None = None
    shares: int | None = None
    views: int | None = None


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture, film, sound or page that a post shows and the network keeps. ``kind`` is ``image``,
    ``video``, ``audio`` or ``link``; ``alt`` is its author's description of it."""

    kind: str
    url: str
    alt: str = ""
    title: str = ""
    preview: str = ""


class PollOption(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str
    votes: int | None = None


class Poll(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question with answers to vote for."""

    options: tuple[PollOption, ...]
    ends_at: datetime | None = None


class Work(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a comment stands below: ``author`` is its author's name, ``ours`` that this account wrote it,
    ``picture`` the address of a picture of it."""

    external_id: str
    text: str = ""
    author: str = ""
    url: str = ""
    at: datetime | None = None
    ours: bool = False
    picture: str = ""


class Way(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way in which a post may be answered, as far as the network says so with the post.

    ``until`` is when it closes (UTC; None: never); ``refused`` says why it is closed from the beginning;
    ``once`` that one answer is all there may be.
    """

    visibility: Visibility
    until: datetime | None = None
    refused: Msg | None = None
    once: bool = False


class Post(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of a post besides its text, author and files.

    ``root`` is the external id of the post with which its thread began (a private message: that of the
    talk), ``parent`` that of the one it answers; empty where it is itself the first. ``url`` is where it
    stands on the network, ``warning`` what its author put before it. ``edited_at`` is when its author last
    changed it. ``ways`` are the ways of answering it that differ from what its account can do in general.
    ``own`` says that our account wrote it, here or elsewhere. ``liked`` and ``hidden`` are by us, as was last
    wished; ``acts`` is what is not done yet of that (:mod:`agentdesk.domain.acts`).
    """

    kind: PostKind
    visibility: Visibility
    root: str = ""
    parent: str = ""
    url: str = ""
    warning: str = ""
    edited_at: datetime | None = None
    counters: Counters | None = None
    below: Work | None = None
    media: tuple[Media, ...] = ()
    poll: Poll | None = None
    ways: tuple[Way, ...] = ()
    own: bool = False
    liked: bool = False
    hidden: bool = False
    acts: dict[Act, ActState] = {}

    def can_be(self, act: Act, *, ours: bool) -> bool:
        """Say whether an act makes sense here at all; ``ours``: one of us wrote it."""
        if act in (Act.EDIT, Act.DELETE):
            return ours
        below = bool(self.parent or self.below is not None)
        return not ours and (act is not Act.HIDE or (below and self.visibility is not Visibility.PRIVATE))

    def waits_for(self, act: Act) -> bool:
        """Say whether an act was wished and not done yet."""
        return act in self.acts and self.acts[act].state == WAITING

    def failed_at(self, act: Act) -> bool:
        """Say whether an act that was wished last could not be done."""
        return act in self.acts and self.acts[act].state == FAILED

    def way(self, visibility: Visibility) -> Way:
        """Return what was said of answering in a visibility; nothing special where nothing was."""
        return next((way for way in self.ways if way.visibility is visibility), Way(visibility))


def as_row(post: Post | None) -> dict[str, Any] | None:
    """Return a post as a message keeps it."""
    row: dict[str, Any] | None = msgspec.json.decode(msgspec.json.encode(post))
    return row


def post_of(row: Mapping[str, Any] | None) -> Post | None:
    """Read what a message keeps. Raises msgspec.ValidationError where it is no post."""
    return None if row is None else msgspec.convert(row, Post)
