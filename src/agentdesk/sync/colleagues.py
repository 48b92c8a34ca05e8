"""A desk's knowledge of its colleagues: where it is itself, and who else is at a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from agentdesk.base.events import Bell
from agentdesk.sync.presence import Other, Writing
from agentdesk.sync.protocol import Frame, Here, Others

__all__ = ["Colleagues"]

RENEW_SECONDS = 10.0
_PAUSE_SECONDS = 0.15


class Colleagues:
    """``on_change`` hears of the conversations where somebody came, went, or began or ceased to write;
    ``sees_visitors`` is whether the server tells which customers have their page open."""

    def __init__(self, on_change: Callable[[set[UUID]], None]) -> None:
        self._on_change = on_change
        self.sees_visitors = False
        self._here = Here()
        self._others: dict[UUID, tuple[Other, ...]] = {}
        self._news = Bell()

    def be_at(self, conversation_id: UUID | None, writing: Writing, *, watching: bool = False) -> None:
        """Say where this desk is; it is told at once, or as soon as there is a connection."""
        here = Here(conversation_id=conversation_id, writing=writing, watching=watching)
        if here != self._here:
            self._here = here
            self._news.ring()

    def others_at(self, conversation_id: UUID) -> tuple[Other, ...]:
        """Who else is at a conversation."""
        return self._others.get(conversation_id, ())

    def visitor_at(self, conversation_id: UUID, contact_id: UUID) -> bool | None:
        """Whether the customer of a chat has their page open; None where that is not known."""
        if not self.sees_visitors:
            return None
        return any(other.user_id == contact_id for other in self.others_at(conversation_id))

    def take(self, frame: Others) -> None:
        """The server tells who is at a conversation now."""
        if frame.people:
            self._others[frame.conversation_id] = frame.people
        else:
            self._others.pop(frame.conversation_id, None)
        self._on_change({frame.conversation_id})

    def forget(self) -> None:
        """The connection is lost: nothing is known of anybody."""
        self.sees_visitors = False
        known, self._others = set(self._others), {}
        if known:
            self._on_change(known)

    async def report(self, send: Callable[[Frame], Awaitable[None]]) -> None:
        """Tell the server where this desk is: soon when that changes, and again from time to time."""
        told = Here()
        while True:
            heard, here = self._news.rings, self._here
            if here != told or here.conversation_id is not None:
                await send(here)
                told = here
            await asyncio.sleep(_PAUSE_SECONDS)
            await self._news.wait(heard, RENEW_SECONDS if here.conversation_id is not None else None)
