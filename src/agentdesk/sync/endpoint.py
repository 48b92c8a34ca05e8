"""The server's end of a connection to a desk, over any transport that carries whole frames."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from agentdesk import __version__
from agentdesk.base import clock
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks, report_error
from agentdesk.base.text import Msg, msg
from agentdesk.commands.context import Actor
from agentdesk.commands.executor import as_text
from agentdesk.commands.values import Answer, Envelope
from agentdesk.domain.authority import Permission
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import desk, server_info
from agentdesk.sync.archive import Archive
from agentdesk.sync.changelog import Cursor
from agentdesk.sync.draft_store import keep_draft
from agentdesk.sync.erasures import Erasures
from agentdesk.sync.feed import Feed
from agentdesk.sync.needs import COMMANDS
from agentdesk.sync.presence_board import Board, Member
from agentdesk.sync.protocol import (
    DRAFTS,
    ERASE,
    OLDER,
    PING_SECONDS,
    PRESENCE,
    PREVIEWS,
    PROTOCOL,
    SERVERS,
    VISITORS,
    Answers,
    AskOlder,
    DraftKept,
    Erased,
    Frame,
    Goodbye,
    Hello,
    Here,
    KeepDraft,
    Ping,
    Pong,
    Push,
    Unknown,
    Welcome,
    decode_from_desk,
    encode,
)
from agentdesk.sync.scope import Scope
from agentdesk.sync.servers import Addresses
from agentdesk.sync.share import Share
from agentdesk.sync.site import SiteBoard, SiteWatch
from agentdesk.sync.site_frames import SITE, Invite, LookAtSite
from agentdesk.sync.transport import Transport

__all__ = ["Executes", "Session", "Transport"]

HELLO_SECONDS = 10.0
_ABILITIES = (DRAFTS, ERASE, OLDER, *COMMANDS)
_DEAD_AFTER = 3 * PING_SECONDS
_OUTGOING_FRAMES = 32
_PUSHES_WAITING = 4

_log = get_logger(__name__)


class Executes(Protocol):
    """Applies commands; :class:`agentdesk.commands.executor.Executor` does."""

    async def execute(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer: ...

    async def give_up(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer: ...


class _Leave(Exception):
    """The session ends; the desk is told why."""

    def __init__(self, code: str, reason: Msg) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


class Session:
    """One connected desk, from its hello to its end."""

    def __init__(
        self,
        transport: Transport,
        db: Database,
        feed: Feed,
        executor: Executes,
        authenticate: Callable[[str], Awaitable[Actor | None]],
        board: Board | None = None,
        servers: Addresses | None = None,
        site: SiteBoard | None = None,
    ) -> None:
        self._transport = transport
        self._db = db
        self._feed = feed
        self._executor = executor
        self._authenticate = authenticate
        self._board = board
        self._servers = servers
        self._knows_servers = False
        self._site_board = site
        self._site: SiteWatch | None = None
        self._member: Member | None = None
        self._erasures: Erasures | None = None
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue(_OUTGOING_FRAMES)
        self._pushes: asyncio.Queue[Push] = asyncio.Queue(_PUSHES_WAITING)
        self._drafts: asyncio.Queue[KeepDraft] = asyncio.Queue(_PUSHES_WAITING)
        self._older: asyncio.Queue[AskOlder] = asyncio.Queue(1)
        self._tasks = Tasks("session")
        self._share: Share | None = None
        self._token = ""
        self._actor: Actor | None = None
        self._leaving: asyncio.Future[_Leave] | None = None
        self.desk_id: UUID | None = None

    async def run(self, on_hello: Callable[[Session], None] = lambda _: None) -> None:
        """Serve the desk until it goes. ``on_hello`` is called when it has introduced itself."""
        self._leaving = asyncio.get_running_loop().create_future()
        try:
            await self._serve(on_hello)
        except _Leave as leave:
            await self._say_goodbye(leave)
        except (ConnectionError, TimeoutError):
            pass
        except DatabaseError as error:
            _log.warning("a desk is sent away: no database", error=str(error))
            await self._say_goodbye(_Leave("closing", error.message))
        finally:
            if self._share is not None:
                self._share.leave()
            if self._board is not None and self._member is not None:
                self._board.leave(self._member)
            await self._tasks.close()
            await self._transport.close()

    def end(self, code: str, reason: Msg) -> None:
        """End the session from outside: the server closes, or the same desk has connected again."""
        if self._leaving is not None and not self._leaving.done():
            self._leaving.set_result(_Leave(code, reason))

    async def _serve(self, on_hello: Callable[[Session], None]) -> None:
        hello = await self._hello()
        actor = await self._authenticate(hello.token)
        if actor is None or actor.user_id is None:
            raise _Leave("auth", msg("Please sign in again."))
        self._token, self._actor, self.desk_id = hello.token, actor, hello.desk_id
        last_number = await self._register(hello.desk_id, actor.user_id)
        scope = Scope(actor.inboxes, actor.user_id)
        self._share = Share(self._db, self._feed, hello, self._outgoing.put, self._look_up)
        cursor = await self._share.cursor_for(scope)
        await self._transport.send(encode(await self._welcome(actor.user_id, last_number, cursor is None)))
        on_hello(self)
        if PRESENCE in hello.can and self._board is not None:
            self._member = Member(
                actor.user_id,
                scope,
                sees_visitors=VISITORS in hello.can,
                sees_previews=PREVIEWS in hello.can,
                may_watch=actor.may(Permission.SUPERVISE),
            )
            self._board.join(self._member)
        if ERASE in hello.can:
            self._erasures = Erasures(self._db, hello.desk_id)
        self._knows_servers = SERVERS in hello.can
        if SITE in hello.can and self._site_board is not None:
            self._site = SiteWatch(self._site_board, self._person, self._outgoing.put)
        await self._until_something_ends(cursor, scope)

    async def _until_something_ends(self, cursor: Cursor | None, scope: Scope) -> None:
        assert self._leaving is not None
        work: dict[str, Coroutine[Any, Any, _Leave | None]] = {
            "receive": self._receive(),
            "send": self._send(),
            "execute": self._execute(),
            "drafts": self._keep_drafts(),
            "older": self._give_older(),
            "feed": self._feed_desk(cursor, scope),
            "ping": self._ping(),
        }
        if self._board is not None and self._member is not None:
            work["here"] = self._board.hear(self._member)
            work["others"] = self._tell_others(self._board, self._member)
        if self._erasures is not None:
            work["erasures"] = self._tell_erasures(self._erasures)
        if self._servers is not None and self._knows_servers:
            work["servers"] = self._servers.tell(self._outgoing.put)
        if self._site is not None:
            work |= {"site": self._site.tell(), "invite": self._site.answer()}
        parts = [self._tasks.start(_known_ends(part), name) for name, part in work.items()]
        ended, _ = await asyncio.wait([*parts, self._leaving], return_when=asyncio.FIRST_COMPLETED)
        for part in ended:
            if part.exception() is not None:  # a bug, reported by the task
                raise _Leave("closing", msg("Something unexpected happened on the server."))
            result = part.result()
            if isinstance(result, _Leave):
                raise result

    async def _hello(self) -> Hello:
        async with asyncio.timeout(HELLO_SECONDS):
            frame = await self._transport.receive()
        hello = _decoded(frame) if frame is not None else None
        if not isinstance(hello, Hello):
            raise _Leave("protocol", msg("This is not a desk."))
        if hello.protocol != PROTOCOL:
            older = hello.protocol < PROTOCOL
            raise _Leave(
                "protocol",
                msg("This AgentDesk is too old for its server.")
                if older
                else msg("The server is older than this AgentDesk."),
            )
        return hello

    async def _register(self, desk_id: UUID, user_id: UUID) -> int:
        """Note that the desk is here; returns its last command's number. A desk belongs to one person."""
        now = clock.now()
        async with self._db.write() as conn:
            known = (
                await conn.execute(select(desk.c.user_id, desk.c.last_number).where(desk.c.id == desk_id))
            ).first()
            if known is None:
                values = {"user_id": user_id, "last_number": 0, "created_at": now, "seen_at": now}
                await conn.execute(insert(desk).values(id=desk_id, **values))
                return 0
            if known.user_id != user_id:
                raise _Leave("auth", msg("This desk belongs to somebody else."))
            await conn.execute(update(desk).where(desk.c.id == desk_id).values(seen_at=now))
            return int(known.last_number)

    async def _welcome(self, user_id: UUID, last_number: int, fresh: bool) -> Welcome:
        async with self._db.read() as conn:
            workspace = await conn.scalar(
                select(server_info.c.value).where(server_info.c.name == "workspace")
            )
        together = () if self._board is None else (PRESENCE, VISITORS)
        return Welcome(
            protocol=PROTOCOL,
            program=__version__,
            epoch=self._feed.epoch,
            user_id=user_id,
            workspace=workspace or "",
            fresh=fresh,
            last_number=last_number,
            can=(*together, *_ABILITIES, *(() if self._site_board is None else (SITE,))),
        )

    async def _receive(self) -> _Leave | None:
        while True:
            try:
                async with asyncio.timeout(_DEAD_AFTER):
                    data = await self._transport.receive()
            except TimeoutError:
                return _Leave("closing", msg("The desk did not answer."))
            if data is None:
                return None
            frame = _decoded(data)
            if isinstance(frame, Push):
                await self._pushes.put(frame)
            elif isinstance(frame, KeepDraft):
                await self._drafts.put(frame)
            elif isinstance(frame, AskOlder):
                if self._older.full():
                    self._older.get_nowait()
                self._older.put_nowait(frame)
            elif isinstance(frame, Here):
                if self._member is not None:
                    self._member.report(frame)
            elif isinstance(frame, Erased):
                if self._erasures is not None:
                    await self._erasures.confirmed(frame.erasure_id)
            elif isinstance(frame, Ping):
                await self._outgoing.put(encode(Pong(number=frame.number)))
            elif self._site is not None and isinstance(frame, LookAtSite | Invite):
                await self._site.take(frame)
            elif not isinstance(frame, Pong | Unknown):
                return _Leave("protocol", msg("The server is older than this AgentDesk."))

    async def _send(self) -> None:
        while True:
            await self._transport.send(await self._outgoing.get())

    async def _tell_others(self, board: Board, member: Member) -> None:
        while True:
            await self._outgoing.put(await board.next(member))

    async def _tell_erasures(self, erasures: Erasures) -> None:
        await erasures.tell(self._outgoing.put)

    async def _ping(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(PING_SECONDS)
            number += 1
            await self._outgoing.put(encode(Ping(number=number)))

    async def _execute(self) -> None:
        """Apply the desk's commands strictly one after the other; one that must wait stops those behind."""
        assert self._actor is not None
        while True:
            push = await self._pushes.get()
            answers: list[Answer] = []
            for envelope in push.commands:
                answers.append(await self._answer(envelope, self._actor))
                if answers[-1].outcome == "try_later":
                    break
            self._name({a.command_id for a in answers if a.outcome in ("done", "already_done")})
            await self._outgoing.put(encode(Answers(answers=tuple(answers))))

    async def _keep_drafts(self) -> None:
        """Take note of what is typed at the desk, beside its commands and never behind them."""
        assert self._actor is not None
        while True:
            put = await self._drafts.get()
            kept = await keep_draft(self._db, self._actor, put)
            self._feed.wake()
            await self._outgoing.put(encode(DraftKept(edition=put.edition, kept=kept)))

    async def _give_older(self) -> None:
        """Give the desk what it does not keep, when somebody there asks for it."""
        assert self._share is not None
        assert self.desk_id is not None
        archive = Archive(self._db, self._share, self.desk_id, self._person)
        while True:
            await archive.answer(await self._older.get())

    def _person(self) -> Actor:
        assert self._actor is not None
        return self._actor

    async def _answer(self, envelope: Envelope, actor: Actor) -> Answer:
        """Apply a command. One that meets a bug of ours is refused: it must not stop all that come behind."""
        try:
            return await self._executor.execute(envelope, actor, self.desk_id)
        except Exception as error:  # noqa: BLE001 - see above; nothing of it was kept
            report_error(error, f"command {type(envelope.command).__name__}")
            return await self._executor.give_up(envelope, actor, self.desk_id)

    def _name(self, commands: set[UUID]) -> None:
        if self._share is not None:
            self._share.name(commands)

    async def _feed_desk(self, cursor: Cursor | None, scope: Scope) -> _Leave:
        assert self._share is not None
        ended = await self._share.run(cursor, scope)
        if ended == "auth":
            return _Leave("auth", msg("Please sign in again."))
        if ended == "scope":
            return _Leave("closing", msg("What you may see has changed."))
        return _Leave(ended, msg("The server closes this connection."))

    async def _look_up(self) -> Scope | None:
        """Ask anew who this is and what they may see."""
        actor = await self._authenticate(self._token)
        if actor is None:
            return None
        self._actor, scope = actor, Scope(actor.inboxes, actor.user_id)
        if self._board is not None and self._member is not None and self._member.scope != scope:
            self._board.rescope(self._member, scope)
        return scope

    async def _say_goodbye(self, leave: _Leave) -> None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                await self._transport.send(encode(Goodbye(code=leave.code, reason=as_text(leave.reason))))
        except (ConnectionError, TimeoutError):
            pass


async def _known_ends(part: Coroutine[Any, Any, _Leave | None]) -> _Leave | None:
    """Let what can be expected to end a session end it quietly."""
    try:
        return await part
    except ConnectionError:
        return None
    except DatabaseError as error:
        _log.warning("a desk is sent away: no database", error=str(error))
        return _Leave("closing", error.message)


def _decoded(data: bytes) -> Frame | None:
    try:
        return decode_from_desk(data)
    except msgspec.MsgspecError:
        return None
