"""Who opens a conversation with a sensitive customer, or looks on at a colleague's chat, is written down at
the server, also when offline."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.log import get_logger
from agentdesk.commands.values import NoteRead, WatchChat
from agentdesk.queries.contact import is_sensitive
from agentdesk.sync.replica import Replica
from agentdesk.sync.workbench import Workbench

__all__ = ["Readings", "Watches"]

_SAME_READING = timedelta(minutes=10)

_log = get_logger(__name__)


class _Notes:
    """Going to and fro within ten minutes is one reading."""

    def __init__(self) -> None:
        self._noted: dict[UUID, datetime] = {}

    def is_new(self, conversation_id: UUID) -> bool:
        """Say whether this is another reading."""
        now = clock.now()
        self._noted = {one: at for one, at in self._noted.items() if now - at < _SAME_READING}
        if conversation_id in self._noted:
            return False
        self._noted[conversation_id] = now
        return True

    def _not_noted(self, conversation_id: UUID, error: AgentDeskError) -> None:
        self._noted.pop(conversation_id, None)
        _log.warning("a reading cannot be noted yet", problem=str(error))


class Readings(_Notes):
    """Turns the opening of conversations into commands, which the outbox keeps until the server has them."""

    def __init__(self, workbench: Workbench, replica: Replica) -> None:
        super().__init__()
        self._workbench = workbench
        self._replica = replica

    async def note(self, conversation_id: UUID) -> None:
        """Leave word of it where the customer is marked; only a server that knows such marks sends them."""
        try:
            async with self._replica.read() as conn:
                if not await is_sensitive(conn, conversation_id):
                    return
            await self._workbench.do(NoteRead(conversation_id=conversation_id), None)
        except AgentDeskError as error:
            self._not_noted(conversation_id, error)


class Watches(_Notes):
    """The same for chats of colleagues at which a supervisor looks on."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self._workbench = workbench

    async def note(self, conversation_id: UUID) -> None:
        """Leave word of it."""
        try:
            await self._workbench.do(WatchChat(conversation_id=conversation_id), None)
        except AgentDeskError as error:
            self._not_noted(conversation_id, error)
