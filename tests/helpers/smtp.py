"""A real, strict SMTP server with faults on a switch.

It wants authentication, offers STARTTLS, SIZE and SMTPUTF8, refuses unknown recipients of its own domain,
records every envelope it takes, and delivers to local mailboxes. It runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import base64
import enum
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, AnyStr, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.helpers.certificates import Certificates
from tests.helpers.loop_thread import LoopThread

LOCAL_DOMAIN = "desk.test"
SIZE_LIMIT = 40_000_000
_MISSING_AUTH = "530 5.7.0 Authentication required"


class Recipient(Protocol):
    """What the server needs to know of a mailbox on its own domain."""

    @property
    def address(self) -> str: ...

    password: str

    def deliver(self, message: bytes, folder: str = ..., *, seen: bool = ...) -> None: ...


class PostOffice:
    """The local mailboxes by address. A plus part (``name+detail@``) leads to the mailbox without it."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, Recipient] = {}

    def add(self, mailbox: Recipient) -> None:
        """Make a mailbox reachable by mail, and let its user send."""
        self._mailboxes[mailbox.address.lower()] = mailbox

    def find(self, address: str) -> Recipient | None:
        """Return the mailbox behind an address, or None."""
        local, _, domain = address.lower().rpartition("@")
        return self._mailboxes.get(f"{local.partition('+')[0]}@{domain}")


class Cut(enum.Enum):
    """Where a connection breaks off without a word."""

    AT_CONNECT = enum.auto()
    BEFORE_DATA = enum.auto()
    """When the client asks to send the message."""
    AFTER_DATA = enum.auto()
    """The message was taken and delivered; the answer never comes."""


@dataclass(slots=True)
class Faults:
    """What goes wrong. Replies are full SMTP replies, such as ``"451 4.3.0 come back later"``."""

    times: int | None = None
    """How many faults happen before all is well again; None: until `SmtpServer.heal`."""
    auth_reply: str | None = None
    sender_reply: str | None = None
    recipient_replies: dict[str, str] = field(default_factory=dict)
    """By address; ``*`` stands for every recipient."""
    data_reply: str | None = None
    """Answers the whole message after it was transferred; it is not taken."""
    silent_after_data: bool = False
    """Takes and delivers the message, then never answers: the client runs into its time-out."""
    cut: Cut | None = None
    byte_delay: float = 0.0
    """Seconds between the bytes of every reply (not counted in `times`)."""
    on_data: Callable[[], None] | None = None
    """Is called, in the server's thread, when a client asks to send a message, before it is let."""

    def happens(self, fault: object) -> bool:
        """Say whether a configured fault takes effect now, and count it."""
        if not fault or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Received:
    """One message as the server took it."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    user: str
    encrypted: bool
    options: tuple[str, ...]
    """The parameters of MAIL FROM, such as ``SMTPUTF8`` and ``SIZE=123``."""
    at: float
    """When, in seconds since 1970."""


class SmtpServer:
    """A running server on 127.0.0.1: ``port`` with STARTTLS, ``tls_port`` under TLS from the first byte."""

    host = "127.0.0.1"

    def __init__(self, certificates: Certificates, post_office: PostOffice | None = None) -> None:
        self.certificate_authority = certificates.authority
        self.post_office = post_office or PostOffice()
        self.user = f"sender@{LOCAL_DOMAIN}"
        self.password = secrets.token_urlsafe(9)
        self.access_tokens: dict[str, str] = {}
        """OAuth2 access tokens that are accepted, with their users."""
        self.saves_sent = False
        """Copy what a local user sends into that user's Sent folder, as some large providers do."""
        self.faults = Faults()
        self.received: list[Received] = []
        self.transfers = 0
        """How many messages clients began to transfer, taken or not."""
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificates.certificate, certificates.key)
        self._thread = LoopThread("smtp")
        self._servers: list[asyncio.Server] = []
        self._connections: set[_Connection] = set()
        self.port = self.tls_port = 0
        self.start()

    def start(self) -> None:
        """Listen, on the same ports as before a `stop`."""
        self._thread.run(self._start())

    async def _start(self) -> None:
        plain = await self._thread.loop.create_server(
            lambda: self._connection(self._tls), self.host, self.port
        )
        tls = await self._thread.loop.create_server(
            lambda: self._connection(None), self.host, self.tls_port, ssl=self._tls
        )
        self.port, self.tls_port = (server.sockets[0].getsockname()[1] for server in (plain, tls))
        self._servers = [plain, tls]

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        self._thread.run(self._stop())

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        for connection in tuple(self._connections):
            connection.abort()
        self._servers.clear()

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._thread.close()

    def heal(self) -> None:
        """Take back every fault."""
        self.faults = Faults()

    def knows(self, user: str, password: str) -> bool:
        """Say whether this user may log in with this password."""
        if user == self.user:
            return password == self.password
        mailbox = self.post_office.find(user)
        return mailbox is not None and mailbox.password == password

    def _connection(self, starttls: ssl.SSLContext | None) -> _Connection:
        return _Connection(
            _Handler(self),
            on_change=self._connection_changed,
            faults=lambda: self.faults,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="mail.desk.test",
            ident="test server",
            tls_context=starttls,
            auth_require_tls=False,
            authenticator=self._authenticate,
            loop=self._thread.loop,
        )

    def _connection_changed(self, connection: _Connection, is_open: bool) -> None:
        (self._connections.add if is_open else self._connections.discard)(connection)

    def _authenticate(
        self, _smtp: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, credentials: Any
    ) -> AuthResult:
        # "handled" must be false on failure: the library then writes the reply itself.
        if self.faults.happens(self.faults.auth_reply):
            return AuthResult(success=False, handled=False, message=self.faults.auth_reply)
        assert isinstance(credentials, LoginPassword)
        user, password = credentials.login.decode(), credentials.password.decode()
        return AuthResult(success=self.knows(user, password), handled=False, auth_data=user)


