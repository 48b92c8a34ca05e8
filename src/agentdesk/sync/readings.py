"""Who opens a conversation with a sensitive customer is written down at the server, also when offline."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.log import get_logger
from agentdesk.commands.values import NoteRead
from agentdesk.queries.contact import is_sensitive
from agentdesk.sync.replica import Replica
from agentdesk.sync.workbench import Workbench

__all__ = ["Readings"]

_SAME_READING = timedelta(minutes=10)

_log = get_logger(__name__)


class Readings:
    """Turns the opening of conversations into commands, which the outbox keeps until the server has them."""

    def __init__(self, workbench: Workbench, replica: Replica) -> None:
        self._workbench = workbench
        self._replica = replica
        self._noted: dict[UUID, datetime] = {}

    def is_new(self, conversation_id: UUID) -> bool:
        """Say whether this is another reading; going to and fro within ten minutes is one."""
        now = clock.now()
        self._noted = {one: at for one, at in self._noted.items() if now - at < _SAME_READING}
        if conversation_id in self._noted:
            return False
        self._noted[conversation_id] = now
        return True

    async def note(self, conversation_id: UUID) -> None:
        """Leave word of it where the customer is marked; only a server that knows such marks sends them."""
        try:
            async with self._replica.read() as conn:
                if not await is_sensitive(conn, conversation_id):
                    return
            await self._workbench.do(NoteRead(conversation_id=conversation_id), None)
        except AgentDeskError as error:
            self._noted.pop(conversation_id, None)
            _log.warning("a reading cannot be noted yet", problem=str(error))
