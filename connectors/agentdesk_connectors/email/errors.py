"""What goes wrong with servers, told in the contract's errors: foreign errors are translated here only."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import aiosmtplib

from agentdesk.base.text import Msg, msg
from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Unreachable
from agentdesk_connectors.email.imap import ImapClosed, ImapNonsense, ImapRefused, ImapWithheld
from agentdesk_connectors.email.settings import Endpoint

_PATIENCE_SECONDS = 120.0
_WORDS_SHOWN = 300
_BUSY_CODES = {"UNAVAILABLE", "INUSE", "SERVERBUG", "CONTACTADMIN"}
_TOO_MUCH_CODES = {"LIMIT", "THROTTLED", "OVERQUOTA"}
_TOO_MUCH = re.compile(
    r"too many|too much|rate limit|throttl|bandwidth|exceeded|try again later", re.IGNORECASE
)
_SIGN_IN_COMMANDS = {b"LOGIN", b"AUTHENTICATE"}


@contextmanager
def translated(server: Endpoint) -> Iterator[None]:
    """Raise what goes wrong with ``server`` inside as Unreachable, AuthFailed, RateLimited or Rejected."""
    try:
        yield
    except ImapRefused as error:
        raise _imap_refused(server, error) from error
    except ImapClosed as error:
        raise _closed(server, error.words) from error
    except ImapNonsense as error:
        raise not_this_protocol(server, "IMAP") from error
    except ImapWithheld as error:
        raise Unreachable(
            msg("{host} lists a message that it does not give out.", host=server.host)
        ) from error
    except aiosmtplib.SMTPException as error:
        raise _smtp(server, error) from error
    except OSError as error:
        raise _network(server, error) from error


def words_of(text: str) -> str:
    """Return a server's words fit to be shown: one line of bounded length."""
    return " ".join(text.split())[:_WORDS_SHOWN]


# --- IMAP ---


def _imap_refused(server: Endpoint, error: ImapRefused) -> ConnectorError:
    words = words_of(error.words)
    if error.code in _TOO_MUCH_CODES or (error.code in ("", "ALERT") and _TOO_MUCH.search(words)):
        return _too_much(server, words)
    if error.command in _SIGN_IN_COMMANDS and error.code not in _BUSY_CODES:
        return password_refused(words)
    if error.command == b"EXAMINE" and error.code not in _BUSY_CODES:
        return Unreachable(
            msg("The folder cannot be read. {host} said: {words}", host=server.host, words=words),
            msg("Check the folder's name in the account's settings, and that it still exists."),
        )
    if error.command == b"STARTTLS":
        return no_starttls(server)
    return Unreachable(msg("{host} refused a request. It said: {words}", host=server.host, words=words))


def password_refused(words: str) -> AuthFailed:
    """Return the error for a refused password; ``words`` are the server's."""
    hint = msg("The server said: {words}", words=words) if words else None
    return AuthFailed(
        msg("The server did not accept this password. Some providers need an app password."), hint
    )


def access_refused(refusal: AuthFailed) -> AuthFailed:
    """Return the error for a refused access token; ``refusal`` is what a password would have led to."""
    words = refusal.hint.args.get("words", "") if refusal.hint else ""
    return AuthFailed(
        msg("The server did not accept the sign-in. It said: {words}", words=words),
        msg("Sign in to the account again."),
    )


def _closed(server: Endpoint, words: str) -> ConnectorError:
    if not words:
        return closed_without_word(server)
    if _TOO_MUCH.search(words):
        return _too_much(server, words_of(words))
    return Unreachable(
        msg("{host} closed the connection. It said: {words}", host=server.host, words=words_of(words))
    )


def _too_much(server: Endpoint, words: str) -> RateLimited:
    return RateLimited(
        msg("{host} asks for a pause. It said: {words}", host=server.host, words=words),
        _PATIENCE_SECONDS,
        msg("If this goes on, another program may be using the same mailbox."),
    )


def not_this_protocol(server: Endpoint, protocol: str) -> Unreachable:
    """Return the error for a server that answers, but not in ``protocol``."""
    return Unreachable(
        msg(
            "{host} does not speak {protocol} on port {port}.",
            host=server.host,
            protocol=protocol,
            port=server.port,
        ),
        msg("Check the port and the kind of encryption."),
    )


def no_starttls(server: Endpoint) -> Unreachable:
    """Return the error for a server that cannot turn to TLS."""
    return Unreachable(
        msg("{host} does not offer STARTTLS on port {port}.", host=server.host, port=server.port),
        msg("Choose TLS with its own port, if the server has one."),
    )


