"""Finding connectors by entry point; ours and third parties' alike."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import cast

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.manifest import VERSION
from agentdesk.sdk.protocols import ConnectorModule, is_connector

__all__ = ["GROUP", "connector", "installed"]

GROUP = "agentdesk.connectors"


@cache
def connector(key: str) -> ConnectorModule:
    """Return the installed connector ``key``. Raises Invalid where there is none, or it is no connector."""
    for point in entry_points(group=GROUP, name=key):
        module: ModuleType = point.load()
        if not is_connector(module):
            raise Invalid(msg("The installed package for {name} is not a connector.", name=key))
        found = cast(ConnectorModule, module)
        if found.manifest.sdk[0] != VERSION[0] or found.manifest.sdk > VERSION:
            raise Invalid(
                msg("The connector for {name} was made for another version of AgentDesk.", name=key),
                msg("Install the version of it that fits."),
            )
        return found
    raise Invalid(
        msg("There is no connector for {name}.", name=key),
        msg("Known channels: {names}.", names=", ".join(installed())),
    )


def installed() -> tuple[str, ...]:
    """Return the keys of all installed connectors, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))
