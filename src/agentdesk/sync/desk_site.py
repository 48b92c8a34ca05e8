"""What a desk knows of who is on the site: nothing is kept, and nothing known without a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.events import Bell
from agentdesk.base.text import Msg, msg
from agentdesk.sync.frame import Frame
from agentdesk.sync.site_frames import Invite, InviteAnswer, LookAtSite, OnSite
from agentdesk.sync.visitor import SiteVisitor

__all__ = ["DeskSite", "NotInvited"]

_ANSWER_SECONDS = 15.0


class NotInvited(AgentDeskError):
    """The visitor will not be asked; the message says why."""


class DeskSite:
    """``on_change`` hears that somebody came, went, or that anything of them is different."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._looks = False
        self._there: dict[UUID, SiteVisitor] | None = None
        self._waiting: dict[int, asyncio.Future[Msg | None]] = {}
        self._last = 0
        self._to_send: list[Frame] = []
        self._news = Bell()
        self._connected = False

    @property
    def visitors(self) -> tuple[SiteVisitor, ...] | None:
        """Who is there, who came first first; None where that is not known."""
        if self._there is None:
            return None
        return tuple(sorted(self._there.values(), key=lambda one: (one.came_at, one.id)))

    def look(self, on: bool) -> None:
        """Begin or cease to look."""
        if on != self._looks:
            self._looks, self._there = on, None
            self._send(LookAtSite(on=on))

    async def invite(self, visitor_id: UUID, text: str) -> None:
        """Ask a visitor whether they want to chat. Raises NotInvited."""
        if not self._connected:
            raise NotInvited(msg("Inviting needs a connection to the server."))
        self._last += 1
        number, answer = self._last, asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._send(Invite(number=number, visitor_id=visitor_id, text=text))
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                refused = await answer
        except TimeoutError:
            raise NotInvited(msg("The server did not answer.")) from None
        finally:
            del self._waiting[number]
        if refused is not None:
            raise NotInvited(refused)

    def take(self, frame: OnSite | InviteAnswer) -> None:
        """The server tells something."""
        if isinstance(frame, InviteAnswer):
            waiting = self._waiting.get(frame.number)
            if waiting is not None and not waiting.done():
                waiting.set_result(_text(frame))
            return
        if not self._looks:
            return  # it was on its way when nobody looked any more
        there = {} if frame.whole or self._there is None else self._there
        there |= {one.id: one for one in frame.visitors}
        for gone in frame.gone:
            there.pop(gone, None)
        self._there = there
        self._on_change()

    def forget(self) -> None:
        """The connection is lost: nothing is known of anybody."""
        self._connected = False
        self._to_send.clear()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(msg("The connection was lost; it is not known whether they were asked."))
        if self._there is not None:
            self._there = None
            self._on_change()

    async def run(self, send: Callable[[Frame], Awaitable[None]]) -> None:
        """Tell the server what is wanted here, as long as there is a connection."""
        self._connected = True
        if self._looks:
            await send(LookAtSite(on=True))
        while True:
            heard = self._news.rings
            while self._to_send:
                await send(self._to_send.pop(0))
            await self._news.wait(heard)

    def _send(self, frame: Frame) -> None:
        if self._connected:
            self._to_send.append(frame)
            self._news.ring()


def _text(answer: InviteAnswer) -> Msg | None:
    refused = answer.refused
    return None if refused is None else Msg(refused.text, dict(refused.args), refused.many, refused.count)
