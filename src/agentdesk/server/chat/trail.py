"""What desks are shown of a visitor: on which page they are, where they were, with which browser."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import msgspec
from sqlalchemy import select, update

from agentdesk.base import clock
from agentdesk.domain.browsers import browser_of, system_of
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.cleaning import one_line
from agentdesk.domain.visits import Trail, read_trail, went_to, written
from agentdesk.server.chat.limits import Buckets
from agentdesk.store.engine import Database
from agentdesk.store.tables import chat_session, contact_identity
from agentdesk.store.unit import ServerUnit

__all__ = ["Trails"]

_NOTES, _NOTES_PER_SECOND = 10, 0.2


class Trails:
    """``wake`` is called when something was written that desks are to be told."""

    def __init__(self, db: Database, wake: Callable[[], None]) -> None:
        self._db = db
        self._wake = wake
        self._notes = Buckets(_NOTES, _NOTES_PER_SECOND)

    async def note(self, session_id: UUID, agent: str) -> None:
        """Note on which page a visitor is, as their session has it, and show it at the desks; ``agent`` is
        what their browser calls itself. Nothing where they open pages faster than anybody reads."""
        if self._notes.take(session_id):
            return
        mine = chat_session.c.id == session_id
        async with self._db.write() as conn:
            columns = chat_session.c.identity, chat_session.c.place, chat_session.c.trail
            row = (await conn.execute(select(*columns).where(mine).with_for_update())).first()
            if row is None:
                return
            place = {name: str(value) for name, value in row.place.items()}
            trail = msgspec.structs.replace(
                read_trail(row.trail) or Trail(),
                browser=browser_of(agent),
                system=system_of(agent),
                language=place.get("language", ""),
                time_zone=place.get("time_zone", ""),
            )
            title, referrer = one_line(place.get("title", ""), 200), place.get("referrer", "")
            value = written(went_to(trail, place.get("url", ""), title, referrer, clock.now()))
            if value != row.trail:
                await conn.execute(update(chat_session).where(mine).values(trail=value))
            theirs = contact_identity.c.kind == CHANNEL, contact_identity.c.value == row.identity
            shown = select(contact_identity.c.id, contact_identity.c.visit).where(*theirs)
            known = (await conn.execute(shown)).first()
            if known is None or known.visit == value:  # they have not written yet, or nothing is new
                return
            unit = ServerUnit(conn)
            await unit.update(contact_identity, known.id, {"visit": value})
            await unit.flush()
        self._wake()
