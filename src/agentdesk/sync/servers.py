"""Which servers a team has: what a server tells its desks, and where a desk goes when its server is gone."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
from yarl import URL

from agentdesk.base.events import Bell

__all__ = ["Addresses", "Route", "addresses_in", "kept_text"]


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


def kept_text(home: str, addresses: tuple[str, ...]) -> str:
    """Return what a desk keeps of the addresses that the server at ``home`` told it."""
    return msgspec.json.encode(_Kept(home, addresses)).decode()


def addresses_in(kept: str | None, home: str) -> tuple[str, ...]:
    """Return the addresses that were kept; none where they were told by a server other than ``home``."""
    if kept is None:
        return ()
    found = msgspec.json.decode(kept, type=_Kept)
    return found.addresses if found.home == home else ()
