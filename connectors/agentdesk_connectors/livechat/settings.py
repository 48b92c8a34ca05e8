"""The settings of a widget: how a person gives them, and how the connector reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.sdk.pages import PageField, PageSettings
from agentdesk.sdk.schema import Field, FieldType, Schema

__all__ = ["IDENTITY_SECRET", "SCHEMA", "read_settings"]

IDENTITY_SECRET = "identity_secret"  # noqa: S105 - the name of a setting
SHORTEST_SECRET = 32
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?")

_PAGES = msg("Pages")
_LOOK = msg("Look")
_BEFORE = msg("Before the chat")
_FILES = msg("Files")
_AFTER = msg("The end")
_AWAY = msg("When nobody is there")
_VISITORS = msg("Visitors")

_ASKED = {"no": msg("Not asked"), "optional": msg("May be given"), "required": msg("Must be given")}


def _text(key: str, title: Msg, group: Msg, hint: Msg | None = None) -> Field:
    return Field(key, FieldType.TEXT, title, group, hint, default="", required=False)


def _asked(key: str, title: Msg) -> Field:
    return Field(key, FieldType.CHOICE, title, _BEFORE, default="no", choices=_ASKED)


SCHEMA = Schema(
    (
        Field(
            "site",
            FieldType.HOSTNAME,
            msg("Website"),
            _PAGES,
            msg("The site that the widget is for, as your team calls it: shop.example.com."),
        ),
        _text(
            "origins",
            msg("Pages that may use it"),
            _PAGES,
            msg("Origins, separated by blanks: https://shop.example.com https://*.example.org. Empty: all."),
        ),
        _text(
            "server",
            msg("Address of this server"),
            _PAGES,
            msg("Where visitors reach it: https://desk.example.com. Empty: mails have no links to it."),
        ),
        _text("name", msg("Name shown to visitors"), _LOOK, msg("Empty: the website.")),
        Field("colour", FieldType.TEXT, msg("Colour"), _LOOK, msg("As #rrggbb."), default="#1F6FEB"),
        Field(
            "position",
            FieldType.CHOICE,
            msg("Place"),
            _LOOK,
            default="end",
            choices={"end": msg("At the end of the line"), "start": msg("At its start")},
        ),
        Field(
            "theme",
            FieldType.CHOICE,
            msg("Light or dark"),
            _LOOK,
            default="auto",
            choices={"auto": msg("Like the visitor's system"), "light": msg("Light"), "dark": msg("Dark")},
        ),
        _text(
            "languages",
            msg("Languages"),
            _LOOK,
            msg("Separated by blanks: en de ar. Empty: all that the widget has."),
        ),
        _text("texts.greeting", msg("Greeting"), _LOOK, msg("Empty: the widget's own words.")),
        _text("texts.offline", msg("When nobody is there"), _LOOK, msg("Empty: the widget's own words.")),
        Field(
            "mail",
            FieldType.ACCOUNT,
            msg("Left messages are answered from"),
            _AWAY,
            msg("The address of an email account of the same inbox. Empty: answered in the chat."),
            default="",
            required=False,
        ),
        _asked("ask.name", msg("Name")),
        _asked("ask.email", msg("Email address")),
        _asked("ask.topic", msg("Topic")),
        Field("consent", FieldType.BOOLEAN, msg("Ask for consent"), _BEFORE, default=False),
        _text("texts.consent", msg("What visitors agree to"), _BEFORE),
        Field(
            "preview",
            FieldType.BOOLEAN,
            msg("Show agents what visitors type before they send it"),
            _BEFORE,
            msg("Visitors are told so where they write."),
            default=False,
        ),
        Field(
            "files.most",
            FieldType.INTEGER,
            msg("Files in one message of a visitor"),
            _FILES,
            msg("0 to 10; 0: visitors cannot send files."),
            default=5,
        ),
        Field(
            "files.megabytes",
            FieldType.INTEGER,
            msg("Largest file"),
            _FILES,
            msg("Megabytes: 1 to 25."),
            default=10,
        ),
        Field(
            "end_after",
            FieldType.INTEGER,
            msg("Ends by itself after"),
            _AFTER,
            msg("Hours in which neither side has written: 1 to 720."),
            default=24,
        ),
        Field("survey", FieldType.BOOLEAN, msg("Ask how it was"), _AFTER, default=True),
        Field(
            "presence",
            FieldType.BOOLEAN,
            msg("Show who is on the pages"),
            _VISITORS,
            msg("Only visitors who agreed: your pages say so (data-consent)."),
            default=False,
        ),
        Field(
            IDENTITY_SECRET,
            FieldType.SECRET,
            msg("Key for signing who a visitor is"),
            _VISITORS,
            msg("At least 32 characters, known to your own server only."),
            required=False,
        ),
    )
)


def read_settings(given: Mapping[str, object], secret: str) -> PageSettings:
    """Return ``given`` (dotted keys, as `Schema.clean` returns them) as pages need it.

    Raises Invalid, naming the field, for a colour, an origin, a language or a secret that cannot be used.
    """
    values = {f.key: f.default for f in SCHEMA.fields if f.type is not FieldType.SECRET}
    values.update({key: value for key, value in given.items() if value is not None})

    def text(key: str) -> str:
        return str(values[key] or "")

    if not _COLOUR.fullmatch(text("colour")):
        raise _unusable("colour", text("colour"))
    for language in text("languages").split():
        if not _LANGUAGE.fullmatch(language):
            raise _unusable("languages", language)
    if secret and len(secret) < SHORTEST_SECRET:
        raise Invalid(
            msg("The key needs at least {count} characters.", count=SHORTEST_SECRET), field=IDENTITY_SECRET
        )
    asked = {name: text(f"ask.{name}") for name in ("name", "email", "topic")}
    return PageSettings(
        name=text("name") or text("site"),
        colour=text("colour").upper(),
        position=text("position"),
        theme=text("theme"),
        origins=tuple(_origin(one) for one in text("origins").split()),
        server=_server(text("server")) if text("server") else "",
        languages=tuple(text("languages").split()),
        texts={name: text(f"texts.{name}") for name in ("greeting", "offline", "consent")},
        pre_chat=tuple(PageField(name, how == "required") for name, how in asked.items() if how != "no"),
        consent=bool(values["consent"]),
        preview=bool(values["preview"]),
        silence=timedelta(hours=_number("end_after", values, 1, 720)),
        survey=bool(values["survey"]),
        presence=bool(values["presence"]),
        mail=text("mail").lower(),
        files=_number("files.most", values, 0, 10),
        file_bytes=_number("files.megabytes", values, 1, 25) * 1_000_000,
        identity_secret=secret,
    )


def _server(given: str) -> str:
    """Where this server is reached: one origin."""
    if "*" in given:
        raise _unusable("server", given)
    return _origin(given, "server")


def _number(key: str, values: Mapping[str, object], least: int, most: int) -> int:
    value = values[key]
    if not isinstance(value, int) or not least <= value <= most:
        raise _unusable(key, str(value))
    return value


def _origin(given: str, key: str = "origins") -> str:
    """Return an origin as browsers write it (RFC 6454, 6.2): scheme, host, and a port that is not the usual
    one. The host may begin with ``*.``."""
    try:
        parts = urlsplit(given.rstrip("/").lower())
        port = parts.port
    except ValueError:
        raise _unusable(key, given) from None
    host = parts.hostname or ""
    plain = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not plain or not _HOST.fullmatch(host):
        raise _unusable(key, given)
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if port in (None, usual) else f"{parts.scheme}://{host}:{port}"


def _unusable(key: str, value: str) -> Invalid:
    hint = SCHEMA.field(key).hint
    return Invalid(msg("{value} cannot be used for {name}.", value=value[:80], name=key), hint, field=key)
