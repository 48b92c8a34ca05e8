"""When held commands go: each at its moment, by clocks that run in this program."""

from __future__ import annotations

import asyncio
from uuid import UUID

from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.store.errors import DatabaseError
from agentdesk.sync.workbench import Workbench

__all__ = ["Holds"]

_AGAIN_SECONDS = 5.0

_log = get_logger(__name__)


class Holds:
    """Releases held commands of ``workbench``; ``tasks`` are those of the desk, which ends them."""

    def __init__(self, workbench: Workbench, tasks: Tasks) -> None:
        self._workbench = workbench
        self._tasks = tasks

    def arm(self, command_id: UUID, seconds: float) -> None:
        """Let a command go in so many seconds."""
        self._tasks.start(self._release_later(command_id, seconds), _timer(command_id))

    def disarm(self, command_id: UUID) -> None:
        """Leave it to somebody else."""
        self._tasks.cancel(_timer(command_id))

    async def _release_later(self, command_id: UUID, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
        while True:
            try:
                return await self._workbench.release(command_id)
            except DatabaseError as error:
                _log.warning("a held command cannot be released yet", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)


def _timer(command_id: UUID) -> str:
    return f"release {command_id}"
