"""One page of a visitor that is connected: what it says is carried out, what is new for it is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

import msgspec

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.tasks import Tasks
from agentdesk.server.chat.copying import Copies
from agentdesk.server.chat.files import UnknownFile
from agentdesk.server.chat.limits import Buckets
from agentdesk.server.chat.marks import Marks
from agentdesk.server.chat.protocol import (
    Ack,
    Agent,
    Delete,
    Edit,
    End,
    FromPage,
    Hello,
    Lines,
    Message,
    Older,
    PageMoved,
    Ping,
    Pong,
    Problem,
    Profile,
    Read,
    Seen,
    Status,
    Survey,
    Transcript,
    Typing,
    TypingAgent,
    Welcome,
)
from agentdesk.server.chat.revising import NotRevised
from agentdesk.server.chat.rounds import Rounds
from agentdesk.server.chat.sessions import Opened, Sessions
from agentdesk.server.chat.trail import Trails
from agentdesk.server.chat.turns import TURN_SECONDS, Turn, Turns
from agentdesk.server.chat.watching import Caller, Watching
from agentdesk.server.chat.widgets import Standing, Widget, abilities

__all__ = ["Visit", "VisitTools"]

_LINES_AT_ONCE = 50
_TYPING_SECONDS = 8.0
_LOOK_SECONDS = 25.0
_UNKNOWN_SECONDS = 0.5
_ON_ITS_WAY_SECONDS = 30.0

_HANDED_IN = Message, Edit, Delete, End, Survey

Frames = list[msgspec.Struct]


@dataclass(frozen=True, slots=True)
class VisitTools:
    """What all visits of a server share."""

    sessions: Sessions
    trails: Trails
    watching: Watching
    turns: Turns
    messages: Buckets
    copies: Copies
    rounds: Rounds
    marks: Tasks


class Visit:
    """From the hello to the end. ``cursor`` is the last line that the page has, ``agent`` what the browser
    calls itself."""

    def __init__(
        self,
        tools: VisitTools,
        widget: Widget,
        hello: Hello,
        opened: Opened,
        standing: Standing,
        agent: str = "",
    ) -> None:
        self.session_id = opened.id
        self.bell = Bell()
        self.cursor = hello.cursor
        self._tools = tools
        self._widget = widget
        self._hello = hello
        self._opened = opened
        self._agent = agent
        self._caller = Caller(self.bell)
        self._looked = 0.0
        self._wrote = -_ON_ITS_WAY_SECONDS
        self._told = -1
        self._typing: Agent | None = None
        self._read = 0
        self._standing = standing
        self._turn: Turn | None = None
        self._holder: Agent | None = None
        self._named: Agent | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._marks: Marks | None = None

    def leave(self) -> None:
        """The page is gone."""
        self._stop_typing()
        if self._marks is not None:
            self._marks.begin()
        self._tools.watching.leave(self._caller)

    def welcome(self) -> Welcome:
        """Return what answers the hello, and begin where the page left off."""
        hello, opened = self._hello, self._opened
        other = hello.epoch is not None and hello.epoch != opened.epoch
        fresh = other or hello.token is None or self.cursor > opened.lines or opened.token is not None
        if fresh:
            self.cursor = 0
        self.cursor = max(self.cursor, opened.lines - _LINES_AT_ONCE)
        return Welcome(
            session=str(opened.id),
            token=opened.token,
            epoch=opened.epoch,
            fresh=fresh,
            cursor=opened.lines,
            first=self.cursor + 1,
            verified=opened.verified,
            online=self._standing.online,
            back=self._standing.back,
            profile=dict(opened.profile),
            time=clock.now(),
            can=abilities(self._widget),
        )

    # --- down ---

    async def lines(self) -> Frames:
        """Return the lines that the page does not have yet, as many as go at once."""
        found = await self._tools.sessions.after(
            self._widget.id, self.session_id, self.cursor, _LINES_AT_ONCE
        )
        if not found:
            return []
        self.cursor = found[-1].n
        return [Lines(lines=tuple(found))]

    async def changes(self) -> Frames:
        """Return who types and reads, and whether somebody is there, where it has changed. Raises Refused
        where the visitor was blocked meanwhile."""
        await self._tools.sessions.let_stay(self.session_id)
        frames: Frames = []
        await self._find_place()
        agent = await self._tools.watching.writer(self._caller)
        if agent != self._typing:
            self._typing = agent
            frames.append(TypingAgent(on=agent is not None, agent=agent))
        if self._tools.watching.is_read(self._caller) and self.cursor > self._read:
            self._read = self.cursor
            frames.append(Read(upto=self.cursor))
        return [*frames, *await self._presence()]

    async def _presence(self) -> Frames:
        """Whether somebody is there, who has the chat, and whose turn it is, where that has changed; the
        server knows it without asking for each page."""
        there = await self._tools.watching.online(self._widget.inbox_id)
        standing, place = self._widget.standing(there, clock.now()), self._caller.place
        turn = None if place is None else await self._tools.turns.of(place)
        if turn is None and self._turn is not None:  # somebody has it now
            self._looked = float("-inf")
            await self._find_place()
        same = turn == self._turn or (turn is not None and turn.is_about(self._turn))
        if same and (standing, self._holder) == (self._standing, self._named):
            return []
        self._standing, self._turn, self._named = standing, turn, self._holder
        status = Status(online=standing.online, back=standing.back, agent=self._holder)
        if turn is not None:
            status = msgspec.structs.replace(status, place=turn.place, minutes=turn.minutes)
        return [status]

    async def next(self) -> Frames:
        """Return what is new, waiting for it. Where nothing rings the database is left alone: most pages are
        silent most of the time."""
        while True:
            heard, patience = self.bell.rings, self._patience()
            ask = heard > self._told or patience < _LOOK_SECONDS
            frames = await self._everything(heard) if ask else await self._presence()
            if frames:
                return frames
            turns = self._turn is not None or self._is_new()
            await self.bell.wait(heard, min(patience, TURN_SECONDS) if turns else patience)

    async def _everything(self, heard: int) -> Frames:
        """Ask the database; the page is told then of all that had rung ``heard`` times, but where there are
        more lines than go at once."""
        before = self.cursor
        frames = [*await self.lines(), *await self.changes()]
        if self.cursor - before < _LINES_AT_ONCE:
            self._told = heard
        self._tools.rounds.told(self.session_id, self.cursor, self._caller.place, self._holder)
        return frames

    async def next_line(self) -> None:
        """Wait until there is a line that the page does not have. Who types is told with it: it alone is not
        worth a request."""
        while True:
            heard = self.bell.rings
            last = await self._tools.sessions.last_line(self.session_id)
            if last is None or last > self.cursor:
                return
            await self.bell.wait(heard, _LOOK_SECONDS)

    def _patience(self) -> float:
        """How long to rest: a moment while what was just written is on its way to the desk."""
        return _UNKNOWN_SECONDS if self._is_new() and self._caller.place is None else _LOOK_SECONDS

    def _is_new(self) -> bool:
        """Whether the visitor wrote a moment ago, and may wait for somebody whom no board tells of yet."""
        return asyncio.get_running_loop().time() - self._wrote < _ON_ITS_WAY_SECONDS

    async def _find_place(self) -> None:
        """Find the conversation at the desk, and again from time to time: it may be merged with another, or
        somebody else answers it."""
        now = asyncio.get_running_loop().time()
        found = (
            self._caller.place is not None and self._tools.rounds.changed_at(self.session_id) < self._looked
        )
        if self.cursor == 0 or (found and now - self._looked < _LOOK_SECONDS):
            return
        self._looked = now
        place = await self._tools.sessions.place(self.session_id)
        if place is not None:
            found = self._caller.place is None
            self._holder = place.agent
            self._tools.watching.follow(self._caller, place)
            if found:
                await self._tools.trails.note(self.session_id, self._agent)

    # --- up ---

    async def handle(self, frame: FromPage) -> Frames:
        """Carry out what the page says, and return the answer."""
        if isinstance(frame, _HANDED_IN):
            await self.settle()
        match frame:
            case Message():
                return [await self._write(frame)]
            case Edit() | Delete():
                return [await self._revise(frame)]
            case Typing():
                await self._type(frame)
                return []
            case Seen():
                self._mark(frame)
                return []
            case Older():
                return [await self._older(frame)]
            case Profile():
                await self._tools.sessions.introduce(self.session_id, frame)
                return [Ack(id=frame.id)]
            case End():
                n = await self._tools.sessions.end(self._widget.id, self.session_id, frame.id)
                return [Ack(id=frame.id, n=n)]
            case Survey():
                return [await self._rate(frame)]
            case Transcript():
                return [await self._copy(frame)]
            case PageMoved():
                await self._tools.sessions.move(self.session_id, frame.page)
                await self._tools.trails.note(self.session_id, self._agent)
                return []
            case Ping():
                return [Pong()]
            case Hello():
                return [Problem(code="bad_frame", text="One hello is enough.")]

    def _mark(self, frame: Seen) -> None:
        if self._marks is None:
            hand_in = partial(self._tools.sessions.mark, self._widget.id, self.session_id)
            self._marks = Marks(hand_in, self._tools.marks)
        self._marks.note(frame.upto, frame.state)

    async def settle(self) -> None:
        """Hand in what came and was seen, before the page says more."""
        if self._marks is not None:
            await self._marks.settle()

    async def _older(self, frame: Older) -> Lines:
        older = await self._tools.sessions.before(self._widget.id, self.session_id, frame.before, frame.most)
        return Lines(lines=tuple(older), first=not older or older[0].n == 1)

    async def _write(self, frame: Message) -> Ack | Problem:
        if len(frame.files) > self._widget.page.files:
            return Problem(code="not_here", text="This widget takes fewer files.", id=frame.id)
        if not frame.text.strip() and not frame.files:
            return Problem(code="invalid", text="A message needs a text.", id=frame.id)
        wait = self._tools.messages.take(self.session_id)
        if wait:
            return Problem(code="slow_down", text="Too many messages.", id=frame.id, retry=int(wait) + 1)
        try:
            n = await self._tools.sessions.write(
                self._widget.id, self.session_id, frame, mail=await self._mail()
            )
        except UnknownFile:
            return Problem(code="file", text="A file is not there (any more).", id=frame.id)
        self._wrote = asyncio.get_running_loop().time()
        self._stop_typing()
        return Ack(id=frame.id, n=n)

    async def _mail(self) -> str:
        """From which address of ours what is written now is answered; empty where somebody is there."""
        if not self._widget.mail:
            return ""
        there = await self._tools.watching.online(self._widget.inbox_id)
        return "" if self._widget.standing(there, clock.now()).online else self._widget.mail

    async def _revise(self, frame: Edit | Delete) -> Ack | Problem:
        wait = self._tools.messages.take(self.session_id)
        if wait:
            return Problem(code="slow_down", text="Too many changes.", id=frame.id, retry=int(wait) + 1)
        try:
            n = await self._tools.sessions.revise(self._widget.id, self.session_id, frame)
        except NotRevised as refused:
            return Problem(code=refused.code, text=refused.text, id=frame.id)
        return Ack(id=frame.id, n=n)

    async def _rate(self, frame: Survey) -> Ack | Problem:
        if not self._widget.page.survey:
            return Problem(code="not_here", text="This widget does not ask.", id=frame.id)
        wait = self._tools.messages.take(self.session_id)
        if wait:
            return Problem(code="slow_down", text="Too many answers.", id=frame.id, retry=int(wait) + 1)
        if not await self._tools.sessions.rate(self._widget.id, self.session_id, frame):
            return Problem(code="invalid", text="No chat has ended yet.", id=frame.id)
        return Ack(id=frame.id)

    async def _copy(self, frame: Transcript) -> Ack | Problem:
        if not self._widget.mail:
            return Problem(code="not_here", text="This widget sends no copies.", id=frame.id)
        place = await self._tools.sessions.place(self.session_id)
        return await self._tools.copies.send(self.session_id, place, frame)

    async def _type(self, frame: Typing) -> None:
        if not frame.on:
            self._stop_typing()
            return
        await self._find_place()
        self._tools.watching.write(self._caller, frame.text if self._widget.page.preview else "")
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = asyncio.get_running_loop().call_later(_TYPING_SECONDS, self._stop_typing)

    def _stop_typing(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None
        self._tools.watching.fall_silent(self._caller)
