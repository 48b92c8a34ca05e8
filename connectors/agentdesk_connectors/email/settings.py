"""The settings of an email account: how a person gives them, and how the connector reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.sdk.schema import Field, FieldType, Schema

_ADDRESS = msg("Address")
_INCOMING = msg("Incoming mail")
_OUTGOING = msg("Outgoing mail")
_SIGN_IN = msg("Sign-in")
_CERTIFICATES = msg("Certificates")

_SECURITIES = {
    "tls": msg("TLS"),
    "starttls": msg("STARTTLS"),
    "none": msg("None (only inside a trusted network)"),
}
_IMAP_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_SMTP_PORTS = {"tls": 465, "starttls": 587, "none": 25}


def _text(key: str, title: Msg, group: Msg, *, hint: Msg | None = None, default: object = None) -> Field:
    return Field(key, FieldType.TEXT, title, group, hint, default, required=False, advanced=True)


def _security(key: str, group: Msg) -> Field:
    return Field(key, FieldType.CHOICE, msg("Encryption"), group, default="tls", choices=_SECURITIES)


def _host(key: str, group: Msg, *, required: bool, hint: Msg | None = None) -> Field:
    return Field(key, FieldType.HOSTNAME, msg("Server"), group, hint, required=required)


def _port(key: str, group: Msg) -> Field:
    hint = msg("Empty: the usual port for this kind of encryption.")
    return Field(key, FieldType.PORT, msg("Port"), group, hint, required=False)


def _user(key: str, group: Msg) -> Field:
    hint = msg("Empty: the address.")
    return Field(key, FieldType.TEXT, msg("User name"), group, hint, required=False)


def _secret(key: str, title: Msg, *, hint: Msg | None = None, advanced: bool = False) -> Field:
    return Field(key, FieldType.SECRET, title, _SIGN_IN, hint, required=False, advanced=advanced)


SCHEMA = Schema(
    (
        Field("address", FieldType.EMAIL, msg("Email address"), _ADDRESS),
        Field(
            "display_name",
            FieldType.TEXT,
            msg("Name shown to customers"),
            _ADDRESS,
            msg("Used where a message brings no name of its own."),
            default="",
        ),
        _host("imap.host", _INCOMING, required=True),
        _port("imap.port", _INCOMING),
        _security("imap.security", _INCOMING),
        _user("imap.user", _INCOMING),
        Field(
            "history",
            FieldType.HISTORY,
            msg("Start with"),
            _INCOMING,
            msg("Mail from now on, of the last days, or everything in the folder: now, days:30, all."),
            default="now",
        ),
        _host("smtp.host", _OUTGOING, required=False, hint=msg("Empty: the server for incoming mail.")),
        _port("smtp.port", _OUTGOING),
        _security("smtp.security", _OUTGOING),
        _user("smtp.user", _OUTGOING),
        _secret("password", msg("Password"), hint=msg("Some providers need an app password.")),
        _text("imap.folder", msg("Folder to read"), _INCOMING, default="INBOX"),
        _text(
            "sent_folder",
            msg("Folder for sent mail"),
            _OUTGOING,
            hint=msg("Empty: found by itself."),
            default="",
        ),
        Field(
            "save_sent",
            FieldType.CHOICE,
            msg("Keep a copy of sent mail"),
            _OUTGOING,
            default="auto",
            choices={
                "auto": msg("Unless the provider does it"),
                "yes": msg("Always"),
                "no": msg("Never"),
            },
            advanced=True,
        ),
        Field(
            "plus_address",
            FieldType.BOOLEAN,
            msg("Answers come back to a plus address"),
            _OUTGOING,
            msg("Only where the server delivers name+anything to name."),
            default=False,
            advanced=True,
        ),
        Field(
            "auth",
            FieldType.CHOICE,
            msg("Sign in with"),
            _SIGN_IN,
            default="password",
            choices={"password": msg("Password"), "xoauth2": msg("The provider's sign-in page")},
            advanced=True,
        ),
        Field(
            "oauth.provider",
            FieldType.CHOICE,
            msg("Provider"),
            _SIGN_IN,
            default="custom",
            choices={"google": msg("Google"), "microsoft": msg("Microsoft"), "custom": msg("Another one")},
            advanced=True,
        ),
        _text("oauth.client_id", msg("Client id"), _SIGN_IN, default=""),
        _text("oauth.authorize_url", msg("Address of the sign-in page"), _SIGN_IN, default=""),
        _text("oauth.token_url", msg("Address for tokens"), _SIGN_IN, default=""),
        _text("oauth.scope", msg("Scope"), _SIGN_IN, default=""),
        _secret("oauth_refresh_token", msg("Refresh token"), advanced=True),
        _secret("oauth_client_secret", msg("Client secret"), advanced=True),
        _text(
            "tls.ca_file",
            msg("File with trusted authorities"),
            _CERTIFICATES,
            hint=msg("PEM, in addition to those of the system."),
            default="",
        ),
        Field(
            "tls.verify",
            FieldType.BOOLEAN,
            msg("Check certificates"),
            _CERTIFICATES,
            msg("Without it anybody in between can read the password and the mail."),
            default=True,
            advanced=True,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server to sign in to. ``security`` is ``tls`` (from the first byte), ``starttls`` or ``none``."""

    host: str
    port: int
    security: str
    user: str


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """Where and as whom to ask for access; the three addresses count for the provider ``custom`` only."""

    provider: str
    client_id: str
    authorize_url: str
    token_url: str
    scope: str


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """The settings of one account with every default filled in; names as in `SCHEMA`."""

    address: str
    display_name: str
    imap: Endpoint
    smtp: Endpoint
    history: str
    folder: str
    sent_folder: str
    save_sent: str
    plus_address: bool
    auth: str
    oauth: OAuthSettings
    ca_file: str
    verify: bool


def read_settings(given: Mapping[str, object]) -> EmailSettings:
    """Return ``given`` (dotted keys, as `Schema.clean` returns them) with defaults that depend on others.

    Raises Invalid where the address or the server for incoming mail is missing.
    """
    values = {f.key: f.default for f in SCHEMA.fields if f.type is not FieldType.SECRET}
    values.update({key: value for key, value in given.items() if value is not None})

    def text(key: str) -> str:
        return str(values[key] or "")

    for key in ("address", "imap.host"):
        if not text(key):
            raise Invalid(msg("{name} is missing.", name=key), field=key)
    imap = _endpoint(values, "imap", _IMAP_PORTS, text("imap.host"), text("address"))
    return EmailSettings(
        address=text("address"),
        display_name=text("display_name"),
        imap=imap,
        smtp=_endpoint(values, "smtp", _SMTP_PORTS, imap.host, text("address")),
        history=text("history"),
        folder=text("imap.folder"),
        sent_folder=text("sent_folder"),
        save_sent=text("save_sent"),
        plus_address=bool(values["plus_address"]),
        auth=text("auth"),
        oauth=OAuthSettings(
            *(
                text(f"oauth.{name}")
                for name in ("provider", "client_id", "authorize_url", "token_url", "scope")
            )
        ),
        ca_file=text("tls.ca_file"),
        verify=bool(values["tls.verify"]),
    )


def _endpoint(
    values: Mapping[str, object], name: str, ports: Mapping[str, int], host: str, user: str
) -> Endpoint:
    security = str(values[f"{name}.security"])
    return Endpoint(
        host=str(values[f"{name}.host"] or host),
        port=int(str(values[f"{name}.port"] or ports[security])),
        security=security,
        user=str(values[f"{name}.user"] or user),
    )
