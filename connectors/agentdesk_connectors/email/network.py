"""Reaching a server: addresses, connecting, and whose certificates are trusted."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from functools import lru_cache

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Unreachable

CONNECT_SECONDS = 20.0
_ADDRESS_SECONDS = 8.0
_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 4}


def tls_context(ca_file: str, *, verify: bool) -> ssl.SSLContext:
    """Return what TLS connections trust: the authorities of the system and those in ``ca_file`` (PEM).

    "" stands for no file; without ``verify`` any certificate is taken. Raises Unreachable for an unusable
    file.
    """
    try:
        changed = os.stat(ca_file).st_mtime_ns if ca_file else 0
        return _context(ca_file, changed, verify)
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(
            msg("The authorities in {path} cannot be read.", path=ca_file),
            msg("Give the path of a readable PEM file."),
        ) from error


@lru_cache(maxsize=16)
def _context(ca_file: str, _changed: int, verify: bool) -> ssl.SSLContext:
    """Reading the system's authorities takes some 20 ms, so it is done once."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def dial(host: str, port: int, timeout: float = CONNECT_SECONDS) -> socket.socket:
    """Return a connected socket, trying each address of ``host`` in turn for at most ``timeout`` seconds.

    Raises OSError (socket.gaierror for an unknown name, TimeoutError) where none answers.
    """
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    async with asyncio.timeout(timeout):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            try:
                return await _connect(socket.socket(family, kind, protocol), address)
            except OSError as error:
                failure = error
    raise failure


async def _connect(sock: socket.socket, address: tuple[object, ...]) -> socket.socket:
    sock.setblocking(False)
    try:
        async with asyncio.timeout(_ADDRESS_SECONDS):
            await asyncio.get_running_loop().sock_connect(sock, address)
        _keep_alive(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _keep_alive(sock: socket.socket) -> None:
    """Let the system notice a peer that is gone without a word, where it can be told how soon."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
