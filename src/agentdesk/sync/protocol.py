"""What travels between a desk and its server: msgpack in binary WebSocket frames.

The desk speaks first (:class:`Hello`). The server answers :class:`Welcome` or :class:`Goodbye`, then sends
:class:`Batch` after batch; ``cursor`` is the server's own text, kept by the desk and given back in the next
hello. Commands go up in :class:`Push`, strictly by number; each is answered once (:class:`Answers`).
"""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

import msgspec

from agentdesk.commands.values import Answer, Envelope, Text
from agentdesk.sync.draft import Draft
from agentdesk.sync.frame import Frame as Frame
from agentdesk.sync.older import OlderPage, OlderWish
from agentdesk.sync.presence import Other, Writing
from agentdesk.sync.site_frames import FromSite, ToSite

PROTOCOL = 1
"""Raised with each change that an older desk would not understand; the server also speaks the one before."""

PRESENCE = "presence"
"""In ``can`` of hello and welcome: this side knows :class:`Here` and :class:`Others`; else none is sent."""

VISITORS = "visitors"
"""In ``can`` of hello and welcome: :class:`Others` names the customer of a chat also while they only have
their page open."""

PREVIEWS = "previews"
"""In ``can`` of a hello: this desk shows what a customer types before it is sent, where that may be seen."""

SHRINK = "shrink"
"""In ``can`` of a hello: this desk knows ``within`` of :class:`Batch`; others are filled anew instead."""
DRAFTS = "drafts"
"""The same for :class:`KeepDraft` and :class:`DraftKept`."""

ERASE = "erase"
"""In ``can`` of hello and welcome: this side knows :class:`Erase` and :class:`Erased`; else none is sent."""

OLDER = "older"
"""In ``can`` of the welcome: this server knows :class:`AskOlder`; else none is sent."""

SERVERS = "servers"
"""In ``can`` of a hello: the desk knows :class:`Servers`; else none is sent."""

MAX_FRAME_BYTES = 8 * 1024 * 1024
PING_SECONDS = 15.0


class Hello(Frame, frozen=True, tag="hello"):
    """The desk introduces itself. ``epoch`` and ``cursor`` are what it was last given, or None; ``can`` names
    what it knows beyond the protocol's version."""

    token: str
    desk_id: UUID
    protocol: int
    program: str
    epoch: str | None = None
    cursor: str | None = None
    can: tuple[str, ...] = ()


class Welcome(Frame, frozen=True, tag="welcome"):
    """The server accepts the desk. ``fresh`` tells it to empty its replica: everything comes anew.

    ``last_number`` is the number of the last command that the server has of this desk; ``can`` is as in the
    hello.
    """

    protocol: int
    program: str
    epoch: str
    user_id: UUID
    workspace: str
    fresh: bool
    last_number: int
    undo_seconds: int = 10
    can: tuple[str, ...] = ()


class Goodbye(Frame, frozen=True, tag="goodbye"):
    """The server refuses: ``code`` is ``auth``, ``protocol``, ``closing`` or ``slow``."""

    code: str
    reason: Text


class Rows(msgspec.Struct, frozen=True):
    """Rows of one table, as column name to value; ids are 16 bytes, moments are UTC microseconds."""

    table: str
    rows: tuple[dict[str, Any], ...]


class Departure(msgspec.Struct, frozen=True):
    """A row that this desk may no longer see, or that is gone."""

    table: str
    id: UUID


class Batch(Frame, frozen=True, tag="batch"):
    """Changes, in one snapshot of the database. ``own`` names this desk's commands that are contained.

    ``more`` says that the next batch follows at once; ``filling`` that a fill is under way, with ``done`` of
    ``total`` conversations. A cursor counts when a batch comes without ``more``, and with each page of a
    fill; those of the first fill have none (an empty text): it begins anew when it is cut off.

    ``within`` names all the inboxes that the desk still sees: what lies in others goes, before the batch's
    own rows are written.
    """

    cursor: str
    rows: tuple[Rows, ...] = ()
    departures: tuple[Departure, ...] = ()
    own: tuple[UUID, ...] = ()
    more: bool = False
    filling: bool = False
    done: int = 0
    total: int = 0
    within: tuple[UUID, ...] | None = None


class Push(Frame, frozen=True, tag="push"):
    """Commands of this desk, in order of their numbers."""

    commands: tuple[Envelope, ...]


class Answers(Frame, frozen=True, tag="answers"):
    """What became of commands, in the order in which they came."""

    answers: tuple[Answer, ...]


