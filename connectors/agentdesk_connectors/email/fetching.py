"""Getting messages out of an open folder, so that one that cannot be had never holds up the others.

Servers differ in how they fail on a damaged message: some say NO, some leave it out, some close the
connection, already when its size is asked for. So whatever failed for many is repeated for each alone, over
as many connections as it takes, and what stays out of reach is handed over as far as it could be had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from agentdesk.base.log import get_logger
from agentdesk_connectors.email.imap import ImapConnection, ImapRefused, ImapWithheld, Listed
from agentdesk_connectors.email.imap_syntax import uid_set

BATCH_MESSAGES = 100
BATCH_BYTES = 8 << 20
LARGEST_MESSAGE = 50 << 20
"""Bytes of a message that is stored whole."""
KEPT_OF_LARGER = 1 << 20
"""Bytes stored of a message that is larger: its header and the first part."""
_LISTED_AT_ONCE = 500
_TRIES = 3
_TRIES_WITHOUT_WITNESS = 9
"""For a message that is the only one in its folder: nothing else shows whether the server is at fault."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message as it could be had. ``truncated``: it is larger than what is stored. ``unfetched``: the
    server does not give it out; ``raw`` is its header at best."""

    listed: Listed
    raw: bytes
    truncated: bool = False
    unfetched: bool = False


@dataclass(slots=True)
class Trouble:
    """What is known of messages that cannot be fetched: kept across connections, for one numbering."""

    suspects: set[int] = field(default_factory=set)
    """Were being fetched when something failed: fetched alone until they succeed."""
    failures: dict[int, int] = field(default_factory=dict)
    """How often fetching a message alone was begun and has not succeeded."""
    witnessed: set[int] = field(default_factory=set)
    """Of these, that another message could be had right before the last try."""
    headers_tried: set[int] = field(default_factory=set)
    """Of these not even the header is asked for again."""
    listing: bool = False
    """A listing was begun and has not ended well: sizes are not asked for."""


class Fetcher:
    """Fetches from the folder that is open on ``connection``. All of it blocks."""

    def __init__(self, connection: ImapConnection, trouble: Trouble) -> None:
        self._connection = connection
        self._trouble = trouble

    def from_uid(self, uid: int) -> Iterator[list[Fetched]]:
        """Yield the messages with ``uid`` or a higher one, in batches of bounded size."""
        listed = self._list(partial(self._connection.list_from, uid))
        if self._trouble.listing or (listed and listed[-1].uid - uid + 1 > len(listed)):
            listed = self._complete(listed, self._connection.search(b"UID %d:*" % uid), uid)
        yield from self._fetch(listed)
        self._trouble.listing = False

    def these(self, uids: Sequence[int]) -> Iterator[list[Fetched]]:
        """Yield the messages among ``uids`` (ascending) that are there, in batches of bounded size."""
        for start in range(0, len(uids), _LISTED_AT_ONCE):
            part = uids[start : start + _LISTED_AT_ONCE]
            listed = self._list(partial(self._connection.list_uids, part))
            if len(listed) < len(part):
                listed = self._complete(listed, self._connection.search(b"UID " + uid_set(part)), part[0])
            yield from self._fetch(listed)
        self._trouble.listing = False

    def _list(self, command: Callable[[], list[Listed]]) -> list[Listed]:
        """Return what a listing brings: nothing where it failed before or is refused now."""
        if self._trouble.listing:
            return []
        self._trouble.listing = True  # before it begins: it may take the connection with it
        try:
            listed = command()
        except ImapRefused:
            return []
        self._trouble.listing = False
        return listed

    def _complete(self, listed: Sequence[Listed], found: Iterable[int], first: int) -> list[Listed]:
        """Add what the listing left out to it; the size of those is not known."""
        sized = {message.uid: message for message in listed}
        return [sized.get(uid) or Listed(uid, None, None) for uid in found if uid >= first]

    # --- fetching what is listed ---

    def _fetch(self, listed: Iterable[Listed]) -> Iterator[list[Fetched]]:
        for batch in _batches(listed):
            together = [message for message in batch if self._is_harmless(message)]
            found = self._fetch_together(together) if together else {}
            for message in batch:
                if message.uid in found:
                    continue
                if self._trouble.failures.get(message.uid):  # let go of what is safe before it fails again
                    yield [found.pop(uid) for uid in sorted(found) if uid < message.uid]
                fetched = self._fetch_alone(message)
                if fetched is not None:
                    found[message.uid] = fetched
            yield [found[uid] for uid in sorted(found)]

    def _is_harmless(self, message: Listed) -> bool:
        small = message.size is not None and message.size <= LARGEST_MESSAGE
        return small and message.uid not in self._trouble.suspects

    def _fetch_together(self, batch: Sequence[Listed]) -> dict[int, Fetched]:
        """Return what one command brings. If it fails, its messages are suspects from then on."""
        uids = [message.uid for message in batch]
        self._trouble.suspects.update(uids)
        try:
            raws = self._connection.bodies(uids)
        except ImapRefused:
            return {}
        self._trouble.suspects.difference_update(raws)
        return {m.uid: _fetched(m, raws[m.uid]) for m in batch if m.uid in raws}

    def _fetch_alone(self, message: Listed) -> Fetched | None:
        """Return one message, or its header at least where the body cannot be had, or None when it is gone.

        Raises what the server does where it may be the server's fault: then a later connection goes on.
        """
        failures = self._trouble.failures
        tries = 0
        while not self._is_hopeless(message):
            failures[message.uid] = failures.get(message.uid, 0) + 1  # before the try, as it may end here
            tries += 1
            try:
                fetched = self._try(message)
            except (ImapRefused, ImapWithheld):
                if tries < _TRIES:
                    continue
                raise
            self._forgive(message)
            return fetched
        raw = self._header(message)
        _log.warning("a message cannot be fetched", uid=message.uid, header_bytes=len(raw))
        self._forgive(message)
        return Fetched(message, raw, unfetched=True)

    def _try(self, message: Listed) -> Fetched | None:
        large = message.size is not None and message.size > LARGEST_MESSAGE
        first = KEPT_OF_LARGER if large else LARGEST_MESSAGE + 1 if message.size is None else None
        raw = self._connection.bodies([message.uid], first=first).get(message.uid)
        if raw is None:
            if self._connection.search(b"UID %d" % message.uid):
                raise ImapWithheld("a message was asked for and left out")
            return None
        return Fetched(message, raw, truncated=True) if large else _fetched(message, raw)

    def _is_hopeless(self, message: Listed) -> bool:
        """Say whether ``message`` failed often enough, at last after the server had given out another one."""
        trouble = self._trouble
        tried = trouble.failures.get(message.uid, 0)
        if tried < _TRIES:
            return False
        if message.uid in trouble.witnessed:
            return True
        others = [uid for uid in self._connection.search(b"ALL") if uid != message.uid]
        if not others:
            return tried >= _TRIES_WITHOUT_WITNESS
        witness = ([uid for uid in others if uid not in trouble.failures] or others)[-1]
        before = trouble.failures.get(witness)
        trouble.failures[witness] = (before or 0) + 1
        self._connection.bodies([witness], first=1024)
        if before is None:
            del trouble.failures[witness]
        trouble.witnessed.add(message.uid)
        return False

    def _header(self, message: Listed) -> bytes:
        if message.uid in self._trouble.headers_tried:
            return b""
        self._trouble.headers_tried.add(message.uid)
        try:
            return self._connection.headers([message.uid]).get(message.uid, b"")
        except ImapRefused:
            return b""

    def _forgive(self, message: Listed) -> None:
        self._trouble.suspects.discard(message.uid)
        self._trouble.witnessed.discard(message.uid)
        self._trouble.headers_tried.discard(message.uid)
        self._trouble.failures.pop(message.uid, None)


def _fetched(message: Listed, raw: bytes) -> Fetched:
    """Cut what turned out to be larger than the server had told."""
    if len(raw) > LARGEST_MESSAGE:
        return Fetched(message, raw[:KEPT_OF_LARGER], truncated=True)
    return Fetched(message, raw)


def _batches(listed: Iterable[Listed]) -> Iterator[list[Listed]]:
    batch: list[Listed] = []
    size = 0
    for message in listed:
        weight = min(message.size or 0, LARGEST_MESSAGE)
        if batch and (len(batch) >= BATCH_MESSAGES or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += weight
    if batch:
        yield batch
