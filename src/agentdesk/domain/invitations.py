"""Invitations to chat: what pages say to their visitors, and when. Pages carry out the rules themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.domain.cleaning import one_line

__all__ = ["LONGEST_TEXT", "MOST", "Rule", "checked_rule", "checked_text", "rule_of", "text_for"]

MOST = 10
"""How many invitations a widget has: each of its pages is told of all."""
LONGEST_TEXT = 300
_LONGEST_PATTERN = 200
_MOST_STARS = 5
_HIGHEST = {"after": 3_600, "scroll": 100, "pages": 100}


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a visitor is invited: all that is set must hold.

    ``after`` is how many seconds they look at a page, ``scroll`` how much of it they have seen (percent),
    ``pages`` how many pages of this visit they opened. ``address`` is a pattern for the path and query of
    the page, ``referrer`` one for the page that led to the site; ``*`` stands for any characters.
    ``online``: only while somebody of the team is there, ``returning``: only who was here before.
    """

    after: int = 0
    address: str = ""
    scroll: int = 0
    pages: int = 0
    referrer: str = ""
    online: bool = False
    returning: bool = False


def rule_of(stored: Mapping[str, Any]) -> Rule:
    """Return a rule as it is stored; what this program does not know of it is passed over."""
    return msgspec.convert(dict(stored), Rule)


def checked_rule(rule: Rule) -> Rule:
    """Return the rule where pages can use it. Raises Invalid, naming the field."""
    for name, highest in _HIGHEST.items():
        if not 0 <= getattr(rule, name) <= highest:
            raise Invalid(msg("{name} is 0 to {most}.", name=name, most=highest), field=name)
    if rule.address and rule.address[0] not in "/*":
        raise _unusable("address", rule.address, msg("It begins with / or *, like /prices* or *basket*."))
    for name in ("address", "referrer"):
        pattern = getattr(rule, name)
        plain = pattern.isprintable() and len(pattern) <= _LONGEST_PATTERN
        if not plain or pattern.count("*") > _MOST_STARS:
            raise _unusable(name, pattern, msg("It has {count} stars at most.", count=_MOST_STARS))
    return rule


def checked_text(given: str) -> str:
    """Return a text as pages show it, on one line. Raises Invalid for none, or one that is too long."""
    text = one_line(given, LONGEST_TEXT + 1)
    if not text:
        raise Invalid(msg("There is no text yet."), field="text")
    if len(text) > LONGEST_TEXT:
        raise Invalid(msg("The text may have {count} characters.", count=LONGEST_TEXT), field="text")
    return text


def text_for(texts: Mapping[str, str], language: str) -> str:
    """Return the text in a visitor's language (BCP 47), else the one for all others, else any."""
    for tag in (language, language.partition("-")[0], ""):
        if tag in texts:
            return texts[tag]
    return next(iter(texts.values()), "")


def _unusable(name: str, value: str, hint: Msg) -> Invalid:
    return Invalid(msg("{value} cannot be used for {name}.", value=value[:80], name=name), hint, field=name)
