"""Texts for people, as values that are put into words only when they are shown.

A :class:`Msg` carries the English text (which is also the key of the catalogue) and the values for its named
placeholders. Nothing here chooses a language: that is :func:`agentdesk.base.i18n.render`. So a text made on
the server, stored in a row or held by a widget follows the reader's language whenever it is drawn.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Msg", "fill", "msg", "placeholders", "plural"]


@dataclass(frozen=True, slots=True)
class Msg:
    """A text for people, not yet in any language.

    ``text`` is the English text, ``args`` the values of its placeholders (texts, numbers or other messages).
    For a text that depends on a number, ``text`` is the form for one, ``plural_text`` the form for many,
    ``count`` the number (also available to the text as ``{count}``).
    """

    text: str
    args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    plural_text: str | None = None
    count: int | None = None

    def values(self) -> dict[str, Any]:
        """The values by placeholder name, ``count`` among them."""
        values = dict(self.args)
        if self.count is not None:
            values.setdefault("count", self.count)
        return values

    def english(self) -> str:
        """The English form of the text that fits ``count``, placeholders still in it."""
        if self.plural_text is None or self.count == 1:
            return self.text
        return self.plural_text

    def __str__(self) -> str:
        """The text in English, for logs and tests; a value that is missing leaves its placeholder."""
        try:
            return fill(self.english(), self.values(), str)
        except (KeyError, ValueError):
            return self.english()


def msg(text: str, /, **args: Any) -> Msg:
    """A text for people: ``msg("Resolved {name}.", name=customer)``."""
    return Msg(text, args)


def plural(one: str, many: str, count: int, /, **args: Any) -> Msg:
    """A text that depends on a number: ``plural("{count} message", "{count} messages", n)``."""
    return Msg(one, args, many, count)


def fill(template: str, values: Mapping[str, Any], to_text: Callable[[Any], str]) -> str:
    """Put ``values`` into the named placeholders of ``template``.

    Only plain names are placeholders: a catalogue cannot reach attributes, items or formats of a value.
    Raises ``KeyError`` for a name without a value and ``ValueError`` for a malformed template.
    """
    if "{" not in template and "}" not in template:
        return template
    parts: list[str] = []
    for literal, name, spec, conversion in string.Formatter().parse(template):
        parts.append(literal)
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(f"not a plain placeholder: {name!r}")
        parts.append(to_text(values[name]))
    return "".join(parts)


def placeholders(template: str) -> frozenset[str]:
    """The names of the placeholders in ``template``; raises ``ValueError`` where it is malformed."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)
