"""Mastodon: mentions, answers and private messages of an account on any server that speaks its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import EDITS, Manifest
from agentdesk_connectors.mastodon.naming import KIND
from agentdesk_connectors.mastodon.settings import SCHEMA
from agentdesk_connectors.mastodon.wire import interpret

if TYPE_CHECKING:
    from agentdesk_connectors.mastodon.connector import MastodonAccount

__all__ = ["create", "interpret", "manifest"]

manifest = Manifest(
    key="mastodon",
    name=msg("Mastodon"),
    description=msg("An account on a Mastodon server: mentions, answers and private messages."),
    identity_kind=KIND,
    tile="Ma",
    settings=SCHEMA,
    address_setting="address",
    private=False,
    can=frozenset({EDITS}),
)


def create(context: AccountContext) -> MastodonAccount:
    """Return the object for one account. Raises Invalid for settings that cannot work; no network is used."""
    from agentdesk_connectors.mastodon.connector import MastodonAccount  # the reading worker does without it

    return MastodonAccount(context)
