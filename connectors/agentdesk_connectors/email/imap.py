"""One IMAP connection: the commands that reading a mailbox needs (RFC 3501, 2177, 4959, 6154).

It blocks and belongs to one thread at a time; only ``abort`` may be called from another. Nothing here changes
a message: folders are opened with EXAMINE and bodies fetched with PEEK.
"""

from __future__ import annotations

import base64
import contextlib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agentdesk_connectors.email.imap_syntax import (
    Literal,
    SyntaxTrouble,
    Value,
    astring,
    date_time,
    decode_mailbox,
    encode_mailbox,
    internal_date,
    numbers,
    parse,
    parse_fetch,
    parse_status,
    uid_set,
)
from agentdesk_connectors.email.imap_wire import (
    ANSWER_SECONDS,
    IDLE_ANSWER_SECONDS,
    ImapClosed,
    ImapError,
    ImapNonsense,
    ImapRefused,
    ImapWire,
    ImapWithheld,
    Response,
)

__all__ = [
    "Folder",
    "FolderState",
    "ImapClosed",
    "ImapConnection",
    "ImapError",
    "ImapNonsense",
    "ImapRefused",
    "ImapWithheld",
    "Listed",
]


@dataclass(frozen=True, slots=True)
class FolderState:
    """What EXAMINE told: how many messages, and the two numbers that give UIDs their meaning.

    ``uidnext`` is 0 where the server does not tell it.
    """

    exists: int
    uidvalidity: int
    uidnext: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in the folder: its UID, size in bytes and time of arrival (UTC) as far as the server told."""

    uid: int
    size: int | None
    arrived: datetime | None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in LIST: its name, and its attributes in small letters (``\\sent``)."""

    name: str
    attributes: frozenset[str]


