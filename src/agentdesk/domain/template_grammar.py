"""The small part of Liquid that templates are written in; imported when the first one is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from liquid import Environment, Undefined
from liquid.exceptions import LiquidError

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg

__all__ = ["filled"]

_TAGS = frozenset({"content", "output", "illegal", "if", "unless", "case", "comment", "#"})
_FILTERS = frozenset(
    {"default", "upcase", "downcase", "capitalize", "strip", "truncate", "truncatewords", "append", "prepend"}
)
_PATH = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*", re.IGNORECASE)


def filled(body: str, values: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text of a template for ``values``. Raises Invalid where it is malformed or uses what is not
    allowed."""
    try:
        return _environment().from_string(body).render(**values)
    except (LiquidError, RecursionError) as error:
        raise Invalid(
            msg("This template has a mistake: {detail}", detail=str(error).partition("\n")[0]),
            msg("Ask whoever writes your templates to correct it."),
        ) from error


class _Kept(Undefined):
    """Stands in the text for a variable that has no value."""

    def __str__(self) -> str:
        written = _PATH.match(self.token.source, self.token.start_index) if self.token else None
        return "{{ " + (written[0] if written else self.name) + " }}"


class _Small(Environment):
    """Liquid with limits."""

    block_nesting_limit = 20
    output_stream_limit = 1_000_000


@cache
def _environment() -> Environment:
    environment = _Small(undefined=_Kept, extra=False)
    environment.tags = {name: tag for name, tag in environment.tags.items() if name in _TAGS}
    environment.filters = {name: work for name, work in environment.filters.items() if name in _FILTERS}
    return environment