# --- the network ---


def _network(server: Endpoint, error: OSError) -> Unreachable:
    host, port = server.host, server.port
    if isinstance(error, socket.gaierror):
        return Unreachable(
            msg("There is no server named {host}.", host=host),
            msg("Check the name for typing errors, and this computer's connection."),
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_refused(server, error.verify_message)
    if isinstance(error, ssl.SSLError):
        return _no_tls(server, error)
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(
            msg("{host} takes no connections on port {port}.", host=host, port=port),
            msg("Check the port and the kind of encryption."),
        )
    if isinstance(error, TimeoutError):
        return Unreachable(
            msg("{host} does not answer on port {port}.", host=host, port=port),
            msg("Check the port, and whether a firewall is in between."),
        )
    if isinstance(error, ConnectionError):
        return closed_without_word(server)
    reason = words_of(error.strerror or str(error))
    return Unreachable(msg("{host} cannot be reached: {reason}", host=host, reason=reason))


def closed_without_word(server: Endpoint) -> Unreachable:
    """Return the error for a connection that broke."""
    return Unreachable(
        msg("{host} closed the connection on port {port}.", host=server.host, port=server.port)
    )


def certificate_refused(server: Endpoint, reason: str) -> Unreachable:
    """Return the error for a certificate that does not prove who the server is."""
    return Unreachable(
        msg(
            "The certificate of {host} cannot be trusted: {reason}.",
            host=server.host,
            reason=reason.rstrip("."),
        ),
        msg("Check the server's name. If the server has its own authority, give its file in the settings."),
    )


def _no_tls(server: Endpoint, error: ssl.SSLError) -> Unreachable:
    if error.reason in (
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "HTTP_REQUEST",
        "PACKET_LENGTH_TOO_LONG",
    ):
        return Unreachable(
            msg("{host} does not speak TLS at once on port {port}.", host=server.host, port=server.port),
            msg("Choose STARTTLS, or the port for TLS."),
        )
    reason = words_of(error.reason or str(error))
    return Unreachable(
        msg("No encrypted connection to {host} came about: {reason}", host=server.host, reason=reason),
        msg("The server may be too old for today's encryption."),
    )


# --- SMTP ---


def _smtp(server: Endpoint, error: aiosmtplib.SMTPException) -> ConnectorError:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        if error.code == aiosmtplib.SMTPStatus.invalid_response:
            return not_this_protocol(server, "SMTP")
        if isinstance(error, aiosmtplib.SMTPConnectResponseError | aiosmtplib.SMTPHeloError):
            return _closed(server, words_of(f"{error.code} {error.message}"))
        signing_in = isinstance(error, aiosmtplib.SMTPAuthenticationError)
        return smtp_refused(server, error.code, error.message, signing_in=signing_in)
    if isinstance(error.__cause__, OSError):
        return _network(server, error.__cause__)
    if isinstance(error, TimeoutError):
        return _network(server, error)
    return closed_without_word(server)


def smtp_refused(server: Endpoint, code: int, words: str, *, signing_in: bool = False) -> ConnectorError:
    """Return the error for an SMTP reply that is no success (RFC 5321 section 4.2, RFC 3463)."""
    answer = words_of(f"{code} {words}")
    if 400 <= code < 500:
        return _smtp_later(server, words, answer)
    if code == 530 and "STARTTLS" in words.upper():
        return Unreachable(
            msg("{host} wants an encrypted connection.", host=server.host),
            msg("Choose TLS or STARTTLS for outgoing mail."),
        )
    if signing_in or code in (530, 534, 535):
        return password_refused(answer)
    if "5.4.5" in words:  # a daily limit, told as if for good
        return RateLimited(_wait(server, answer), 3600)
    return Rejected(
        msg("{host} refused the message. It said: {words}", host=server.host, words=answer), answer
    )


def _smtp_later(server: Endpoint, words: str, answer: str) -> ConnectorError:
    limited = re.match(r"4\.(7\.28|5\.3|4\.5)\b", words) or _TOO_MUCH.search(words)
    if limited:
        return RateLimited(_wait(server, answer), _PATIENCE_SECONDS)
    return Unreachable(_wait(server, answer))


def _wait(server: Endpoint, answer: str) -> Msg:
    return msg("{host} cannot take the message now. It said: {words}", host=server.host, words=answer)


# --- the web ---


@contextmanager
def translated_web(host: str) -> Iterator[None]:
    """Raise what goes wrong with a request to ``host`` inside as Unreachable."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unreachable(
            msg("{host} does not answer.", host=host), msg("It is asked again by itself in a while.")
        ) from error