class ImapConnection(ImapWire):
    """A connection, at first with its greeting unread. See the module.

    Every command raises ImapRefused where the server says NO or BAD, ImapClosed where it goes away,
    ImapNonsense where it does not speak IMAP, and OSError where the network fails.
    """

    # --- signing in ---

    def greet(self) -> None:
        """Read the greeting; raises ImapClosed where the server turns us away."""
        response = self._read_response()
        status = parse_status(response[0][2:]) if response[0].startswith(b"* ") else None
        if status is None:
            raise ImapNonsense("the greeting is not IMAP")
        if status.kind == b"BYE":
            raise ImapClosed(status.words)
        self._note_status(status)
        if not self.capabilities:
            self._command(b"CAPABILITY")

    def starttls(self, context: ssl.SSLContext, host: str) -> None:
        """Ask for TLS and go on under it."""
        self._command(b"STARTTLS")
        self.encrypt(context, host)
        self._command(b"CAPABILITY")

    def login(self, user: str, password: str) -> None:
        """Sign in with a password."""
        if b"LOGINDISABLED" in self.capabilities and b"AUTH=PLAIN" in self.capabilities:
            self._authenticate(b"PLAIN", f"\0{user}\0{password}".encode())
        else:
            self._command(b"LOGIN", astring(user.encode()), astring(password.encode()))
        self._signed_in()

    def login_xoauth2(self, user: str, token: str) -> None:
        """Sign in with an OAuth2 access token (SASL XOAUTH2)."""
        self._authenticate(b"XOAUTH2", f"user={user}\1auth=Bearer {token}\1\1".encode())
        self._signed_in()

    def _authenticate(self, mechanism: bytes, secret: bytes) -> None:
        initial = base64.b64encode(secret)
        if b"SASL-IR" in self.capabilities:
            tag = self._send(b"AUTHENTICATE", mechanism, initial)
        else:
            tag = self._send(b"AUTHENTICATE", mechanism)
            self._await_continuation(tag, b"AUTHENTICATE")
            self._write(initial + b"\r\n")
        if self._await_continuation(tag, b"AUTHENTICATE", optional=True):
            self._write(b"\r\n")  # it told the reason of a refusal; an empty line has it say NO
            self._finish(tag, b"AUTHENTICATE")

    def _signed_in(self) -> None:
        self._command(b"CAPABILITY")
        if b"ID" in self.capabilities:  # some providers open no folder for a client without a name
            with contextlib.suppress(ImapRefused):
                self._command(b"ID", b'("name" "AgentDesk")')

    def logout(self) -> None:
        """Say goodbye and close; a connection that is gone already is no trouble."""
        with contextlib.suppress(OSError, ImapError):
            self._socket.settimeout(IDLE_ANSWER_SECONDS)
            self._command(b"LOGOUT")
        self.close()

    # --- folders ---

    def examine(self, folder: str) -> FolderState:
        """Open ``folder`` for reading only."""
        validity = uidnext = 0
        self.exists = 0
        for response in self._command(b"EXAMINE", astring(encode_mailbox(folder))):
            status = parse_status(response[0][2:])
            name, _, value = (status.code if status else b"").partition(b" ")
            if name == b"UIDVALIDITY" and value.isdigit():
                validity = int(value)
            elif name == b"UIDNEXT" and value.isdigit():
                uidnext = int(value)
        self.news = False
        return FolderState(self.exists, validity, uidnext)

    def folders(self) -> list[Folder]:
        """Return all folders, with their special use where the server tells it (RFC 6154)."""
        extended = {b"SPECIAL-USE", b"LIST-EXTENDED"} <= self.capabilities
        extra = (b"RETURN", b"(SPECIAL-USE)") if extended else ()
        found: list[Folder] = []
        for response in self._command(b"LIST", b'""', b'"*"', *extra):
            if response[0][:7].upper() != b"* LIST ":
                continue
            values = self._values(response)
            attributes, name = (values[2], values[4]) if len(values) > 4 else (None, None)
            if isinstance(attributes, list) and isinstance(name, bytes):
                words = (word.decode("ascii", "replace") for word in attributes if isinstance(word, bytes))
                found.append(Folder(decode_mailbox(name), frozenset(word.lower() for word in words)))
        return found

    def create(self, folder: str) -> None:
        """Make a new folder."""
        self._command(b"CREATE", astring(encode_mailbox(folder)))

    def append(self, folder: str, message: bytes, arrived: datetime) -> None:
        """Add ``message`` to ``folder``, marked as read."""
        name = astring(encode_mailbox(folder))
        self._command(b"APPEND", name, b"(\\Seen)", date_time(arrived), Literal(message))

    # --- messages of the folder that is open ---

    def search(self, *criteria: bytes | Literal) -> list[int]:
        """Return the UIDs of the messages that match, ascending."""
        found: list[int] = []
        for response in self._command(b"UID SEARCH", *criteria):
            if response[0][:8].upper() == b"* SEARCH":
                found += numbers(response[0][8:].split())
        return sorted(set(found))

    def list_from(self, uid: int) -> list[Listed]:
        """Return the messages whose UID is ``uid`` or higher, ascending."""
        return [listed for listed in self._list(b"%d:*" % uid) if listed.uid >= uid]

    def list_uids(self, uids: Sequence[int]) -> list[Listed]:
        """Return the messages among ``uids`` (ascending) that are there, ascending."""
        wanted = set(uids)
        return [listed for listed in self._list(uid_set(uids)) if listed.uid in wanted] if uids else []

    def _list(self, uids: bytes) -> list[Listed]:
        found: dict[int, Listed] = {}
        for items in self._fetch(uids, b"(UID RFC822.SIZE INTERNALDATE)"):
            uid, size = _number(items.get(b"UID")), _number(items.get(b"RFC822.SIZE"))
            if uid is not None:
                found[uid] = Listed(uid, size, internal_date(items.get(b"INTERNALDATE")))
        return [found[uid] for uid in sorted(found)]

    def bodies(self, uids: Sequence[int], *, first: int | None = None) -> dict[int, bytes]:
        """Return messages by UID, whole or only their ``first`` bytes. Those that are gone are missing."""
        part = b"(UID BODY.PEEK[])" if first is None else b"(UID BODY.PEEK[]<0.%d>)" % first
        return self._contents(uids, part)

    def headers(self, uids: Sequence[int], *names: bytes) -> dict[int, bytes]:
        """Return the headers of messages by UID: all of them, or those with ``names``."""
        what = b"HEADER.FIELDS (%s)" % b" ".join(names) if names else b"HEADER"
        return self._contents(uids, b"(UID BODY.PEEK[%s])" % what)

    def _contents(self, uids: Sequence[int], items: bytes) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for answer in self._fetch(uid_set(uids), items):
            uid = _number(answer.get(b"UID"))
            contents = (value for name, value in answer.items() if name.startswith(b"BODY["))
            content = next(contents, None)
            if uid is not None and isinstance(content, bytes):
                found[uid] = content
        return found

    def _fetch(self, uids: bytes, items: bytes) -> list[dict[bytes, Value]]:
        responses = self._command(b"UID FETCH", uids, items)
        try:
            return [parse_fetch(response) for response in responses if _is_fetch(response)]
        except SyntaxTrouble as error:
            raise ImapNonsense(str(error)) from error

    def _values(self, response: Response) -> list[Value]:
        try:
            return parse(response)
        except SyntaxTrouble as error:
            raise ImapNonsense(str(error)) from error

    # --- waiting ---

    def idle(self, seconds: float) -> None:
        """Wait until the server tells of a new message (RFC 2177), at most ``seconds``; ``abort`` ends it."""
        deadline = time.monotonic() + seconds
        tag = self._send(b"IDLE")
        try:
            self._await_continuation(tag, b"IDLE")
        except ImapRefused:  # promised and not kept: do without from now on
            self.capabilities -= {b"IDLE"}
            return
        while not self.news and self._pause(deadline):
            self._note(self._read_response())
        self._socket.settimeout(IDLE_ANSWER_SECONDS)
        self._write(b"DONE\r\n")
        self._finish(tag, b"IDLE")
        self._socket.settimeout(ANSWER_SECONDS)

    def pause(self, seconds: float) -> None:
        """Wait ``seconds``, or until something new was told meanwhile; ``abort`` ends it."""
        deadline = time.monotonic() + seconds
        while not self.news and self._pause(deadline):
            self._note(self._read_response())

    def _pause(self, deadline: float) -> bool:
        """Wait for the server to say anything; return whether it did before ``deadline``."""
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            if not self._reader.peek(1):
                self._end()
        except TimeoutError:
            return False
        finally:
            self._socket.settimeout(ANSWER_SECONDS)
        return True


def _is_fetch(response: Response) -> bool:
    words = response[0][:40].split(b" ", 3)
    return len(words) > 2 and words[1].isdigit() and words[2].upper() == b"FETCH"


def _number(value: Value) -> int | None:
    return int(value) if isinstance(value, bytes) and value.isdigit() else None
