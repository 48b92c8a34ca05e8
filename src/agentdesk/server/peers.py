"""Whose computer a request comes from, where a reverse proxy stands before the server.

A proxy names the client in ``X-Forwarded-For``, or in ``Forwarded`` (RFC 7239). Anybody can send these
headers, so they count only from proxies that are trusted, and in them only up to the first address that is
none of those.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

__all__ = ["Network", "Peers", "counted_as"]

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

_ONE_CLIENT = 64
"""Bits of an IPv6 address that are given to one customer of a network; the rest is theirs to choose."""
_FOR = re.compile(r'\s*for\s*=\s*"?([^";,]*)"?\s*', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::\d+)?|(?P<v4>[\d.]+)(?::\d+)?")


class Peers:
    """Tells clients apart; ``proxies`` are the networks whose word is taken."""

    def __init__(self, proxies: Sequence[Network] = ()) -> None:
        self._proxies = proxies

    def client(self, request: web.Request) -> str:
        """Return the address of the client: the last one on the way that is no trusted proxy.

        Where a trusted proxy names none, or its two headers disagree, that is the proxy itself: all its
        clients count as one.
        """
        peer = request.remote or ""
        if not self._trusts(_address(peer)):
            return peer
        named = {self._last(way) for way in _ways(request) if way}
        client = named.pop() if len(named) == 1 else None
        return peer if client is None else str(client)

    def counted(self, request: web.Request) -> str:
        """Return as what a client is counted: one that may change its address at will stays the same."""
        return counted_as(self.client(request))

    def _last(self, way: Sequence[str]) -> _Address | None:
        """The last address that is not trusted; None where what stands before it cannot be read."""
        for text in reversed(way):
            address = _address(text)
            if address is None or not self._trusts(address):
                return address
        return None

    def _trusts(self, address: _Address | None) -> bool:
        return address is not None and any(address in network for network in self._proxies)


def counted_as(client: str) -> str:
    """Return as what a client of an address is counted: of IPv6 addresses, the first half."""
    address = _address(client)
    if not isinstance(address, IPv6Address):
        return client
    return str(IPv6Network((int(address) >> (128 - _ONE_CLIENT) << (128 - _ONE_CLIENT), _ONE_CLIENT)))


def _ways(request: web.Request) -> tuple[list[str], list[str]]:
    """The addresses on the way as both headers tell them, the client's first."""
    plain = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    steps = ",".join(request.headers.getall("Forwarded", ())).split(",")
    return [one for one in plain if one.strip()], [_named_in(step) for step in steps if step.strip()]


def _named_in(step: str) -> str:
    found = (_FOR.fullmatch(pair) for pair in step.split(";"))
    return next((match[1] for match in found if match is not None), "")


def _address(text: str) -> _Address | None:
    bare = text.strip()
    match = _WITH_PORT.fullmatch(bare)
    if match is not None:
        bare = match["v6"] or match["v4"] or ""
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
