"""Handing a message to the provider's server (RFC 5321, 6409), knowing at each step whether it can have left.

The message counts as handed over from the moment the final dot goes out: what fails before it has surely not
been sent, what the server answers after it is its decision, and silence after it leaves everything open.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, Rejected, Uncertain
from agentdesk.sdk.outbound import RefusedRecipient
from agentdesk_connectors.email.compose import Letter
from agentdesk_connectors.email.credentials import Credentials
from agentdesk_connectors.email.errors import (
    closed_without_word,
    no_starttls,
    smtp_refused,
    translated,
    words_of,
)
from agentdesk_connectors.email.network import tls_context
from agentdesk_connectors.email.settings import EmailSettings

CONNECT_SECONDS = 20.0
COMMAND_SECONDS = 60.0
SLOWEST_BYTES_PER_SECOND = 4000
"""A transfer slower than this, after a minute's grace, is given up."""
VERDICT_SECONDS = 300.0
"""How long a server may think about a message that it has in full; RFC 5321 suggests ten minutes."""
_FLUSH_POLL_SECONDS = 0.005
_METHODS = ("plain", "login", "cram-md5")
"""Ways to give a password, the simplest first: TLS protects them all alike."""


class Submission:
    """A connection to the server for outgoing mail, signed in."""

    def __init__(self, client: aiosmtplib.SMTP, settings: EmailSettings) -> None:
        self._client = client
        self._server = settings.smtp

    @property
    def size_limit(self) -> int:
        """Bytes that the server takes in one message; 0: it does not tell."""
        told = self._client.esmtp_extensions.get("size", "")
        return int(told) if told.isascii() and told.isdigit() else 0

    async def send(
        self, letter: Letter, must_be_ours: Callable[[], None] = lambda: None
    ) -> tuple[str, tuple[RefusedRecipient, ...]]:
        """Send, and return the server's words and the recipients it did not take.

        Raises Unreachable, RateLimited, AuthFailed (surely not sent), Rejected, Uncertain (perhaps sent), and
        what ``must_be_ours`` raises, which is called before the last byte leaves.
        """
        self._check(letter)
        with translated(self._server):
            refused = await self._envelope(letter)
            await self._start_data()
        await self._transfer(letter.stuffed)
        must_be_ours()
        return await self._verdict(), refused

    def _check(self, letter: Letter) -> None:
        if letter.international and not self._client.supports_extension("smtputf8"):
            raise Rejected(
                msg("{host} cannot send to an address with such letters.", host=self._server.host),
                hint=msg("Ask the customer for another address."),
            )
        too_large(len(letter.content), self.size_limit)

    async def _envelope(self, letter: Letter) -> tuple[RefusedRecipient, ...]:
        encoding = "utf-8" if letter.international else "ascii"
        options = [f"SIZE={len(letter.content)}"] if self.size_limit else []
        if letter.international:
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        await self._client.mail(letter.sender, options=options, encoding=encoding)
        refused: list[aiosmtplib.SMTPRecipientRefused] = []
        for recipient in letter.recipients:
            try:
                await self._client.rcpt(recipient, encoding=encoding)
            except aiosmtplib.SMTPRecipientRefused as error:
                refused.append(error)
        if len(refused) == len(letter.recipients):
            raise min(refused, key=lambda error: error.code)  # one that may work later decides
        return tuple(
            RefusedRecipient(error.recipient, words_of(f"{error.code} {error.message}")) for error in refused
        )

    async def _start_data(self) -> None:
        response = await self._client.execute_command(b"DATA", timeout=COMMAND_SECONDS)
        if response.code != aiosmtplib.SMTPStatus.start_input:
            raise aiosmtplib.SMTPDataError(response.code, response.message)

    async def _transfer(self, body: bytes) -> None:
        """Send everything but the final dot, and wait until it is on its way."""
        protocol = self._protocol()
        allowed = COMMAND_SECONDS + len(body) / SLOWEST_BYTES_PER_SECOND
        with translated(self._server):
            protocol.write(body)
            async with asyncio.timeout(allowed):
                while _unsent(protocol):  # noqa: ASYNC110 - the library tells in no other way
                    await asyncio.sleep(_FLUSH_POLL_SECONDS)
            if not protocol.is_connected:
                raise aiosmtplib.SMTPServerDisconnected("lost while the message was on its way")

    async def _verdict(self) -> str:
        """Send the final dot and return the server's words. From here on silence means: perhaps sent."""
        protocol = self._protocol()
        try:
            protocol.write(b".\r\n")
            response = await protocol.read_response(timeout=VERDICT_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Uncertain(
                msg("{host} did not confirm that it took the message.", host=self._server.host),
                msg("It is looked up before anything is sent again."),
            ) from error
        if 200 <= response.code < 300:
            return words_of(f"{response.code} {response.message}")
        raise smtp_refused(self._server, response.code, response.message)

    def _protocol(self) -> SMTPProtocol:
        if self._client.protocol is None:
            raise closed_without_word(self._server)
        return self._client.protocol


def _unsent(protocol: SMTPProtocol) -> bool:
    transport = protocol.transport
    return isinstance(transport, asyncio.WriteTransport) and transport.get_write_buffer_size() > 0


def too_large(size: int, limit: int) -> None:
    """Raise Rejected where a message of ``size`` bytes is over ``limit`` (0: unknown)."""
    if limit and size > limit:
        raise Rejected(
            msg(
                "The message is too large: {size} MB. The server takes {limit} MB.",
                size=round(size / 1e6, 1),
                limit=round(limit / 1e6, 1),
            ),
            hint=msg("Leave out a file, or send it in several messages."),
        )


@asynccontextmanager
async def submission(settings: EmailSettings, credentials: Credentials) -> AsyncIterator[Submission]:
    """Give a submission that is signed in. Raises Unreachable, RateLimited and AuthFailed."""
    async with connected(settings) as client:
        await sign_in(client, settings, credentials)
        yield Submission(client, settings)


@asynccontextmanager
async def connected(settings: EmailSettings) -> AsyncIterator[aiosmtplib.SMTP]:
    """Give a connection that is encrypted as the settings say. Raises Unreachable and RateLimited."""
    server = settings.smtp
    context = tls_context(settings.ca_file, verify=settings.verify) if server.security != "none" else None
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname="[127.0.0.1]",  # as other mail programs do: the computer's name is nobody's business
        use_tls=server.security == "tls",
        start_tls=False,
        tls_context=context,
        timeout=COMMAND_SECONDS,
    )
    try:
        with translated(server):
            await client.connect(timeout=CONNECT_SECONDS)
            await client.ehlo()
            if server.security == "starttls":
                if not client.supports_extension("starttls"):
                    raise no_starttls(server)
                await client.starttls()
                await client.ehlo()
        yield client
        _say_goodbye(client)
    finally:
        if isinstance(client.transport, asyncio.WriteTransport):
            client.transport.abort()
        client.close()


