"""The settings of a Bluesky account: how a person gives them, and how the connector reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.schema import Field, FieldType, Schema
from agentdesk_connectors.bluesky.naming import did_of, handle_of
from agentdesk_connectors.http import origin

__all__ = ["APP_PASSWORD", "ENTRYWAY", "MOST_TERMS", "SCHEMA", "SESSION", "BlueskySettings", "read_settings"]

APP_PASSWORD = "app_password"  # noqa: S105 - the name of a secret
SESSION = "session"
"""The secret in which the connector keeps the tokens of a sign-in; no person gives it."""
ENTRYWAY = "https://bsky.social"
MOST_TERMS = 25

_ACCOUNT = msg("Account")
_SIGN_IN = msg("Sign-in")
_WATCH = msg("Watch list")

SCHEMA = Schema(
    (
        Field(
            "handle",
            FieldType.TEXT,
            msg("Handle"),
            _ACCOUNT,
            msg("The account's name: support.example.com, or support.bsky.social."),
        ),
        Field(
            "server",
            FieldType.TEXT,
            msg("Address of the server"),
            _ACCOUNT,
            msg("Where it signs in: https://bsky.social, or your own server."),
            default=ENTRYWAY,
            required=False,
            advanced=True,
        ),
        Field(
            "history",
            FieldType.HISTORY,
            msg("Start with"),
            _ACCOUNT,
            msg("Mentions from now on, of the last days, or everything there is: now, days:30, all."),
            default="now",
        ),
        Field(
            "messages",
            FieldType.BOOLEAN,
            msg("Private messages"),
            _ACCOUNT,
            msg("The app password must allow access to direct messages."),
            default=True,
            required=False,
        ),
        Field(
            "watch",
            FieldType.TERMS,
            msg("Watch for"),
            _WATCH,
            msg("Words and @handles: posts that speak of them are shown without anybody waiting."),
            default=[],
            required=False,
        ),
        Field(
            APP_PASSWORD,
            FieldType.SECRET,
            msg("App password"),
            _SIGN_IN,
            msg("From Bluesky's settings, App passwords. It is not the account's own password."),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class BlueskySettings:
    """One account. ``handle`` is a handle or a DID; ``server`` the origin where it signs in; ``history`` as
    in the schema; ``messages``: private messages are read; ``watch`` the terms of the watch list."""

    handle: str
    server: str
    history: str
    messages: bool
    watch: tuple[str, ...]


def read_settings(given: Mapping[str, object]) -> BlueskySettings:
    """Return ``given`` (dotted keys, as `Schema.clean` returns them).

    Raises Invalid, naming the field, for a handle, a server or a watch list that cannot be used.
    """
    handle = str(given.get("handle") or "").strip()
    name = did_of(handle) or handle_of(handle)
    if not name:
        raise Invalid(
            msg("{value} cannot be used for {name}.", value=handle[:80], name="handle"),
            SCHEMA.field("handle").hint,
            field="handle",
        )
    terms = given.get("watch")
    watch = tuple(str(one) for one in terms) if isinstance(terms, list) else ()
    if len(watch) > MOST_TERMS:
        raise Invalid(msg("A watch list has {count} terms at most.", count=MOST_TERMS), field="watch")
    return BlueskySettings(
        handle=name,
        server=origin(str(given.get("server") or ENTRYWAY), SCHEMA.field("server")),
        history=str(given.get("history") or "now"),
        messages=given.get("messages") is not False,
        watch=watch,
    )
