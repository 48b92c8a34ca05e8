"""What an account can do now: its tier, scopes and the network's rules, as data to be shown and obeyed.

An account's ``abilities`` are None (nothing was asked yet, or its channel has no such differences), or
:class:`Abilities` as plain JSON values.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from agentdesk.base.text import Msg, msg
from agentdesk.domain.acts import Act
from agentdesk.domain.lengths import TextLimit, length_of
from agentdesk.domain.posts import Post, Visibility

__all__ = [
    "Abilities",
    "Act",
    "Answering",
    "FileLimit",
    "Price",
    "abilities_of",
    "act_refused",
    "edit_refused",
    "refused",
]


class Price(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one answer costs: a decimal number as text, and an ISO 4217 currency. ``with_link`` is the
    amount where the text has an address in it; empty: the same."""

    amount: str
    currency: str
    with_link: str = ""


class FileLimit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which files go with an answer: how many, how large each by the beginning of its media type
    (``{"image/": 5_000_000}``; others are refused), and how many characters describe one."""

    most: int
    largest: dict[str, int]
    alt: int = 0


class Answering(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an account answers in one visibility; ``refused`` says why it cannot at present."""

    visibility: Visibility
    refused: Msg | None = None
    text: TextLimit | None = None
    files: FileLimit | None = None
    price: Price | None = None


class Abilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an account can do now.

    ``tier`` is what the network calls its plan. ``acts`` can be done; ``denied`` says of others why not, by
    name. ``edit_seconds`` is for how long an own post can be changed (None: always). ``terms`` is how many
    terms its watch list may have (0: it has none).
    """

    answers: tuple[Answering, ...] = ()
    acts: tuple[Act, ...] = ()
    denied: dict[Act, Msg] = {}
    edit_seconds: int | None = None
    terms: int = 0
    tier: str = ""

    def answering(self, visibility: Visibility) -> Answering | None:
        """Return how it answers in a visibility; None where it does not."""
        return next((one for one in self.answers if one.visibility is visibility), None)


def abilities_of(row: Mapping[str, Any] | None) -> Abilities | None:
    """Read what an account keeps."""
    return None if row is None else msgspec.convert(row, Abilities)


def refused(
    abilities: Abilities | None, post: Post, visibility: Visibility, text: str, now: datetime
) -> Msg | None:
    """Say why ``text`` cannot answer ``post`` in a visibility now (UTC); None where it can, as far as anybody
    knows here."""
    way = post.way(visibility)
    if way.refused is not None:
        return way.refused
    if way.until is not None and now >= way.until:
        return msg("The time in which this can be answered is over.")
    if abilities is None:
        return None
    answering = abilities.answering(visibility)
    if answering is None:
        return msg("This account cannot answer in this way.")
    if answering.refused is not None:
        return answering.refused
    return _too_long(answering, text)


def _too_long(answering: Answering, text: str) -> Msg | None:
    if answering.text is None:
        return None
    length, most = length_of(unicodedata.normalize("NFC", text), answering.text), answering.text.most
    if length <= most:
        return None
    return msg("The text is too long: {length} of {most}.", length=length, most=most)


def act_refused(abilities: Abilities | None, act: Act) -> Msg | None:
    """Say why an account cannot do ``act`` now; None where it can."""
    if abilities is not None and act in abilities.acts:
        return None
    if abilities is not None and act in abilities.denied:
        return abilities.denied[act]
    return msg("This account cannot do that.")


def edit_refused(
    abilities: Abilities | None, sent_at: datetime, visibility: Visibility, text: str, now: datetime
) -> Msg | None:
    """Say why an own post that was sent at ``sent_at`` (UTC) cannot say ``text`` instead now; None where it
    can, as far as anybody knows here."""
    why = act_refused(abilities, Act.EDIT)
    if why is not None or abilities is None:
        return why
    if abilities.edit_seconds is not None and now > sent_at + timedelta(seconds=abilities.edit_seconds):
        return msg("The time in which this can be changed is over.")
    answering = abilities.answering(visibility)
    return None if answering is None else _too_long(answering, text)
