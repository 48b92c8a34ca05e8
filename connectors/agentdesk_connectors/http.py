"""What all connectors share that ask a service over HTTP: origins, bounded bodies, and what goes wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import aiohttp

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected, Unreachable
from agentdesk.sdk.schema import Field

__all__ = [
    "HOST",
    "Connected",
    "Gone",
    "Interrupted",
    "Nonsense",
    "is_loopback",
    "origin",
    "read_whole",
    "translated",
]

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?")
"""The name of a host, in lower case."""
_LARGEST_ANSWER = 8 * 1024 * 1024
_SECONDS, _CONNECT_SECONDS = 30.0, 10.0
_AGENT = "AgentDesk (+https://agentdesk.example)"


class Gone(Rejected):
    """What was asked for is not there, or not for us to see."""


class Interrupted(Unreachable):
    """There was no answer: whether the service has done what it was asked to is not known."""


class Nonsense(Unreachable):
    """There was an answer that cannot be understood: what the service has done is not known either."""


class Connected:
    """Whoever asks one service over HTTP: its connections are made when the first one is needed, and a call
    that says nothing else may take 30 seconds."""

    _session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections to the service."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_SECONDS, sock_connect=_CONNECT_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": _AGENT})
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


@contextmanager
def translated(host: str) -> Iterator[None]:
    """Raise what goes wrong with a request to ``host`` inside as Unreachable; as Interrupted where the
    request may have arrived."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise Unreachable(msg("The certificate of {host} cannot be trusted.", host=host)) from error
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(
            msg("{host} cannot be reached.", host=host),
            msg("Check the account's address, and this computer's connection."),
        ) from error
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise Interrupted(
            msg("{host} does not answer.", host=host), msg("It is asked again by itself in a while.")
        ) from error


async def read_whole(response: aiohttp.ClientResponse, most: int = _LARGEST_ANSWER) -> bytes | None:
    """Return the whole body, or None where it is larger than ``most`` bytes."""
    pieces = bytearray()
    async for piece in response.content.iter_chunked(1 << 16):
        pieces += piece
        if len(pieces) > most:
            response.close()
            return None
    return bytes(pieces)


def origin(given: str, field: Field) -> str:
    """Return the scheme, host and port that a person gave for ``field``, with no slash at the end; without
    encryption on this computer only. Raises Invalid, naming the field."""
    if "://" not in given:
        given = f"https://{given}"
    try:
        parts = urlsplit(given.strip().rstrip("/"))
        port = parts.port
    except ValueError:
        raise _unusable(field, given) from None
    host = (parts.hostname or "").lower()
    plain = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if not plain or not HOST.fullmatch(host) or parts.scheme not in ("https", "http"):
        raise _unusable(field, given)
    if parts.scheme == "http" and not is_loopback(host):
        raise Invalid(msg("{host} must be reached through https.", host=host), field=field.key)
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def is_loopback(host: str) -> bool:
    """Say whether ``host`` is this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unusable(field: Field, value: str) -> Invalid:
    return Invalid(
        msg("{value} cannot be used for {name}.", value=value[:80], name=field.key),
        field.hint,
        field=field.key,
    )
