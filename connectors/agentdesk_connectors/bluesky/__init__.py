"""Bluesky: mentions, answers, quotes and private messages of an account on any server of the AT Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import Manifest
from agentdesk_connectors.bluesky.naming import KIND
from agentdesk_connectors.bluesky.settings import SCHEMA
from agentdesk_connectors.bluesky.wire import interpret

if TYPE_CHECKING:
    from agentdesk_connectors.bluesky.connector import BlueskyAccount

__all__ = ["create", "interpret", "manifest"]

manifest = Manifest(
    key="bluesky",
    name=msg("Bluesky"),
    description=msg("An account on Bluesky: mentions, answers, quotes and private messages."),
    identity_kind=KIND,
    tile="Bl",
    settings=SCHEMA,
    address_setting="handle",
    private=False,
    sdk=(1, 1),
)


def create(context: AccountContext) -> BlueskyAccount:
    """Return the object for one account. Raises Invalid for settings that cannot work; no network is used."""
    from agentdesk_connectors.bluesky.connector import BlueskyAccount  # the reading worker does without it

    return BlueskyAccount(context)
