"""The settings of an Instagram account: how a person gives them, and how the connector reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.schema import Field, FieldType, Schema
from agentdesk_connectors.http import origin

__all__ = [
    "ACCESS_TOKEN",
    "APP_SECRET",
    "SCHEMA",
    "SERVER",
    "VERIFY_TOKEN",
    "InstagramSettings",
    "read_settings",
]

SERVER = "https://graph.instagram.com"
ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a secret
APP_SECRET = "app_secret"  # noqa: S105 - the name of a secret
VERIFY_TOKEN = "verify_token"  # noqa: S105 - the name of a secret

_ACCOUNT = msg("Account")
_APP = msg("App")
_CALLS = msg("Calls by the network")

SCHEMA = Schema(
    (
        Field(
            "account",
            FieldType.TEXT,
            msg("Number of the account"),
            _ACCOUNT,
            msg(
                "The number of the professional account, as the app's dashboard shows it: 17841400000000000."
            ),
        ),
        Field(
            "app",
            FieldType.TEXT,
            msg("Number of the app"),
            _APP,
            msg("The Instagram app ID, from the app's dashboard."),
        ),
        Field(
            "public_address",
            FieldType.TEXT,
            msg("Public address of this server"),
            _CALLS,
            msg("Where Instagram reaches it: https://desk.example.com. Empty: the account is only asked."),
            default="",
            required=False,
        ),
        Field(
            "human_agent",
            FieldType.BOOLEAN,
            msg("Answer up to seven days later"),
            _ACCOUNT,
            msg("Only where Meta has allowed the app the feature Human Agent; else it is 24 hours."),
            default=False,
            required=False,
        ),
        Field(
            "history",
            FieldType.HISTORY,
            msg("Start with"),
            _ACCOUNT,
            msg("Comments and messages from now on, of the last days, or all there are: now, days:30, all."),
            default="now",
        ),
        Field(
            "server",
            FieldType.TEXT,
            msg("Address of the network"),
            _APP,
            msg("Where it is asked: https://graph.instagram.com."),
            default=SERVER,
            required=False,
            advanced=True,
        ),
        Field(
            ACCESS_TOKEN,
            FieldType.SECRET,
            msg("Access token"),
            _APP,
            msg("From the app's dashboard, Generate token. It is renewed by itself as long as it holds."),
        ),
        Field(
            APP_SECRET,
            FieldType.SECRET,
            msg("App secret"),
            _APP,
            msg("The Instagram app secret, which proves that a call is Instagram's."),
        ),
        Field(
            VERIFY_TOKEN,
            FieldType.SECRET,
            msg("Verify token"),
            _CALLS,
            msg("Any words of yours; give the same to the app's dashboard, beside the address."),
            required=False,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class InstagramSettings:
    """One account. ``base_url`` is where it is asked, ``public_address`` where we are called ("": nowhere),
    both with no slash at the end; ``history`` as in the schema."""

    account: str
    app: str
    base_url: str = SERVER
    public_address: str = ""
    human_agent: bool = False
    history: str = "now"


def read_settings(given: Mapping[str, object]) -> InstagramSettings:
    """Return ``given`` (dotted keys, as `Schema.clean` returns them). Raises Invalid, naming the field."""
    server, public = str(given.get("server") or SERVER), str(given.get("public_address") or "")
    return InstagramSettings(
        account=_number(given, "account"),
        app=_number(given, "app"),
        base_url=origin(server, SCHEMA.field("server")),
        public_address=origin(public, SCHEMA.field("public_address")) if public else "",
        human_agent=given.get("human_agent") is True,
        history=str(given.get("history") or "now"),
    )


def _number(given: Mapping[str, object], key: str) -> str:
    value = str(given.get(key) or "").strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 30):
        raise Invalid(
            msg("{value} cannot be used for {name}.", value=value[:80], name=key),
            SCHEMA.field(key).hint,
            field=key,
        )
    return value
