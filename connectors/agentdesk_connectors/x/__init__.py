"""X: mentions, replies, quotes and direct messages of one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import Manifest
from agentdesk_connectors.x.naming import KIND
from agentdesk_connectors.x.settings import SCHEMA
from agentdesk_connectors.x.wire import interpret

if TYPE_CHECKING:
    from agentdesk_connectors.x.connector import XAccount

__all__ = ["create", "interpret", "manifest"]

manifest = Manifest(
    key="x",
    name=msg("X"),
    description=msg("An account on X: mentions, replies, quotes and direct messages."),
    identity_kind=KIND,
    tile="X",
    settings=SCHEMA,
    address_setting="address",
    private=False,
    sdk=(1, 1),
)


def create(context: AccountContext) -> XAccount:
    """Return the object for one account. Raises Invalid for settings that cannot work; no network is used."""
    from agentdesk_connectors.x.connector import XAccount  # the reading worker does without it

    return XAccount(context)
