"""Who a reply is offered to (RFC 5322, 3.6.3): Reply-To honoured, everybody once, never one of our own
addresses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from agentdesk.domain.party import Party
from agentdesk.domain.recipients import cleaned, mailbox_of, without, without_repeats

__all__ = ["Addressed", "is_own", "to_all", "to_sender"]


@dataclass(frozen=True, slots=True)
class Addressed:
    """The people a reply goes to; nobody is in it twice."""

    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()


def is_own(value: str, own: Collection[str]) -> bool:
    """Say whether ``value`` reaches one of our addresses ``own``, a plus-address of ours included."""
    return mailbox_of(value) in {mailbox_of(address) for address in own}


def to_sender(
    sender: Party | None,
    reply_to: Iterable[Party],
    own: Collection[str],
    written_to: Iterable[Party] = (),
) -> Addressed:
    """Return whom a plain reply goes to.

    Reply-To where there is one, else the sender. Where that leaves nobody but us (the message was ours), it
    goes to those whom we had ``written_to``. Empty where nobody is left.
    """
    for group in (reply_to, (sender,) if sender else (), written_to):
        others = _others(group, own)
        if others:
            return Addressed(to=others)
    return Addressed()


def to_all(
    sender: Party | None,
    reply_to: Iterable[Party],
    to: Iterable[Party],
    cc: Iterable[Party],
    own: Collection[str],
) -> Addressed:
    """Return whom a reply to everybody goes to: as :func:`to_sender`, and all others of To and Cc in Cc."""
    everybody = tuple(to)
    first = to_sender(sender, reply_to, own, everybody).to
    return Addressed(to=first, cc=without_repeats(_others((*everybody, *cc), own), first))


def _others(people: Iterable[Party], own: Collection[str]) -> tuple[Party, ...]:
    return without(cleaned(people), {mailbox_of(address) for address in own})
