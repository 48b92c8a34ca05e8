"""What travels between a visitor's page and the server: see ``docs/chat-protocol.md``."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from agentdesk.domain.extras import Card

__all__ = [
    "CAN",
    "LONGEST_FRAME",
    "LONGEST_TEXT",
    "MOST_FILES",
    "PREFIX",
    "SUBPROTOCOL",
    "VERSION",
    "Ack",
    "Agent",
    "BadFrame",
    "Delete",
    "Edit",
    "FromPage",
    "Hello",
    "Identity",
    "Line",
    "LineFile",
    "Lines",
    "Message",
    "Older",
    "Page",
    "PageMoved",
    "Ping",
    "Pong",
    "Problem",
    "Profile",
    "Read",
    "Seen",
    "Status",
    "Typing",
    "TypingAgent",
    "Welcome",
    "decode",
    "encode",
    "read_poll",
]

PREFIX = "/chat/v1"
VERSION = 1
SUBPROTOCOL = "agentdesk.chat.v1"
LONGEST_FRAME = 64 * 1024
LONGEST_TEXT = 5_000
LONGEST_PREVIEW = 1_000
CAN = ("typing", "preview", "seen", "read", "files", "edits", "end", "survey", "transcript", "presence")
"""What this server does beyond text; pages show nothing for what is not named."""
PING_SECONDS = 25
MOST_FRAMES = 20
MOST_FILES = 10
"""Of one message, whatever a widget allows."""
_CONTROL = frozenset(range(32)) - {9, 10, 13}

Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Key = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{8,64}\Z")]
Reference = Annotated[str, Meta(max_length=64)]
Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class BadFrame(Exception):
    """It is not a frame of the protocol: ``code`` and ``text`` say why."""

    def __init__(self, text: str, code: str = "bad_frame", key: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.key = key


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """Base of what a page sends; fields that we do not know are passed over."""


class Page(msgspec.Struct, frozen=True):
    """Where a visitor is."""

    url: Annotated[str, Meta(max_length=2_000)] = ""
    title: Annotated[str, Meta(max_length=300)] = ""
    referrer: Annotated[str, Meta(max_length=2_000)] = ""


class Identity(msgspec.Struct, frozen=True):
    """Who the visitor is, as the company's own server signed it."""

    user_id: Annotated[str, Meta(min_length=1, max_length=200)]
    expires: int
    hmac: Annotated[str, Meta(max_length=128)]
    name: Annotated[str, Meta(max_length=200)] = ""
    email: Annotated[str, Meta(max_length=320)] = ""


class Hello(_Frame, frozen=True, tag="hello"):
    v: int
    token: Annotated[str, Meta(max_length=100)] | None = None
    epoch: Annotated[str, Meta(max_length=100)] | None = None
    cursor: Number = 0
    page: Page = Page()
    language: Annotated[str, Meta(max_length=35)] = ""
    time_zone: Annotated[str, Meta(max_length=64)] = ""
    identity: Identity | None = None


class PageMoved(_Frame, frozen=True, tag="page"):
    page: Page


class Profile(_Frame, frozen=True, tag="profile"):
    id: Key
    name: Annotated[str, Meta(max_length=200)] = ""
    email: Annotated[str, Meta(max_length=320)] = ""
    topic: Annotated[str, Meta(max_length=200)] = ""
    consent: bool = False


class Message(_Frame, frozen=True, tag="message"):
    id: Key
    text: Text = ""
    files: Annotated[tuple[Reference, ...], Meta(max_length=MOST_FILES)] = ()
    invitation: Reference | None = None


class Edit(_Frame, frozen=True, tag="edit"):
    """The message ``of`` shall say something else."""

    id: Key
    of: Key
    text: Text


class Delete(_Frame, frozen=True, tag="delete"):
    """The message ``of`` shall be gone."""

    id: Key
    of: Key


class Typing(_Frame, frozen=True, tag="typing"):
    """``text`` is what the visitor has typed so far, where the widget shows it before it is sent."""

    on: bool
    text: Annotated[str, Meta(max_length=LONGEST_PREVIEW)] = ""


class Seen(_Frame, frozen=True, tag="seen"):
    upto: Number
    state: Literal["delivered", "read"]


class Older(_Frame, frozen=True, tag="older"):
    before: Number
    most: Annotated[int, Meta(ge=1, le=100)] = 50


class End(_Frame, frozen=True, tag="end"):
    id: Key


class Survey(_Frame, frozen=True, tag="survey"):
    id: Key
    score: Annotated[int, Meta(ge=1, le=5)]
    effort: Annotated[int, Meta(ge=1, le=7)] | None = None
    text: Annotated[str, Meta(max_length=1_000)] = ""


