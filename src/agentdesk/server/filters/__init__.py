"""The rules of intake, one per file, applied in the order of their names to each message.

A rule is a function ``apply(arrival, lookup)`` that writes down on the arrival what it finds. It asks nothing
but the lookup, which was read for the whole batch. A new file in this folder is a new rule.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module

from agentdesk.commands.arrival import Arrival
from agentdesk.server.lookup import Lookup

Filter = Callable[[Arrival, Lookup], None]


@cache
def all_filters() -> tuple[Filter, ...]:
    """Return the rules in their order."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").apply for name in names)


def apply_all(arrival: Arrival, lookup: Lookup) -> None:
    """Let every rule have its say, until one settles the matter."""
    for rule in all_filters():
        rule(arrival, lookup)
        if arrival.settled:
            break
    lookup.remember(arrival)