class _Connection(SMTP):
    """One client. Adds what the library lacks: cutting a connection, and slow replies."""

    def __init__(
        self,
        handler: _Handler,
        *,
        on_change: Callable[[_Connection, bool], None],
        faults: Callable[[], Faults],
        **settings: Any,
    ) -> None:
        super().__init__(handler, **settings)
        self._on_change = on_change
        self._faults = faults

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._on_change(self, True)
        faults = self._faults()
        if faults.cut is Cut.AT_CONNECT and faults.happens(faults.cut):
            self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._on_change(self, False)
        super().connection_lost(error)

    @property
    def encrypted(self) -> bool:
        """Whether the connection is under TLS, by STARTTLS or from the first byte."""
        return self.transport is not None and self.transport.get_extra_info("ssl_object") is not None

    def abort(self) -> None:
        """Cut the connection: what was not sent yet is thrown away."""
        transport = self.transport
        if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
            transport.abort()

    async def smtp_DATA(self, arg: str) -> None:
        faults = self._faults()
        if faults.cut is Cut.BEFORE_DATA and faults.happens(faults.cut):
            self.abort()
            return
        if faults.on_data is not None:
            faults.on_data()
        await super().smtp_DATA(arg)

    async def push(self, status: AnyStr) -> None:
        delay = self._faults().byte_delay
        if not delay:
            await super().push(status)
            return
        reply: Any = status
        for byte in (reply.encode() if isinstance(reply, str) else reply) + b"\r\n":
            self._writer.write(bytes([byte]))
            await asyncio.sleep(delay)


class _Handler:
    """What the server answers to each command."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # named by the mechanism
        """Check a bearer token (Google's and Microsoft's XOAUTH2)."""
        answer = args[1].encode() if len(args) > 1 else await server.challenge_auth("")
        if not isinstance(answer, bytes):
            return AuthResult(success=False, handled=False)
        text = base64.b64decode(answer).decode() if len(args) > 1 else answer.decode()
        fields = dict(part.split("=", 1) for part in text.split("\x01") if "=" in part)
        token = fields.get("auth", "").removeprefix("Bearer ")
        user = self._server.access_tokens.get(token)
        return AuthResult(
            success=user is not None and user == fields.get("user"), handled=False, auth_data=user
        )

    async def handle_MAIL(
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return _MISSING_AUTH
        faults = self._server.faults
        if faults.sender_reply and faults.happens(faults.sender_reply):
            return faults.sender_reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender ok"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        faults = self._server.faults
        reply = faults.recipient_replies.get(address) or faults.recipient_replies.get("*")
        if reply and faults.happens(reply):
            return reply
        if address.lower().endswith(f"@{LOCAL_DOMAIN}") and self._server.post_office.find(address) is None:
            return f"550 5.1.1 <{address}>: there is no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 recipient ok"

    async def handle_DATA(self, server: _Connection, session: Session, envelope: Envelope) -> str:
        faults = self._server.faults
        self._server.transfers += 1
        if faults.data_reply and faults.happens(faults.data_reply):
            return faults.data_reply
        self._take(server, session, envelope)
        if faults.cut is Cut.AFTER_DATA and faults.happens(faults.cut):
            server.abort()
        elif faults.silent_after_data and faults.happens(True):
            await asyncio.Event().wait()
        return "250 2.0.0 taken"

    def _take(self, server: _Connection, session: Session, envelope: Envelope) -> None:
        content: bytes = envelope.original_content or b""
        sender = envelope.mail_from or ""
        user: Any = session.auth_data  # what an authenticator put there; None without one
        trace = (
            f"Return-Path: <{sender}>\r\n"
            f"Received: from client by mail.desk.test with ESMTPA id {secrets.token_hex(5)}\r\n"
        )
        for recipient in envelope.rcpt_tos:
            mailbox = self._server.post_office.find(recipient)
            if mailbox is not None:
                mailbox.deliver(trace.encode() + content)
        author = self._server.post_office.find(user or "")
        if self._server.saves_sent and author is not None:
            author.deliver(content, "Sent", seen=True)
        self._server.received.append(
            Received(
                sender=sender,
                recipients=tuple(envelope.rcpt_tos),
                content=content,
                user=user or "",
                encrypted=server.encrypted,
                options=tuple(envelope.mail_options),
                at=time.time(),
            )
        )
