"""Pages on Facebook: comments, posts of visitors, mentions, and messages to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import EDITS, Manifest
from agentdesk_connectors.facebook.naming import KIND
from agentdesk_connectors.facebook.settings import SCHEMA
from agentdesk_connectors.facebook.wire import interpret

if TYPE_CHECKING:
    from agentdesk_connectors.facebook.connector import FacebookAccount

__all__ = ["create", "interpret", "manifest"]

manifest = Manifest(
    key="facebook",
    name=msg("Facebook"),
    description=msg("A page on Facebook: comments, posts of visitors, mentions and messages."),
    identity_kind=KIND,
    tile="Fb",
    settings=SCHEMA,
    address_setting="page",
    private=False,
    can=frozenset({EDITS}),
    sdk=(1, 2),
)


def create(context: AccountContext) -> FacebookAccount:
    """Return the object for one account. Raises Invalid for settings that cannot work; no network is used."""
    from agentdesk_connectors.facebook.connector import FacebookAccount  # the reading worker does without it

    return FacebookAccount(context)
