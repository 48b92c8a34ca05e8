"""The wire under one IMAP connection: commands go out, responses come in (RFC 3501, RFC 7888).

It blocks and belongs to one thread at a time; only `ImapWire.abort` may be called from another.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import socket
import ssl
from typing import NoReturn

from agentdesk_connectors.email.imap_syntax import Literal, Status, literal_size, parse_status

ANSWER_SECONDS = 60.0
"""Silence after which a server that owes an answer counts as gone."""
IDLE_ANSWER_SECONDS = 20.0
"""The same for the end of IDLE: nothing is quicker, so this finds half-open connections early."""
LARGEST_LITERAL = 64 << 20
"""Bytes kept of one literal, whatever the server sends: more than the largest message stored whole."""
_LONGEST_LINE = 64 << 20
_BUFFER = 1 << 18
_CHUNK = 1 << 20


class ImapError(Exception):
    """What this module raises besides OSError."""


class ImapRefused(ImapError):
    """The server answered NO or BAD. ``code`` is the response code in capitals (RFC 5530)."""

    def __init__(self, command: bytes, status: Status) -> None:
        super().__init__(f"{command.decode('ascii', 'replace')}: {status.kind.decode()} {status.words}")
        self.command = command
        self.code = status.code.partition(b" ")[0].decode("ascii", "replace")
        self.words = status.words


class ImapClosed(ImapError):
    """The server ended the connection; ``words`` are those of its BYE, if it said one."""

    def __init__(self, words: str = "") -> None:
        super().__init__(words or "connection closed")
        self.words = words


class ImapNonsense(ImapError):
    """The server sent what is not IMAP."""


class ImapWithheld(ImapError):
    """The server says OK, but leaves out a message that it has."""


Response = list[bytes]
"""One response: text and literal in turns, text first; the line end is cut off."""


class _SocketReader(io.RawIOBase):
    """A socket as a raw stream that, unlike ``makefile``, can be read again after a time-out."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._socket.recv_into(buffer)


class ImapWire:
    """Sends commands and reads responses, taking notice of what the server says by itself."""

    def __init__(self, sock: socket.socket) -> None:
        self.capabilities: frozenset[bytes] = frozenset()
        self.exists = 0
        """How many messages the open folder holds, as far as the server has told."""
        self.news = False
        """The server spoke of a new message since this was last set to False."""
        self._bye = ""
        self._tags = itertools.count(1)
        self._use(sock)

    def _use(self, sock: socket.socket) -> None:
        sock.settimeout(ANSWER_SECONDS)
        self._socket = sock
        self._reader = io.BufferedReader(_SocketReader(sock), _BUFFER)

    def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS. What came in the clear and was not read yet is dropped: it may be injected."""
        sock = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._use(sock)
        sock.do_handshake()

    def abort(self) -> None:
        """End every call that is under way in another thread, at once. May be called from any thread."""
        with contextlib.suppress(OSError):  # the plain socket: TLS has no business in another thread
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket. Only when no call is under way."""
        self.abort()
        self._socket.close()

    # --- commands and responses ---

    def _command(self, name: bytes, *arguments: bytes | Literal) -> list[Response]:
        """Send a command and return the untagged responses to it. Raises ImapRefused for NO and BAD."""
        return self._finish(self._send(name, *arguments), name)

    def _send(self, name: bytes, *arguments: bytes | Literal) -> bytes:
        tag = b"A%d" % next(self._tags)
        line = tag + b" " + name
        for argument in arguments:
            if isinstance(argument, bytes):
                line += b" " + argument
                continue
            plus = b"+" if b"LITERAL+" in self.capabilities else b""
            self._write(line + b" {%d%s}\r\n" % (len(argument.content), plus))
            if not plus:
                self._await_continuation(tag, name)
            self._write(argument.content)
            line = b""
        self._write(line + b"\r\n")
        return tag

    def _write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _await_continuation(self, tag: bytes, name: bytes, *, optional: bool = False) -> bool:
        """Read up to ``+`` and say whether it came; OK in its place is right only if ``optional``."""
        while True:
            response = self._read_response()
            if response[0][:1] == b"+":
                return True
            if response[0].startswith(tag + b" "):
                self._check(response, tag, name)
                if optional:
                    return False
                raise ImapNonsense(f"{name.decode()} was answered before it was complete")
            self._note(response)

    def _finish(self, tag: bytes, name: bytes) -> list[Response]:
        responses: list[Response] = []
        while True:
            response = self._read_response()
            if response[0].startswith(tag + b" "):
                self._check(response, tag, name)
                return responses
            self._note(response)
            responses.append(response)

    def _check(self, response: Response, tag: bytes, name: bytes) -> None:
        status = parse_status(response[0][len(tag) + 1 :])
        if status is None:
            raise ImapNonsense(f"no result for {name.decode()}")
        self._note_status(status)
        if status.kind != b"OK":
            raise ImapRefused(name, status)

    def _note(self, response: Response) -> None:
        """Take notice of what the server says by itself."""
        if len(response) > 1 or not response[0].startswith(b"* "):
            return
        text = response[0][2:]
        number, _, word = text.partition(b" ")
        if number.isdigit():
            if word[:6].upper() == b"EXISTS":
                self.news = self.news or int(number) > self.exists
                self.exists = int(number)
            elif word[:7].upper() == b"EXPUNGE":
                self.exists = max(0, self.exists - 1)
        elif text[:11].upper() == b"CAPABILITY ":
            self.capabilities = frozenset(text[11:].upper().split())
        elif (status := parse_status(text)) is not None:
            self._note_status(status)

    def _note_status(self, status: Status) -> None:
        if status.kind == b"BYE":
            self._bye = status.words
        elif status.code.startswith(b"CAPABILITY "):
            self.capabilities = frozenset(status.code[11:].split())

    def _read_response(self) -> Response:
        parts: Response = []
        while True:
            line = self._reader.readline(_LONGEST_LINE)
            if not line.endswith(b"\n"):
                if len(line) < _LONGEST_LINE:
                    self._end()
                raise ImapNonsense("a line without an end")
            size = literal_size(line)
            if size is None:
                parts.append(line.rstrip(b"\r\n"))
                return parts
            parts.append(line[: line.rindex(b"{")])
            parts.append(self._read_literal(size))

    def _read_literal(self, size: int) -> bytes:
        """Read ``size`` bytes, keeping no more than `LARGEST_LITERAL` of them."""
        kept = self._read(min(size, LARGEST_LITERAL))
        beyond = size - len(kept)
        while beyond:
            beyond -= len(self._read(min(beyond, _CHUNK)))
        return kept

    def _read(self, size: int) -> bytes:
        data = self._reader.read(size)
        if len(data) < size:
            self._end()
        return data

    def _end(self) -> NoReturn:
        raise ImapClosed(self._bye)
