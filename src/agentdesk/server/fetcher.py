"""Fetching a picture from a stranger's address without becoming the stranger's tool.

The name is resolved once, every address it has must be a public one, and the connection goes to exactly
these addresses; each redirect is judged anew. Only pictures are returned, known by their first bytes, and
only small ones, soon.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg

__all__ = ["Fetcher", "Picture", "PictureRefused"]

MAX_PICTURE_BYTES = 5 * 1024 * 1024
_SECONDS = 10.0
_REDIRECTS = 5
_LONGEST_URL = 2000
_PORTS = {"http": 80, "https": 443}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PictureRefused(AgentDeskError):
    """The picture is not shown: its address is not a public one, or what lies there is no picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes and what they are (``image/png``, ``image/jpeg``, ``image/gif``, ``image/webp``)."""

    content: bytes
    media_type: str


class Fetcher:
    """Fetches pictures. ``allowed`` names internal hosts and ports that may be asked all the same."""

    def __init__(self, allowed: Collection[tuple[str, int]] = ()) -> None:
        self._allowed = frozenset(allowed)
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def picture(self, url: str) -> Picture:
        """Return the picture at ``url`` (http or https). Raises PictureRefused."""
        try:
            async with asyncio.timeout(_SECONDS):
                content = await self._content(url)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _refused(msg("The picture could not be fetched.")) from error
        media_type = kind_of(content)
        if media_type is None:
            raise _refused(msg("What lies there is not a picture."))
        return Picture(content, media_type)

    async def _content(self, url: str) -> bytes:
        current = self._checked(url)
        for _ in range(_REDIRECTS + 1):
            async with self._client().get(current, allow_redirects=False) as answer:
                if answer.status in (301, 302, 303, 307, 308):
                    target = answer.headers.get("Location", "")
                    current = self._checked(str(current.join(URL(target))))
                    continue
                if answer.status != 200:
                    raise _refused(msg("The picture is not there."))
                return await _limited(answer)
        raise _refused(msg("The picture's address leads in circles."))

    def _checked(self, text: str) -> URL:
        """The address, where its form is one that may be asked."""
        if len(text) > _LONGEST_URL:
            raise _refused(msg("The picture's address is too long."))
        url = URL(text)
        if url.scheme not in _PORTS or not url.host or url.user is not None or url.password is not None:
            raise _refused(msg("The picture's address cannot be used."))
        if (url.host, url.port) in self._allowed:
            return url
        if url.port != _PORTS[url.scheme]:
            raise _refused(msg("The picture's address cannot be used."))
        if _literal(url.host) is not None:
            _must_be_public(url.host)
        return url

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            connector = aiohttp.TCPConnector(
                resolver=_PublicOnly({host for host, _ in self._allowed}),
                use_dns_cache=False,
                force_close=True,
                limit_per_host=4,
            )
            self._http = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                headers={"User-Agent": "AgentDesk", "Accept": "image/*", "Accept-Encoding": "identity"},
            )
        return self._http


class _PublicOnly(AbstractResolver):
    """Resolves a name once; what it returns is what is connected to."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of ``host``; raises OSError unless all of them are public."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        results: list[ResolveResult] = []
        for found_family, _kind, protocol, _name, place in found:
            address = str(place[0])
            if host not in self._allowed:
                _must_be_public(address)
            results.append(
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=found_family,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        """Nothing is kept."""


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public internet, also where it hides an older one inside."""
    parsed = _literal(address.split("%")[0])
    if parsed is None or parsed.is_multicast or not parsed.is_global:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return True
    if parsed in _SITE_LOCAL or parsed.is_site_local:
        return False
    return all(is_public(str(inner)) for inner in _inner(parsed))


def kind_of(content: bytes) -> str | None:
    """Return the media type of a picture by its first bytes, or None where it is none that we show."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _inner(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to (mapped, 6to4, Teredo, NAT64)."""
    found = [inner for inner in (address.ipv4_mapped, address.sixtofour) if inner is not None]
    if address.teredo is not None:
        found.extend(address.teredo)
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def _literal(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _must_be_public(address: str) -> None:
    if not is_public(address):
        raise _refused(msg("The picture's address is not a public one."))


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    if (answer.content_length or 0) > MAX_PICTURE_BYTES:
        raise _refused(msg("The picture is too large."))
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > MAX_PICTURE_BYTES:
            raise _refused(msg("The picture is too large."))
    return bytes(content)


def _refused(message: Msg) -> PictureRefused:
    return PictureRefused(message)
