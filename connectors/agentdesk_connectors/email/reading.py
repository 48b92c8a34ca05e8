"""Receiving: everything that is or arrives in a folder is handed to the core, once the core asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.context import Sink
from agentdesk.sdk.errors import Unreachable
from agentdesk.sdk.inbound import Cursor, RawItem
from agentdesk_connectors.email.errors import translated
from agentdesk_connectors.email.fetching import Fetched, Fetcher, Trouble
from agentdesk_connectors.email.imap import FolderState, ImapConnection
from agentdesk_connectors.email.imap_syntax import search_date
from agentdesk_connectors.email.place import Place, history_since, place_in, read_place
from agentdesk_connectors.email.session import Session
from agentdesk_connectors.email.settings import EmailSettings

P = ParamSpec("P")
T = TypeVar("T")

IDLE_SECONDS = 170.0
"""How long one IDLE lasts. After each the folder is looked at: a net under servers that forget to tell."""
POLL_SECONDS = 60.0
"""Between two looks at a server without IDLE."""
_FEW = 1000
"""Messages listed by one command; of more, the sizes are asked bit by bit."""
_ASKED_AT_ONCE = 1000


class Troubles:
    """What an account knows of messages that cannot be fetched, by numbering; forgotten with the process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], Trouble] = {}

    def of(self, place: Place) -> Trouble:
        """Return what is known for the numbering of ``place``."""
        return self._known.setdefault((place.folder, place.uidvalidity, place.generation), Trouble())


class Reader:
    """Reads one folder over one session, from a cursor on. ``trouble`` is kept by the account."""

    def __init__(self, settings: EmailSettings, session: Session, sink: Sink, troubles: Troubles) -> None:
        self._settings = settings
        self._session = session
        self._sink = sink
        self._troubles = troubles
        self._fetcher = Fetcher(session.connection, Trouble())

    async def run(self, cursor: Cursor | None) -> None:
        """Hand over everything after ``cursor`` and go on until cancelled or until something fails."""
        connection = self._session.connection
        state = await self._do(connection.examine, self._settings.folder)
        await self._sink.connected()
        place = await self._start(cursor, state)
        self._fetcher = Fetcher(connection, self._troubles.of(place))
        if place.in_history:
            place = await self._read_history(place)
        place = await self._read_new(place, state.uidnext - 1 - place.uid)
        await self._sink.caught_up()
        while True:
            if not connection.news:
                await self._wait(connection)
            connection.news = False
            place = await self._read_new(place, 0)
            await self._sink.caught_up()

    async def _start(self, cursor: Cursor | None, state: FolderState) -> Place:
        settings = self._settings
        if state.uidvalidity == 0:
            raise Unreachable(
                msg("{host} does not number its mail: it cannot be read safely.", host=settings.imap.host)
            )
        now = clock.now()
        before = read_place(cursor, settings.folder, now)
        if before is not None and before.uidvalidity == state.uidvalidity and not state.uidnext:
            return before
        place = place_in(before, await self._with_uidnext(state), settings.folder, settings.history, now)
        if place != before:
            await self._sink.accept([], place.cursor())
        return place

    async def _with_uidnext(self, state: FolderState) -> FolderState:
        """Find UIDNEXT out where the server does not tell it."""
        if state.uidnext:
            return state
        last = await self._do(self._session.connection.search, b"ALL") if state.exists else []
        return FolderState(state.exists, state.uidvalidity, last[-1] + 1 if last else 1)

    async def _read_history(self, place: Place) -> Place:
        """Hand over what was there before, as far as the history setting wants it and it is not stored."""
        criteria = b"UID %d:%d" % (place.uid + 1, place.history_to)
        since = history_since(place, self._settings.history)
        if since is not None:
            criteria += b" SINCE " + search_date(since)
        uids = [uid for uid in await self._do(self._session.connection.search, criteria) if uid > place.uid]
        for start in range(0, len(uids), _ASKED_AT_ONCE):
            await self._sink.progress(start, len(uids))
            part = uids[start : start + _ASKED_AT_ONCE]
            known = await self._sink.known([place.source_id(uid) for uid in part])
            fresh = [uid for uid in part if place.source_id(uid) not in known]
            place = await self._hand_over(place, self._fetcher.these(fresh))
        await self._sink.progress(len(uids), len(uids))
        place = place.moved_to(place.history_to)
        await self._sink.accept([], place.cursor())
        return place

    async def _read_new(self, place: Place, expected: int) -> Place:
        """Hand over what has arrived; ``expected`` is about how much that is."""
        connection = self._session.connection
        if expected > _FEW:
            found = await self._do(connection.search, b"UID %d:*" % (place.uid + 1))
            uids = [uid for uid in found if uid > place.uid]
            return await self._hand_over(place, self._fetcher.these(uids), len(uids))
        return await self._hand_over(place, self._fetcher.from_uid(place.uid + 1))

    async def _hand_over(
        self, place: Place, batches: Iterator[list[Fetched]], total: int | None = None
    ) -> Place:
        """Store ``batches``; each is fetched while the one before is being stored, at most one ahead."""
        done = 0
        upcoming = self._session.submit(next, batches, None)
        while (batch := await self._result(upcoming)) is not None:
            upcoming = self._session.submit(next, batches, None)
            if not batch:
                continue
            place = place.moved_to(batch[-1].listed.uid)
            await self._sink.accept([_raw_item(place, fetched) for fetched in batch], place.cursor())
            done += len(batch)
            if total is not None:
                await self._sink.progress(done, total)
        return place

    async def _wait(self, connection: ImapConnection) -> None:
        if knows_idle(connection):
            await self._do(connection.idle, IDLE_SECONDS)
        else:
            await self._do(connection.pause, POLL_SECONDS)

    async def _do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._result(self._session.submit(work, *args, **kwargs))

    async def _result(self, future: asyncio.Future[T]) -> T:
        with translated(self._settings.imap):
            return await future


def knows_idle(connection: ImapConnection) -> bool:
    """Say whether the server tells of new mail by itself (RFC 2177)."""
    return b"IDLE" in connection.capabilities


def _raw_item(place: Place, fetched: Fetched) -> RawItem:
    facts: dict[str, object] = {"folder": place.folder}
    if fetched.listed.arrived:
        facts["received_at"] = fetched.listed.arrived.isoformat()
    if fetched.truncated:
        facts |= {"truncated": True, "size": fetched.listed.size}
    if fetched.unfetched:
        facts |= {"unfetched": True, "size": fetched.listed.size}
    return RawItem(place.source_id(fetched.listed.uid), fetched.raw, fetched.listed.arrived, facts)
