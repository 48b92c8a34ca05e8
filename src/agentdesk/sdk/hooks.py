"""Calls of a network at an address of this server (webhooks)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from agentdesk.sdk.inbound import RawItem

__all__ = ["HookAnswer", "HookCall", "hook_path"]


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call, as it came: ``method`` is GET or POST, ``headers`` have lower-case names, ``body`` is what a
    signature is computed of."""

    method: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What to answer once ``items`` are stored. An item that is stored already is passed over."""

    items: tuple[RawItem, ...] = ()
    status: int = 200
    body: str = ""
    media_type: str = "text/plain"


def hook_path(account_id: UUID) -> str:
    """Return the path on this server at which an account is called."""
    return f"/hooks/{account_id}"
