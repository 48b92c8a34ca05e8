"""Channels whose people write from web pages that this server serves by itself.

The server answers the pages, proves who a visitor is, and keeps what was said where a visitor who comes back
finds it. The connector is what lies between that and the desk: it takes up what was handed in, like any other
service's input, and has messages shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.outbound import Extras, OutboundAttachment

__all__ = ["Hosted", "PageField", "PageLine", "PageSettings", "Pages"]


@dataclass(frozen=True, slots=True)
class PageField:
    """A question before the first message: ``key`` is ``name``, ``email`` or ``topic``."""

    key: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What the pages of an account look like, and which may use it.

    ``server`` is where visitors' browsers reach the server (``https://desk.example.com``), for links in
    mails; empty: they have none.
    ``origins``: none means every page. ``colour`` is ``#rrggbb``. ``identity_secret`` is the key with which
    the company's own server signs who a visitor is; empty where it never does. ``languages`` and ``texts``
    are as a person typed them. ``silence`` is after how long without a word a chat ends by itself. ``files``
    is how many a visitor's message may have (none: they cannot send any), ``file_bytes`` how large each may
    be; ``survey`` that visitors are asked how it was; ``preview`` that agents see what they type before it is
    sent. ``mail`` is the address of the email account of the same inbox by which those are answered who left
    a message; empty: they are answered on the page.
    """

    name: str
    colour: str
    position: str
    theme: str
    origins: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    pre_chat: tuple[PageField, ...] = ()
    consent: bool = False
    preview: bool = False
    silence: timedelta = timedelta(hours=24)
    files: int = 0
    file_bytes: int = 0
    survey: bool = False
    presence: bool = False
    """Whether the team sees who is on the pages and agreed to that."""
    mail: str = ""
    server: str = ""
    identity_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PageLine:
    """A message of ours as a page shows it. ``key`` makes it one line however often it is handed over;
    ``name`` is who wrote it, ``files`` and ``extras`` go with it."""

    key: str
    text: str
    name: str
    at: datetime
    files: tuple[OutboundAttachment, ...] = ()
    extras: Extras = field(default_factory=Extras)


class Pages(Protocol):
    """The pages of one account, as its connector reaches them."""

    async def waiting(self, most: int) -> Sequence[RawItem]:
        """Return what visitors handed in and nobody has taken yet, in the order in which it came."""
        ...

    async def taken(self, items: Sequence[RawItem]) -> None:
        """Let go of what is stored elsewhere now. Raises AgentDeskError where the database is away."""
        ...

    async def news(self) -> None:
        """Wait until something may be waiting."""
        ...

    async def show(self, visitor: str, line: PageLine) -> bool:
        """Put ``line`` before a visitor, at once or when they come back; once per key. False: there is no
        such visitor (any more)."""
        ...

    async def end_silent(self, after: timedelta) -> None:
        """End the chats in which nobody has written for so long; what is handed in says so."""
        ...

    async def shown(self, key: str) -> bool:
        """Say whether a line of that key was put before anybody."""
        ...


@runtime_checkable
class Hosted(Protocol):
    """Is written to from pages that this server serves.

    What it sends goes to these pages and nowhere else: ``send`` asks nobody but the pages it was given, and
    may be called in the transaction that writes the message.
    """

    def page(self) -> PageSettings:
        """Return what its pages are like. No I/O; raises Invalid for settings that cannot be used."""
        ...