class Transcript(_Frame, frozen=True, tag="transcript"):
    id: Key
    email: Annotated[str, Meta(min_length=3, max_length=320)]


class Ping(_Frame, frozen=True, tag="ping"):
    pass


FromPage = (
    Hello
    | PageMoved
    | Profile
    | Message
    | Edit
    | Delete
    | Typing
    | Seen
    | Older
    | End
    | Survey
    | Transcript
    | Ping
)


class Agent(msgspec.Struct, frozen=True):
    """Who of us is there; ``picture`` is an address."""

    name: str
    picture: str | None = None


class LineFile(msgspec.Struct, frozen=True):
    """A file of a line; ``url`` is a path at this server, ``picture`` says that it may be shown."""

    name: str
    type: str
    size: int
    url: str
    picture: bool


class Line(msgspec.Struct, frozen=True, rename={"origin": "from"}):
    """Something that the visitor sees, by its number ``n``; ``of`` is the line that it changes."""

    n: int
    id: str
    origin: str
    text: str
    at: datetime
    agent: Agent | None = None
    kind: str = "message"
    files: tuple[LineFile, ...] = ()
    of: str | None = None
    choices: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()


class Welcome(_Frame, frozen=True, tag="welcome", rename={"first": "from"}):
    session: str
    epoch: str
    fresh: bool
    cursor: int
    first: int
    verified: bool
    online: bool
    profile: dict[str, Any]
    time: datetime
    token: str | None = None
    agent: Agent | None = None
    back: datetime | None = None
    v: int = VERSION
    can: tuple[str, ...] = CAN
    ping: int = PING_SECONDS


class Lines(_Frame, frozen=True, tag="lines"):
    lines: tuple[Line, ...]
    first: bool = False


class Ack(_Frame, frozen=True, tag="ack"):
    id: str
    n: int = 0


class TypingAgent(_Frame, frozen=True, tag="typing"):
    on: bool
    agent: Agent | None = None


class Read(_Frame, frozen=True, tag="read"):
    upto: int


class Status(_Frame, frozen=True, tag="status"):
    online: bool
    agent: Agent | None = None
    back: datetime | None = None
    place: int | None = None
    minutes: int | None = None


class Problem(_Frame, frozen=True, tag="error"):
    code: str
    text: str
    id: str | None = None
    retry: int | None = None


class Pong(_Frame, frozen=True, tag="pong"):
    pass


class _Poll(msgspec.Struct, frozen=True):
    frames: Annotated[tuple[dict[str, Any], ...], Meta(min_length=1, max_length=MOST_FRAMES)]
    wait: Annotated[int, Meta(ge=0, le=25)] = 0


def encode(frame: msgspec.Struct) -> bytes:
    """Return the JSON of a frame."""
    return msgspec.json.encode(frame)


def decode(text: str | bytes) -> FromPage:
    """Return the frame in ``text``. Raises BadFrame."""
    return _frame(_loaded(text))


def read_poll(body: bytes) -> tuple[tuple[dict[str, Any], ...], int]:
    """Return the frames of a poll, not looked at yet, and how long it waits (seconds). Raises BadFrame."""
    try:
        poll = msgspec.convert(_loaded(body), _Poll)
    except msgspec.ValidationError as error:
        raise BadFrame(str(error)[:300]) from None
    return poll.frames, poll.wait


def frame_of(given: dict[str, Any]) -> FromPage:
    """Return one of the frames of a poll. Raises BadFrame."""
    return _frame(given)


def _frame(given: Any) -> FromPage:
    key = given.get("id") if isinstance(given, dict) else None
    key = key if isinstance(key, str) and len(key) <= 64 else None
    if isinstance(given, dict) and given.get("t") == "hello" and given.get("v") != VERSION:
        raise BadFrame(f"This server speaks version {VERSION}.", "version")
    try:
        frame: FromPage = msgspec.convert(given, FromPage)
    except msgspec.ValidationError as error:
        known = isinstance(given, dict) and key is not None
        raise BadFrame(str(error)[:300], "invalid" if known else "bad_frame", key) from None
    return frame


def _loaded(text: str | bytes) -> Any:
    """Strict JSON (RFC 8259): no name twice, no NaN, nothing that is no Unicode, nothing endless."""
    try:
        loaded = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
        json.dumps(loaded, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadFrame("This is not strict JSON.") from None
    return loaded


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _refused(name: str) -> Any:
    raise ValueError(name)
