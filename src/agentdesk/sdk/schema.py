"""The settings of a channel, described once; forms, the command line and checks are built from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg

__all__ = ["Field", "FieldType", "Schema"]

_MOST_TERMS = 100


class FieldType(StrEnum):
    """The kinds of values that a setting can have."""

    TEXT = "text"
    EMAIL = "email"
    HOSTNAME = "hostname"
    PORT = "port"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    HISTORY = "history"  # now | days:N | all
    ACCOUNT = "account"  # the address of another account of the same inbox
    TERMS = "terms"  # what a watch list names: one to a line, or between commas
    SECRET = "secret"  # noqa: S105 - kept sealed on the server, never shown again


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. ``key`` is dotted (``imap.host``); ``group`` names the heading it stands under.

    ``default`` None means that the person must give it, unless ``required`` is false.
    """

    key: str
    type: FieldType
    title: Msg
    group: Msg | None = None
    hint: Msg | None = None
    default: object = None
    required: bool = True
    choices: Mapping[str, Msg] = field(default_factory=dict)
    advanced: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """All settings of a channel, in the order in which a form shows them."""

    fields: tuple[Field, ...]

    def field(self, key: str) -> Field:
        """Return the field ``key``; raises Invalid where there is none."""
        for candidate in self.fields:
            if candidate.key == key:
                return candidate
        raise Invalid(msg("There is no setting {name}.", name=key), field=key)

    def secrets(self) -> tuple[Field, ...]:
        """Return the fields whose values are secrets."""
        return tuple(f for f in self.fields if f.type is FieldType.SECRET)

    def clean(self, given: Mapping[str, str]) -> dict[str, object]:
        """Return all plain settings, typed and with defaults filled in, from texts as a person gave them.

        Raises Invalid, naming the field, for an unknown, missing or unusable value.
        """
        for key in given:
            if self.field(key).type is FieldType.SECRET:
                raise Invalid(msg("{name} is a secret: give it as one.", name=key), field=key)
        plain = (f for f in self.fields if f.type is not FieldType.SECRET)
        return {f.key: _clean(f, given.get(f.key)) for f in plain}


def _clean(spec: Field, text: str | None) -> object:
    if text is None or text.strip() == "":
        if spec.default is None and spec.required:
            raise Invalid(msg("{name} is missing.", name=spec.key), field=spec.key)
        return spec.default
    value = text.strip()
    if spec.type is FieldType.BOOLEAN:
        return _boolean(spec, value)
    if spec.type in (FieldType.INTEGER, FieldType.PORT):
        return _number(spec, value)
    if spec.type is FieldType.CHOICE and value not in spec.choices:
        raise _unusable(spec, value)
    if spec.type is FieldType.EMAIL and (value.count("@") != 1 or value.startswith("@") or " " in value):
        raise _unusable(spec, value)
    if spec.type is FieldType.HISTORY:
        return _history(spec, value)
    if spec.type is FieldType.TERMS:
        return _terms(spec, value)
    if any(ord(c) < 32 for c in value):
        raise _unusable(spec, value)
    return value


def _boolean(spec: Field, value: str) -> bool:
    if value.lower() in ("true", "yes", "on", "1"):
        return True
    if value.lower() in ("false", "no", "off", "0"):
        return False
    raise _unusable(spec, value)


def _number(spec: Field, value: str) -> int:
    highest = 65535 if spec.type is FieldType.PORT else 2**31
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= highest):
        raise _unusable(spec, value)
    return int(value)


def _history(spec: Field, value: str) -> str:
    if value in ("now", "all"):
        return value
    word, _, days = value.partition(":")
    if word == "days" and days.isascii() and days.isdigit() and 0 < int(days) < 100_000:
        return f"days:{int(days)}"
    raise _unusable(spec, value)


def _terms(spec: Field, value: str) -> list[str]:
    terms = list(dict.fromkeys(one.strip() for one in value.replace("\n", ",").split(",") if one.strip()))
    if len(terms) > _MOST_TERMS or any(ord(c) < 32 for one in terms for c in one):
        raise _unusable(spec, value)
    return terms


def _unusable(spec: Field, value: str) -> Invalid:
    return Invalid(
        msg("{value} cannot be used for {name}.", value=value[:80], name=spec.key), spec.hint, field=spec.key
    )
