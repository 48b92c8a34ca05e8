"""Templates: a text with variables becomes a reply for one customer.

The grammar is a small part of Liquid: variables, a few filters, ``if``, ``unless`` and ``case``. Nothing in
it loops, assigns or includes, so a template costs no more than its length. Values are put in as they are and
never read as a template again. A variable without a value stays in the text as ``{{ its.name }}``, where
:func:`unresolved` finds it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg

__all__ = ["VARIABLES", "Gap", "Values", "first_name", "render", "unresolved", "values_for"]

Values = Mapping[str, Mapping[str, str]]
"""What variables stand for, by object and field: ``{"contact": {"name": "Ana Ruiz"}}``."""

VARIABLES: tuple[str, ...] = (
    "contact.name",
    "contact.first_name",
    "contact.company",
    "contact.email",
    "agent.name",
    "agent.first_name",
    "conversation.number",
    "conversation.subject",
    "inbox.name",
)
"""All that a template may name."""

MAX_BODY = 50_000
"""Characters of a template; the longest real ones have about 5,000."""

_NAME = r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*"
_GAP = re.compile(r"\{\{ ?(" + _NAME + r") ?\}\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gap:
    """A variable that has no value: from ``start`` to ``end`` (characters) of the text stands ``name``."""

    start: int
    end: int
    name: str


def render(body: str, values: Values) -> str:
    """Return the text of a template for ``values``; empty values count as missing.

    Raises Invalid where the template is malformed, too long, or uses what is not allowed.
    """
    from agentdesk.domain.template_grammar import filled  # a start can spare the time that Liquid takes

    if len(body) > MAX_BODY:
        raise Invalid(msg("This template is too long."))
    known = {
        thing: {field: value for field, value in fields.items() if value} for thing, fields in values.items()
    }
    return filled(body, known)


def unresolved(text: str) -> tuple[Gap, ...]:
    """Return the variables that were left in ``text`` for want of a value, in their order."""
    return tuple(Gap(found.start(), found.end(), found[1]) for found in _GAP.finditer(text))


def values_for(
    *,
    contact_name: str,
    contact_email: str,
    contact_company: str,
    agent_name: str,
    number: int,
    subject: str,
    inbox_name: str,
) -> Values:
    """Gather what :data:`VARIABLES` stand for in one conversation."""
    return {
        "contact": {
            "name": contact_name,
            "first_name": first_name(contact_name),
            "company": contact_company,
            "email": contact_email,
        },
        "agent": {"name": agent_name, "first_name": first_name(agent_name)},
        "conversation": {"number": str(number), "subject": subject},
        "inbox": {"name": inbox_name},
    }


def first_name(name: str) -> str:
    """Return how somebody called ``name`` is greeted; empty where the name is an address or nothing.

    "Baker, Tom" is Tom. Names in Chinese, Japanese and Korean writing are kept whole: their family name
    comes first, and nobody is greeted by the rest of it.
    """
    name = " ".join(name.split())
    if "@" in name or not name:
        return ""
    if any(unicodedata.name(char, "").startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL")) for char in name):
        return name
    family, comma, given = name.partition(", ")
    return (given if comma else family).split()[0]
