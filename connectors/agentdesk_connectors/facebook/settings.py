"""The settings of a page on Facebook: how a person gives them, and how the connector reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.schema import Field, FieldType, Schema
from agentdesk_connectors.http import origin
from agentdesk_connectors.meta.client import SERVER

__all__ = [
    "APP_SECRET",
    "PAGE_TOKEN",
    "SCHEMA",
    "VERIFY_TOKEN",
    "FacebookSettings",
    "read_settings",
]

PAGE_TOKEN = "page_token"  # noqa: S105 - the names of secrets
APP_SECRET = "app_secret"  # noqa: S105
VERIFY_TOKEN = "verify_token"  # noqa: S105
_NUMBER = re.compile(r"[0-9]{1,30}")

_ACCOUNT = msg("Page")
_APP = msg("App")
_CALLS = msg("Calls by Facebook")

SCHEMA = Schema(
    (
        Field(
            "page",
            FieldType.TEXT,
            msg("Number of the page"),
            _ACCOUNT,
            msg("It stands on the page itself, under About and Page transparency."),
        ),
        Field(
            "history",
            FieldType.HISTORY,
            msg("Start with"),
            _ACCOUNT,
            msg("What comes from now on, of the last days, or everything there is: now, days:30, all."),
            default="now",
        ),
        Field(
            "human_agent",
            FieldType.BOOLEAN,
            msg("Answer messages for seven days"),
            _ACCOUNT,
            msg("The app has the feature Human Agent. Otherwise messages can be answered for 24 hours."),
            default=True,
        ),
        Field(
            "app",
            FieldType.TEXT,
            msg("Number of the app"),
            _APP,
            msg("Of your own app at developers.facebook.com, from its basic settings."),
        ),
        Field(
            APP_SECRET,
            FieldType.SECRET,
            msg("App secret"),
            _APP,
            msg("From the app's basic settings. It proves calls in both directions."),
        ),
        Field(
            PAGE_TOKEN,
            FieldType.SECRET,
            msg("Page access token"),
            _APP,
            msg("One that does not expire. Signing in with a browser brings it too."),
            required=False,
        ),
        Field(
            "public_address",
            FieldType.TEXT,
            msg("Public address of this server"),
            _CALLS,
            msg(
                "Where Facebook reaches it through https: https://desk.example.com. Empty: it is asked only."
            ),
            default="",
            required=False,
        ),
        Field(
            VERIFY_TOKEN,
            FieldType.SECRET,
            msg("Verify token"),
            _CALLS,
            msg("Any long word of your own. Facebook shows it when it asks whether the address is yours."),
            required=False,
        ),
        Field(
            "server",
            FieldType.TEXT,
            msg("Address of the Graph"),
            _APP,
            msg("Where Facebook's interface is reached."),
            default=SERVER,
            required=False,
            advanced=True,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class FacebookSettings:
    """One page. ``page`` and ``app`` are numbers; ``public_address`` is "" where nobody can call us."""

    page: str
    app: str
    base_url: str
    public_address: str
    history: str
    human_agent: bool


def read_settings(given: Mapping[str, object]) -> FacebookSettings:
    """Return ``given`` (dotted keys, as `Schema.clean` returns them). Raises Invalid, naming the field."""
    public = str(given.get("public_address") or "").strip()
    return FacebookSettings(
        page=_number(given, "page"),
        app=_number(given, "app"),
        base_url=origin(str(given.get("server") or SERVER), SCHEMA.field("server")),
        public_address=origin(public, SCHEMA.field("public_address")) if public else "",
        history=str(given.get("history") or "now"),
        human_agent=given.get("human_agent") is not False,
    )


def _number(given: Mapping[str, object], key: str) -> str:
    value = str(given.get(key) or "").strip()
    if not _NUMBER.fullmatch(value):
        hint = SCHEMA.field(key).hint
        raise Invalid(msg("{value} cannot be used for {name}.", value=value[:80], name=key), hint, field=key)
    return value
