"""The desk's end of one connection: what it says, in which order, and what it makes of what it hears."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import UUID

import msgspec

from agentdesk import __version__
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import Msg, msg
from agentdesk.commands.executor import as_text
from agentdesk.commands.values import AddNote, Answer, Envelope, File, SendReply, Text
from agentdesk.sync.colleagues import Colleagues
from agentdesk.sync.desk_archive import DeskArchive
from agentdesk.sync.desk_site import DeskSite
from agentdesk.sync.needs import needed
from agentdesk.sync.protocol import (
    DRAFTS,
    ERASE,
    PING_SECONDS,
    PRESENCE,
    PREVIEWS,
    PROTOCOL,
    SERVERS,
    SHRINK,
    VISITORS,
    Answers,
    Batch,
    DraftKept,
    Erase,
    Erased,
    Frame,
    Goodbye,
    Hello,
    Older,
    Others,
    Ping,
    Pong,
    Problem,
    Push,
    Servers,
    Unknown,
    Welcome,
    decode_from_server,
    encode,
)
from agentdesk.sync.putting_off import PutOff
from agentdesk.sync.site_frames import SITE, InviteAnswer, OnSite
from agentdesk.sync.transport import Transport
from agentdesk.sync.workbench import Workbench

__all__ = ["Exchange", "Farewell", "Unusable", "text_of"]

WELCOME_SECONDS = 20.0
_DEAD_AFTER = 3 * PING_SECONDS
_PUSH_COMMANDS = 20
_PUSH_BYTES = 1024 * 1024
_GATHERED_ROWS = 5000
_BATCHES_WAITING = 64


class Farewell(Exception):
    """The connection is over: ``code`` as in :class:`~agentdesk.sync.protocol.Goodbye`, ``lost``, or
    ``trouble`` when the desk's own files could not be written."""

    def __init__(self, code: str, reason: Msg | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


class Unusable(AgentDeskError):
    """A file of a command cannot be given to the server, now or later: the command is refused."""


class Exchange:
    """One connection from hello to farewell.

    ``upload`` gives a file to the server (raises ConnectionError to try later, Unusable for ever).
    ``on_batch`` hears of each batch after it was written, ``on_welcome`` of the welcome, ``colleagues`` of
    who is at which conversation, ``on_servers`` of the team's servers.
    ``forget`` removes what was erased, and says whether nothing is left; ``archive`` asks for what the desk
    does not keep, ``site`` for who is on the site.
    """

    def __init__(
        self,
        transport: Transport,
        workbench: Workbench,
        upload: Callable[[File], Awaitable[None]],
        on_welcome: Callable[[Welcome], None],
        on_batch: Callable[[Batch], None],
        colleagues: Colleagues | None = None,
        forget: Callable[[Erase], Awaitable[bool]] | None = None,
        on_servers: Callable[[Servers], None] = lambda _: None,
        archive: DeskArchive | None = None,
        site: DeskSite | None = None,
    ) -> None:
        self._transport = transport
        self._workbench = workbench
        self._upload = upload
        self._on_welcome = on_welcome
        self._on_batch = on_batch
        self._colleagues = colleagues
        self._forget = forget
        self._to_forget: asyncio.Queue[Erase] = asyncio.Queue()
        self._can: tuple[str, ...] = ()
        self._courier = workbench.courier(upload)
        self._on_servers = on_servers
        self._archive = archive or DeskArchive()
        self._site = site
        self._tasks = Tasks("exchange")
        self._sending = asyncio.Lock()
        self._answers: asyncio.Queue[tuple[Answer, ...]] = asyncio.Queue()
        self._arrived: asyncio.Queue[Batch | Older] = asyncio.Queue(_BATCHES_WAITING)
        self._pushed: set[UUID] = set()

    async def run(self, token: str) -> Farewell:
        """Speak with the server until the end, which is returned."""
        try:
            if farewell := await _until_lost(self._introduce(token)):
                return farewell
            work: dict[str, Coroutine[Any, Any, Farewell | None]] = {
                "archive": _until_lost(self._archive.run(self._send, self._can)),
                "receive": _until_lost(self._receive()),
                "take in": _until_lost(self._take_in()),
                "push": _until_lost(self._push()),
                "ping": _until_lost(self._ping()),
            }
            if DRAFTS in self._can:
                work["drafts"] = _until_lost(self._courier.run(self._send))
            if PRESENCE in self._can and self._colleagues is not None:
                work["here"] = _until_lost(self._colleagues.report(self._send))
            if SITE in self._can and self._site is not None:
                work["site"] = _until_lost(self._site.run(self._send))
            if self._forget is not None:
                work["forget"] = _until_lost(self._forget_erased(self._forget))
            parts = [self._tasks.start(part, name) for name, part in work.items()]
            ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            part = next(iter(ended))
            if part.exception() is not None:  # a bug, reported by the task: the desk works on without it
                return Farewell("trouble", msg("Something unexpected happened while bringing changes in."))
            return part.result() or Farewell("lost")
        finally:
            await self._tasks.close()
            self._workbench.sent.clear()
            if self._colleagues is not None:
                self._colleagues.forget()
            if self._site is not None:
                self._site.forget()
            await self._transport.close()

    async def _introduce(self, token: str) -> None:
        standing = self._workbench.standing
        hello = Hello(
            token=token,
            desk_id=self._workbench.desk_id,
            protocol=PROTOCOL,
            program=__version__,
            epoch=standing.epoch,
            cursor=standing.cursor,
            can=self._abilities(),
        )
        await self._transport.send(encode(hello))
        async with asyncio.timeout(WELCOME_SECONDS):
            data = await self._transport.receive()
        frame = _decoded(data)
        if isinstance(frame, Goodbye):
            raise Farewell(frame.code, text_of(frame.reason))
        if not isinstance(frame, Welcome):
            raise Farewell("lost")
        self._can = frame.can
        await self._workbench.welcome(frame)
        if self._colleagues is not None:
            self._colleagues.sees_visitors = VISITORS in frame.can
        self._on_welcome(frame)

    def _abilities(self) -> tuple[str, ...]:
        erasing = () if self._forget is None else (ERASE,)
        together = () if self._colleagues is None else (PRESENCE, PREVIEWS, VISITORS)
        site = () if self._site is None else (SITE,)
        return (SHRINK, DRAFTS, SERVERS, *together, *erasing, *site)

    async def _receive(self) -> Farewell:
        while True:
            async with asyncio.timeout(_DEAD_AFTER):
                data = await self._transport.receive()
            frame = _decoded(data)
            if isinstance(frame, Batch | Older):
                await self._arrived.put(frame)
            elif isinstance(frame, Answers):
                self._answers.put_nowait(frame.answers)
            elif isinstance(frame, Others):
                if self._colleagues is not None:
                    self._colleagues.take(frame)
            elif isinstance(frame, Erase):
                self._to_forget.put_nowait(frame)
            elif isinstance(frame, DraftKept):
                self._courier.take(frame)
            elif isinstance(frame, OnSite | InviteAnswer):
                if self._site is not None:
                    self._site.take(frame)
            elif isinstance(frame, Servers):
                self._on_servers(frame)
            elif isinstance(frame, Ping):
                await self._send(Pong(number=frame.number))
            elif isinstance(frame, Goodbye):
                return Farewell(frame.code, text_of(frame.reason))
            elif not isinstance(frame, Pong | Problem | Unknown):
                return Farewell("lost")

    async def _take_in(self) -> None:
        """Write batches: whatever has come meanwhile in one transaction, and pieces of one snapshot together,
        unless there are very many."""
        while True:
            gathered: list[Batch] = []
            rows, more = 0, True
            frame = await self._arrived.get()
            while isinstance(frame, Batch) and more:
                gathered.append(frame)
                rows += _rows_in(frame)
                more = rows < _GATHERED_ROWS and (not self._arrived.empty() or _goes_on(frame))
                if more:
                    frame = await self._arrived.get()
            if gathered:
                await self._workbench.take_in(gathered)
                self._on_batch(gathered[-1])
            if isinstance(frame, Older):
                await self._archive.take(frame)

    async def _push(self) -> Farewell | None:
        """Send commands up, strictly by number and one handful at a time. What cannot be done yet waits, and
        lets pass what has nothing to do with it."""
        put_off = PutOff()
        while True:
            heard = self._workbench.news.rings
            envelopes = _handful(await self._workbench.to_push(self._pushed, _PUSH_COMMANDS, put_off))
            if not envelopes:
                await self._something_to_push(heard, put_off)
                continue
            envelopes = await self._with_files(await self._understood(envelopes), put_off)
            if not envelopes:
                continue
            await self._send(Push(commands=tuple(envelopes)))
            self._pushed |= {envelope.id for envelope in envelopes}
            self._workbench.sent |= self._pushed
            answers = await self._answers.get()
            await self._workbench.refused([a for a in answers if a.outcome == "refused"])
            done = {answer.command_id for answer in answers if answer.outcome != "try_later"}
            self._pushed -= {envelope.id for envelope in envelopes} - done
            put_off.over(done)
            for answer in answers:
                if answer.outcome == "try_later":
                    put_off.later(answer.command_id)

    async def _something_to_push(self, heard: int, put_off: PutOff) -> None:
        """Wait for a new command, or until one that was put off may be tried again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(put_off.seconds()):
                await self._workbench.news.wait(heard)

    async def _understood(self, envelopes: list[Envelope]) -> list[Envelope]:
        """Refuse here what this server is too old for; it would not understand the frame at all."""
        strange = [e for e in envelopes if needed(e.command) not in {"", *self._can}]
        await self._workbench.refused([_too_new(envelope) for envelope in strange])
        return [envelope for envelope in envelopes if envelope not in strange]

    async def _with_files(self, envelopes: list[Envelope], put_off: PutOff) -> list[Envelope]:
        """Bring the files of commands up first. Those whose files cannot be sent are refused here; where one
        cannot be sent yet, its command is put off, and what comes before it goes."""
        ready: list[Envelope] = []
        for envelope in envelopes:
            try:
                for file in _files_of(envelope):
                    await self._upload(file)
            except Unusable as error:
                await self._workbench.refused([_not_sendable(envelope, error)])
                continue
            except ConnectionError:
                put_off.later(envelope.id)
                return ready
            ready.append(envelope)
        return ready

    async def _forget_erased(self, forget: Callable[[Erase], Awaitable[bool]]) -> None:
        while True:
            erase = await self._to_forget.get()
            if await forget(erase):
                await self._send(Erased(erasure_id=erase.erasure_id))

    async def _ping(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(PING_SECONDS)
            number += 1
            await self._send(Ping(number=number))

    async def _send(self, frame: Frame) -> None:
        async with self._sending:
            await self._transport.send(encode(frame))


async def _until_lost(part: Coroutine[Any, Any, Farewell | None]) -> Farewell | None:
    try:
        return await part
    except Farewell as farewell:
        return farewell
    except (ConnectionError, TimeoutError):
        return Farewell("lost")
    except AgentDeskError as error:
        return Farewell("trouble", error.message)


def text_of(text: Text) -> Msg:
    """Return a text that travelled, as a text for people again."""
    return Msg(text.text, dict(text.args), text.many, text.count)


def _rows_in(batch: Batch) -> int:
    return sum(len(rows.rows) for rows in batch.rows) + len(batch.departures)


def _goes_on(batch: Batch) -> bool:
    """Whether the next batch belongs to the same snapshot."""
    return batch.more and not batch.filling


def _decoded(data: bytes | None) -> Frame:
    if data is None:
        raise ConnectionResetError
    try:
        return decode_from_server(data)
    except msgspec.MsgspecError:
        raise Farewell("protocol", msg("The server speaks another version.")) from None


def _handful(envelopes: list[Envelope]) -> list[Envelope]:
    """As many of the first commands as fit into one frame; at least one."""
    size = 0
    for count, envelope in enumerate(envelopes):
        size += len(msgspec.msgpack.encode(envelope))
        if count and size > _PUSH_BYTES:
            return envelopes[:count]
    return envelopes


def _files_of(envelope: Envelope) -> tuple[File, ...]:
    command = envelope.command
    return command.files if isinstance(command, SendReply | AddNote) else ()


def _too_new(envelope: Envelope) -> Answer:
    reason = as_text(msg("The server has to be updated before it can do this."))
    return Answer(command_id=envelope.id, outcome="refused", code="invalid", reason=reason)


def _not_sendable(envelope: Envelope, error: Unusable) -> Answer:
    return Answer(command_id=envelope.id, outcome="refused", code="file", reason=as_text(error.message))
