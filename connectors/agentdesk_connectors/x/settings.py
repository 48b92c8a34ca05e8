"""The settings of an account on X: how a person gives them, and how the connector reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.schema import Field, FieldType, Schema
from agentdesk_connectors.http import origin
from agentdesk_connectors.x.naming import handle_of

__all__ = [
    "ACCESS_TOKEN",
    "BEARER_TOKEN",
    "CLIENT_SECRET",
    "ENTERPRISE",
    "REFRESH_TOKEN",
    "SCHEMA",
    "SELF_SERVE",
    "XSettings",
    "read_settings",
]

REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a secret
ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a secret
BEARER_TOKEN = "bearer_token"  # noqa: S105 - the name of a secret
CLIENT_SECRET = "client_secret"  # noqa: S105 - the name of a secret
SELF_SERVE = "self_serve"
ENTERPRISE = "enterprise"
API = "https://api.x.com"
CONSENT = "https://x.com"
PORT = 47_823

_ACCOUNT = msg("Account")
_APP = msg("App at X")

SCHEMA = Schema(
    (
        Field("address", FieldType.TEXT, msg("Account"), _ACCOUNT, msg("The account's name: @support.")),
        Field(
            "history",
            FieldType.HISTORY,
            msg("Start with"),
            _ACCOUNT,
            msg("Mentions from now on, of the last days, or all that X still gives: now, days:30, all."),
            default="now",
        ),
        Field(
            "watch",
            FieldType.TERMS,
            msg("Watch for"),
            _ACCOUNT,
            msg("Words and @names in posts that do not mention the account. Each post found costs a read."),
            default="",
            required=False,
        ),
        Field(
            "tier",
            FieldType.CHOICE,
            msg("Plan at X"),
            _APP,
            msg("It decides where answers are allowed, and what they cost."),
            default=SELF_SERVE,
            choices={SELF_SERVE: msg("Pay per use"), ENTERPRISE: msg("Enterprise")},
        ),
        Field(
            "client_id",
            FieldType.TEXT,
            msg("Client ID"),
            _APP,
            msg("Of your app at developer.x.com, under Keys and tokens, OAuth 2.0."),
        ),
        Field(
            CLIENT_SECRET,
            FieldType.SECRET,
            msg("Client secret"),
            _APP,
            msg("Only where X has given one: apps of the kind Web App or Automated App."),
            required=False,
        ),
        Field(
            BEARER_TOKEN,
            FieldType.SECRET,
            msg("Bearer token of the app"),
            _APP,
            msg("With it posts and messages arrive at once; without it X is asked every two minutes."),
            required=False,
        ),
        Field(
            "callback_port",
            FieldType.PORT,
            msg("Port for signing in"),
            _APP,
            msg("The app at X must name this address to return to: http://127.0.0.1:47823/"),
            default=PORT,
            advanced=True,
        ),
        Field(
            REFRESH_TOKEN,
            FieldType.SECRET,
            msg("Refresh token"),
            _APP,
            msg("Only where nobody can sign in with a browser on this computer."),
            required=False,
            advanced=True,
        ),
        Field(
            "server",
            FieldType.TEXT,
            msg("Address of the API"),
            _APP,
            msg("Only for tests: another address than https://api.x.com."),
            default="",
            required=False,
            advanced=True,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class XSettings:
    """One account. ``handle`` is its name without the @, in small letters; ``api`` and ``consent`` are where
    X is asked, and where people agree; ``history`` as in the schema; ``watch`` the terms to look for."""

    handle: str
    history: str
    watch: tuple[str, ...]
    tier: str
    client_id: str
    callback_port: int
    api: str
    consent: str


def read_settings(given: Mapping[str, object]) -> XSettings:
    """Return ``given`` (dotted keys, as `Schema.clean` returns them).

    Raises Invalid, naming the field, for a name or an address that cannot be used.
    """
    handle = handle_of(str(given.get("address") or ""))
    if not handle:
        raise _unusable("address", str(given.get("address") or ""))
    client_id = str(given.get("client_id") or "").strip()
    if not client_id:
        raise _unusable("client_id", client_id)
    server = str(given.get("server") or "").strip()
    server = origin(server, SCHEMA.field("server")) if server else ""
    watch = given.get("watch")
    port = given.get("callback_port")
    return XSettings(
        handle=handle,
        history=str(given.get("history") or "now"),
        watch=tuple(str(one) for one in watch) if isinstance(watch, list | tuple) else (),
        tier=ENTERPRISE if given.get("tier") == ENTERPRISE else SELF_SERVE,
        client_id=client_id,
        callback_port=port if isinstance(port, int) else PORT,
        api=server or API,
        consent=server or CONSENT,
    )


def _unusable(key: str, value: str) -> Invalid:
    hint = SCHEMA.field(key).hint
    return Invalid(msg("{value} cannot be used for {name}.", value=value[:80], name=key), hint, field=key)
