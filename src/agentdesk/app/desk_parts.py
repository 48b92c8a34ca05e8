"""What the desk program is made of, each part imported when it is needed and not before."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.desktop.lifetime import is_alive

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from agentdesk.app.desk_vault import DeskVault
    from agentdesk.app.session import SessionKeeper
    from agentdesk.base.errors import AgentDeskError
    from agentdesk.desktop.views.trouble import TroublePage
    from agentdesk.desktop.workspace import Workspace
    from agentdesk.sync.account import ServerAccount
    from agentdesk.sync.early_desk import EarlyDesk
    from agentdesk.sync.local import LocalDesk

__all__ = [
    "import_local_desk",
    "import_panes",
    "move_later",
    "rows_painted",
    "server_account",
    "trouble_page",
    "workspace_name",
]

_ROWS_SECONDS = 1.0
_MOVE_AFTER_SECONDS = 10.0
"""When secrets in files are moved to the key ring: the start is over by then."""


def import_panes() -> type[EarlyDesk]:
    """Import what shows the list, in a thread: the window answers meanwhile."""
    import agentdesk.desktop.workspace  # noqa: F401 - needed in a moment
    from agentdesk.sync.early_desk import EarlyDesk

    return EarlyDesk


def server_account(server: str, token: str, authority: str) -> ServerAccount:
    """Return what a person can do with their own account on the server."""
    from agentdesk.sync.account import ServerAccount

    return ServerAccount(server, token, authority)


def import_local_desk() -> type[LocalDesk]:
    """Import what opens the replica, in a thread: the window answers meanwhile."""
    from agentdesk.sync.local import LocalDesk

    return LocalDesk


def trouble_page(error: AgentDeskError, window: QWidget, *, can_retry: bool) -> TroublePage:
    """Return what the window shows where the desk does not open."""
    from agentdesk.app.desk_vault import KeyLost
    from agentdesk.desktop.views.trouble import TroublePage
    from agentdesk.sync.key_lease import LeaseOver

    return TroublePage(
        error.message,
        error.hint,
        can_retry=can_retry,
        icon_name="lock" if isinstance(error, LeaseOver | KeyLost) else "circle-alert",
        other=msg("Begin anew") if isinstance(error, KeyLost) else None,
        parent=window,
    )


async def rows_painted(workspace: Workspace) -> None:
    """Wait until the first rows are on screen, or it is known that there are none: the imports that follow
    would take the processor from them."""
    shown = asyncio.Event()

    def on_listed(count: int) -> None:
        if not count:
            shown.set()

    queue = workspace.queue
    arrived, listed = queue.model.rows_arrived.connect(shown.set), queue.listed.connect(on_listed)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_ROWS_SECONDS):
            await shown.wait()
    if is_alive(queue):
        queue.model.rows_arrived.disconnect(arrived)
        queue.listed.disconnect(listed)
        queue.table.viewport().repaint()


def workspace_name(server: str) -> str:
    """Return what the window calls the server at an address."""
    host = server.split("//")[-1].split(":")[0].split("/")[0]
    return "AgentDesk" if host in ("", "127.0.0.1", "localhost", "[") else host


async def move_later(session: SessionKeeper, vault: DeskVault) -> None:
    """Move secrets that lie in files to the key ring, when the start is over."""
    await asyncio.sleep(_MOVE_AFTER_SECONDS)
    await session.move_to_ring()
    await vault.move_to_ring()
