"""To whom an answer may go."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from agentdesk.domain.cleaning import one_line
from agentdesk.domain.party import Party

MOST_RECIPIENTS = 100
LONGEST_ADDRESS = 320
LONGEST_NAME = 300
_ADDRESS = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,255}\.[^\s@<>,;\".]{1,63}")


def looks_like_address(value: str) -> bool:
    """Say whether ``value`` can be an email address at all; whether it works, only sending tells."""
    return _ADDRESS.fullmatch(value.strip()) is not None


def mailbox_of(address: str) -> str:
    """Return the mailbox that an address leads to: lower case, without a ``+tag``."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.split('+', 1)[0]}{at}{domain}" if at else domain


def cleaned(parties: Iterable[Party]) -> tuple[Party, ...]:
    """Return the parties without breaks and stray blanks, each address once, empty ones left out."""
    found: dict[tuple[str, str], Party] = {}
    for party in parties:
        value = "".join(one_line(party.value, LONGEST_ADDRESS + 1).split())
        if value:
            name = one_line(party.name, LONGEST_NAME)
            found.setdefault((party.kind, value.lower()), Party(party.kind, value, name))
    return tuple(found.values())


def without(parties: Iterable[Party], own: Collection[str]) -> tuple[Party, ...]:
    """Return the parties that are none of our mailboxes ``own`` (as :func:`mailbox_of` gives them)."""
    return tuple(party for party in parties if mailbox_of(party.value) not in own)


def without_repeats(parties: Iterable[Party], before: Iterable[Party]) -> tuple[Party, ...]:
    """Return the parties that are not among ``before``."""
    known = {(party.kind, party.value.lower()) for party in before}
    return tuple(party for party in parties if (party.kind, party.value.lower()) not in known)
