"""What the desk program is made of, each part imported when it is needed and not before."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from agentdesk.desktop.lifetime import is_alive

if TYPE_CHECKING:
    from agentdesk.desktop.workspace import Workspace
    from agentdesk.sync.account import ServerAccount
    from agentdesk.sync.early_desk import EarlyDesk
    from agentdesk.sync.local import LocalDesk

__all__ = ["import_local_desk", "import_panes", "rows_painted", "server_account", "workspace_name"]

_ROWS_SECONDS = 1.0


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
