"""Instagram: comments, mentions and private messages of a professional account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import Manifest
from agentdesk_connectors.instagram.naming import KIND
from agentdesk_connectors.instagram.settings import SCHEMA
from agentdesk_connectors.instagram.wire import interpret

if TYPE_CHECKING:
    from agentdesk_connectors.instagram.connector import InstagramAccount

__all__ = ["create", "interpret", "manifest"]

manifest = Manifest(
    key="instagram",
    name=msg("Instagram"),
    description=msg("A professional account on Instagram: comments, mentions and private messages."),
    identity_kind=KIND,
    tile="Ig",
    settings=SCHEMA,
    address_setting="account",
    private=False,
    sdk=(1, 2),
)


def create(context: AccountContext) -> InstagramAccount:
    """Return the object for one account. Raises Invalid for settings that cannot work; no network is used."""
    from agentdesk_connectors.instagram.connector import (
        InstagramAccount,
    )  # the reading worker does without it

    return InstagramAccount(context)
