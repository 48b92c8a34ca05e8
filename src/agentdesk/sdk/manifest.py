"""What a connector says of itself before any account exists."""

from __future__ import annotations

from dataclasses import dataclass

from agentdesk.base.text import Msg
from agentdesk.sdk.schema import Schema

__all__ = ["EDITS", "EXTRAS", "VERSION", "Manifest"]

VERSION = (1, 2)
"""Of this contract. The first number changes when a connector that kept to it before does not any more, the
second when something is added."""
EDITS = "edits"
"""In ``can`` of a manifest: what was sent can be changed and taken back for some minutes."""
EXTRAS = "extras"
"""In ``can`` of a manifest: messages can offer answers to choose from, and cards."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A channel, described.

    ``key`` names it for ever (``email``). ``identity_kind`` is the kind of address that its people have.
    ``tile`` is a Lucide icon name, or two letters for a network. ``address_setting`` is the setting that
    holds the account's own address. ``private`` says that answers are not public. ``can`` names what its
    messages can do beyond text and files: :data:`EDITS`, :data:`EXTRAS`. ``sdk`` is the :data:`VERSION` that
    it was written for: it runs where the first number is the same and the second no smaller.
    """

    key: str
    name: Msg
    description: Msg
    identity_kind: str
    tile: str
    settings: Schema
    address_setting: str
    private: bool = True
    can: frozenset[str] = frozenset()
    sdk: tuple[int, int] = (1, 0)
