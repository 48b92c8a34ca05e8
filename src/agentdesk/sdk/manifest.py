"""What a connector says of itself before any account exists."""

from __future__ import annotations

from dataclasses import dataclass

from agentdesk.base.text import Msg
from agentdesk.sdk.schema import Schema


@dataclass(frozen=True, slots=True)
class Manifest:
    """A channel, described.

    ``key`` names it for ever (``email``). ``identity_kind`` is the kind of address that its people have.
    ``tile`` is a Lucide icon name, or two letters for a network. ``address_setting`` is the setting that
    holds the account's own address. ``private`` says that answers are not public.
    """

    key: str
    name: Msg
    description: Msg
    identity_kind: str
    tile: str
    settings: Schema
    address_setting: str
    private: bool = True
