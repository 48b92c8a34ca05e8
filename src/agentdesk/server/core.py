"""The server's heart without its doors: commands, accounts, and what wakes by the clock."""

from __future__ import annotations

from pathlib import Path

from agentdesk.base.events import Bell
from agentdesk.base.secrets import Vault
from agentdesk.base.tasks import Tasks
from agentdesk.commands.executor import Executor
from agentdesk.server.accounts import Supervisor, Times
from agentdesk.server.chat.doors import Doors
from agentdesk.server.command_channels import CommandChannels
from agentdesk.server.delivery import Pace
from agentdesk.server.hooks import Hooks
from agentdesk.server.interpreting import Interpreter
from agentdesk.server.leases import lasting_holder
from agentdesk.server.snooze import wake_for_ever
from agentdesk.store.engine import Database


class ServerCore:
    """Takes in, applies commands, sends.

    ``holder`` (``host:id``) names the server that works on ``data_dir`` alone; the first one given is kept
    there, so that leases left by a crash are taken back at the next start. ``bell`` rings after each commit
    of ours, and is to be rung when another server has written. ``doors`` are the bells of the visitors' pages
    that this process serves.
    """

    def __init__(
        self,
        db: Database,
        vault: Vault,
        data_dir: Path,
        *,
        bell: Bell,
        holder: str,
        times: Times | None = None,
        pace: Pace | None = None,
        doors: Doors | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.holder = lasting_holder(data_dir, holder)
        self._db = db
        self._bell = bell
        self._channels = CommandChannels(db, vault, doors)
        self._interpreter = Interpreter()
        self._supervisor = Supervisor(db, vault, bell, self.holder, self._interpreter, times, pace, doors)
        self.hooks = Hooks(db, vault, bell, self._supervisor.intakes)
        self._tasks = Tasks("core")
        self.executor = Executor(db, bell, self._channels)

    async def start(self) -> None:
        """Begin to run the accounts; returns at once."""
        self._tasks.start(self._supervisor.run(), "accounts")
        self._tasks.start(wake_for_ever(self._db, self._bell), "snooze")

    async def park(self) -> None:
        """Begin nothing new; finish what is under way, or park what takes longer than seconds. Commands are
        still applied."""
        await self._tasks.close()

    async def stop(self) -> None:
        """Park, and let go of everything."""
        await self.park()
        await self._channels.close()
        await self.hooks.close()
        await self._interpreter.close()
