"""Live chat: a widget on web pages that this server serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import EDITS, EXTRAS, Manifest
from agentdesk_connectors.livechat.settings import SCHEMA
from agentdesk_connectors.livechat.wire import interpret

if TYPE_CHECKING:
    from agentdesk_connectors.livechat.connector import ChatAccount

__all__ = ["create", "interpret", "manifest"]

manifest = Manifest(
    key="chat",
    name=msg("Live chat"),
    description=msg("A widget on your web pages: visitors write, and see the answer at once."),
    identity_kind="chat",
    tile="message-circle",
    settings=SCHEMA,
    address_setting="site",
    can=frozenset({EDITS, EXTRAS}),
)


def create(context: AccountContext) -> ChatAccount:
    """Return the object for one widget. Raises Invalid for settings that cannot work; no network is used."""
    from agentdesk_connectors.livechat.connector import ChatAccount  # the reading worker does without it

    return ChatAccount(context)