class Here(Frame, frozen=True, tag="here"):
    """Which conversation is open at the desk (None: none, or nobody looks), and what is being written there.
    ``watching`` is as in :class:`~agentdesk.sync.presence.Other`; only who may supervise is believed.

    Said on change and renewed; who says nothing for long counts as gone.
    """

    conversation_id: UUID | None = None
    writing: Writing = ""
    watching: bool = False


class Others(Frame, frozen=True, tag="others"):
    """Who else is at a conversation, all of them: it replaces what was said of it before."""

    conversation_id: UUID
    people: tuple[Other, ...] = ()


class Erase(Frame, frozen=True, tag="erase"):
    """A customer was erased: nothing may be left on this computer. Repeated until :class:`Erased` comes.

    ``ver`` is the version of the contact's row with which all that was to be erased has come.
    """

    erasure_id: UUID
    contact_id: UUID
    ver: int


class Erased(Frame, frozen=True, tag="erased"):
    """Nothing is left on this computer of what that erasure was about."""

    erasure_id: UUID


class KeepDraft(Frame, frozen=True, tag="keep_draft"):
    """What a person typed and did not send, as it stands now; None: it was sent or thrown away.

    ``edition`` names this text, ``based_on`` those that it may replace without a word: what the person had
    before them. With ``aside``, a text that was put aside has been looked at and may go. One at a time; each
    is answered.
    """

    conversation_id: UUID
    mode: str
    edition: UUID
    draft: Draft | None = None
    based_on: tuple[UUID, ...] = ()
    aside: bool = False


class DraftKept(Frame, frozen=True, tag="draft_kept"):
    """The server has taken note of an edition. Not ``kept``: it may not have it, the desk is to keep it."""

    edition: UUID
    kept: bool = True


class AskOlder(Frame, frozen=True, tag="ask_older"):
    """Conversations that this desk does not keep are wanted. A later one takes the place of those that wait;
    each of the others is answered by :class:`Older` with its number."""

    number: int
    wish: OlderWish


class Older(Frame, frozen=True, tag="older"):
    """What was asked for is on the desk, once the batches before this frame are; or why it is not given."""

    number: int
    page: OlderPage = OlderPage()
    refused: Text | None = None


class Servers(Frame, frozen=True, tag="servers"):
    """Where the team's servers can be reached, all of them: it replaces what was said before. Who connects
    through a load balancer is told of none."""

    addresses: tuple[str, ...] = ()


class Problem(Frame, frozen=True, tag="problem"):
    """Something the person at this desk should know, not tied to a command."""

    reason: Text


class Ping(Frame, frozen=True, tag="ping"):
    """Are you there? Sent by either side; answered by :class:`Pong`."""

    number: int = 0


class Pong(Frame, frozen=True, tag="pong"):
    number: int = 0


class Unknown(Frame, frozen=True, tag="unknown"):
    """Stands for a frame of a kind that this version does not know: it is passed over."""


FromDesk = Hello | Push | Here | KeepDraft | Erased | AskOlder | ToSite | Ping | Pong
FromServer = (
    Welcome
    | Goodbye
    | Batch
    | Answers
    | Others
    | FromSite
    | Servers
    | DraftKept
    | Erase
    | Older
    | Problem
    | Ping
    | Pong
)

_encoder: msgspec.msgpack.Encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_desk_decoder: msgspec.msgpack.Decoder[FromDesk] = msgspec.msgpack.Decoder(FromDesk)
_server_decoder: msgspec.msgpack.Decoder[FromServer] = msgspec.msgpack.Decoder(FromServer)


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    return _encoder.encode(frame)


class _Kind(msgspec.Struct, frozen=True):
    t: str


_kind_decoder: msgspec.msgpack.Decoder[_Kind] = msgspec.msgpack.Decoder(_Kind)
_KNOWN = frozenset(str(kind.__struct_config__.tag) for kind in (*get_args(FromDesk), *get_args(FromServer)))


def decode_from_desk(data: bytes) -> FromDesk | Unknown:
    """Return the frame in ``data``; raises msgspec.ValidationError or DecodeError."""
    try:
        return _desk_decoder.decode(data)
    except msgspec.ValidationError:
        return _passed_over(data)


def decode_from_server(data: bytes) -> FromServer | Unknown:
    """Return the frame in ``data``; raises msgspec.ValidationError or DecodeError."""
    try:
        return _server_decoder.decode(data)
    except msgspec.ValidationError:
        return _passed_over(data)


def _passed_over(data: bytes) -> Unknown:
    """What a newer program says beyond what we know; raises where we should have understood it."""
    kind = _kind_decoder.decode(data).t
    if kind in _KNOWN:
        raise msgspec.ValidationError(kind)
    return Unknown()
