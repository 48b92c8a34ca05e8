"""Which servers a team has: what a server tells its desks, and where a desk goes when its server is gone."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import msgspec
from yarl import URL

from agentdesk.base.events import Bell
from agentdesk.base.files import write_private
from agentdesk.base.log import get_logger
from agentdesk.sync.protocol import Servers, encode

__all__ = ["Addresses", "Route", "ServersFile"]

_log = get_logger(__name__)


class Addresses:
    """The public addresses of the servers that are up, as one of them knows them."""

    def __init__(self) -> None:
        self.now: tuple[str, ...] = ()
        self.changed = Bell()

    def set(self, addresses: Iterable[str]) -> None:
        """Replace them all."""
        now = tuple(sorted(addresses))
        if now != self.now:
            self.now = now
            self.changed.ring()

    async def tell(self, put: Callable[[bytes], Awaitable[None]]) -> None:
        """Tell a desk of them, now and with each change."""
        told: tuple[str, ...] | None = None
        while True:
            heard = self.changed.rings
            if self.now != told:
                told = self.now
                await put(encode(Servers(addresses=told)))
            await self.changed.wait(heard)


class Route:
    """Where a desk connects: to the address it signed in at, then to the others in an order of its own, so
    that the desks of a server that ended scatter."""

    def __init__(self, home: str) -> None:
        self.now = URL(home)
        self._home = self.now
        self._others: list[URL] = []
        self._tried = 1

    @property
    def has_others(self) -> bool:
        """Whether there is anywhere else to go."""
        return bool(self._others) or self.now != self._home

    def learn(self, addresses: Iterable[str]) -> None:
        """Take the addresses of all servers, in place of those that were known. Where the sign-in was under
        TLS, no server without it is gone to: the session would travel in the open."""
        named = {URL(address) for address in addresses} - {self._home}
        known = {url for url in named if url.host and (url.scheme == "https" or self._home.scheme == "http")}
        staying = [url for url in self._others if url in known]
        fresh = sorted(known.difference(staying))
        random.shuffle(fresh)
        self._others = [*staying, *fresh]

    def arrived(self) -> None:
        """The desk is connected: all others may be tried again when it is lost."""
        self._tried = 1

    def turn(self) -> bool:
        """Go on to the next address; says whether a new round begins with it: nobody was there."""
        around = [self._home, *self._others]
        before, ways = self.now, len({*around, self.now})
        place = around.index(before) if before in around else -1
        self.now = around[(place + 1) % len(around)]
        self._tried += 1
        if self._tried <= ways:
            return False
        self._tried = 1
        return True


class _Kept(msgspec.Struct, frozen=True):
    home: str
    addresses: tuple[str, ...]


class ServersFile:
    """The addresses that the server at ``home`` told a desk, in the desk's ``folder``: not encrypted, since
    who asks for the key must know them."""

    def __init__(self, folder: Path, home: str) -> None:
        self._path = folder / "servers"
        self._home = home

    def read(self) -> tuple[str, ...]:
        """Return them; none where they were told by another server, or cannot be read. Blocks."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            _log.warning("the addresses of the servers cannot be read", why=str(error))
            return ()
        return kept.addresses if kept.home == self._home else ()

    def write(self, addresses: tuple[str, ...]) -> None:
        """Keep them, as far as the disk has room: they are told again. Blocks."""
        try:
            write_private(self._path, msgspec.json.encode(_Kept(self._home, addresses)))
        except OSError as error:
            _log.warning("the addresses of the servers cannot be written", why=str(error))
