"""The settings of a Mastodon account: how a person gives them, and how the connector reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.schema import Field, FieldType, Schema
from agentdesk_connectors.http import HOST, origin

__all__ = ["ACCESS_TOKEN", "SCHEMA", "MastodonSettings", "read_settings"]

ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a secret
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,100}[a-z0-9_])?")

_ACCOUNT = msg("Account")
_SIGN_IN = msg("Sign-in")

SCHEMA = Schema(
    (
        Field(
            "address",
            FieldType.EMAIL,
            msg("Account"),
            _ACCOUNT,
            msg("The account's name and its server: support@mastodon.example."),
        ),
        Field(
            "server",
            FieldType.TEXT,
            msg("Address of the server"),
            _ACCOUNT,
            msg("Where it is reached: https://social.example.com. Empty: what follows the @ of the account."),
            default="",
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
            "watch",
            FieldType.TERMS,
            msg("Words to watch for"),
            _ACCOUNT,
            msg("Posts with these words that do not name the account: larkfield, #larkfield, @name@server."),
            required=False,
        ),
        Field(
            ACCESS_TOKEN,
            FieldType.SECRET,
            msg("Access token"),
            _SIGN_IN,
            msg("Only where nobody can sign in with a browser: from the server's settings, Development."),
            required=False,
            advanced=True,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class MastodonSettings:
    """One account. ``address`` is ``name@domain``; ``base_url`` where its server is reached, with no slash
    at its end; ``history`` and ``watch`` as in the schema."""

    address: str
    base_url: str
    history: str
    watch: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """What follows the names of the server's own accounts."""
        return self.address.partition("@")[2]


def read_settings(given: Mapping[str, object]) -> MastodonSettings:
    """Return ``given`` (dotted keys, as `Schema.clean` returns them).

    Raises Invalid, naming the field, for an address or a server that cannot be used.
    """
    address = str(given.get("address") or "").strip().lower().removeprefix("@")
    name, _, domain = address.partition("@")
    if not _NAME.fullmatch(name) or not HOST.fullmatch(domain):
        raise _unusable("address", address)
    server = str(given.get("server") or "").strip()
    terms = given.get("watch") or ()
    return MastodonSettings(
        address=address,
        base_url=origin(server, SCHEMA.field("server")) if server else f"https://{domain}",
        history=str(given.get("history") or "now"),
        watch=tuple(str(term) for term in terms) if isinstance(terms, list | tuple) else (),
    )


def _unusable(key: str, value: str) -> Invalid:
    hint = SCHEMA.field(key).hint
    return Invalid(msg("{value} cannot be used for {name}.", value=value[:80], name=key), hint, field=key)
