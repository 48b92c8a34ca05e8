"""Plaza: a made-up network with public posts, circles and private messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.manifest import Manifest
from agentdesk.sdk.schema import Field, FieldType, Schema
from agentdesk_plaza.wire import KIND, interpret

if TYPE_CHECKING:
    from agentdesk_plaza.connector import PlazaAccount

__all__ = ["create", "interpret", "manifest"]

manifest = Manifest(
    key="plaza",
    name=msg("Plaza"),
    description=msg("Mentions, comments and private messages on Plaza."),
    identity_kind=KIND,
    tile="PZ",
    settings=Schema(
        (
            Field("handle", FieldType.TEXT, msg("Your handle")),
            Field("server", FieldType.TEXT, msg("Server"), default="https://plaza.example"),
            Field("watch", FieldType.TERMS, msg("Words to watch for"), required=False),
            Field("token", FieldType.SECRET, msg("Token"), required=False),
            Field("hook_secret", FieldType.SECRET, msg("Secret for calls by Plaza"), required=False),
        )
    ),
    address_setting="handle",
    private=False,
    sdk=(1, 0),
)


def create(context: AccountContext) -> PlazaAccount:
    """Return the object for one account. No network is used."""
    from agentdesk_plaza.connector import PlazaAccount  # the reading worker does without aiohttp

    return PlazaAccount(context)