async def sign_in(client: aiosmtplib.SMTP, settings: EmailSettings, credentials: Credentials) -> None:
    """Sign in, unless the server wants no one to. Raises AuthFailed, Unreachable and RateLimited."""
    if not client.supports_extension("auth"):
        return
    offered = client.server_auth_methods
    wanted = _METHODS if credentials.tokens is None else ("xoauth2",)
    methods = {
        "plain": client.auth_plain,
        "login": client.auth_login,
        "cram-md5": client.auth_crammd5,
        "xoauth2": client.auth_xoauth2,
    }
    chosen = next((name for name in wanted if name in offered), None)
    if chosen is None:
        raise AuthFailed(
            msg("{host} offers no kind of sign-in that fits the settings.", host=settings.smtp.host),
            msg(
                "It offers: {names}. Check the port and the kind of encryption.",
                names=", ".join(offered) or "-",
            ),
        )

    async def attempt(secret: str) -> None:
        with translated(settings.smtp):
            await methods[chosen](settings.smtp.user, secret)

    await credentials.sign_in(attempt)


def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    """Say QUIT without waiting for the answer: the message is safe, and so is the receipt.

    The caller then aborts: closing would leave TLS waiting, up to 30 s, for the other side to close as well.
    """
    if client.protocol is not None and client.protocol.is_connected:
        client.protocol.write(b"QUIT\r\n")
