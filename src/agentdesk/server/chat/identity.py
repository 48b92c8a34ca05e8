"""Verified visitors: the company's own server signs who is signed in at its page (HMAC, RFC 2104)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

from agentdesk.server.chat.protocol import Identity

__all__ = ["signature", "stands", "visitor_of"]

_LONGEST_SECONDS = 24 * 3600
_SKEW_SECONDS = 60
"""How much the clock of the company's server may be ahead of ours."""


def signature(secret: str, widget: UUID, claim: Identity) -> str:
    """Return what the company's server writes under a claim (hexadecimal)."""
    parts = ("agentdesk-chat-1", str(widget), claim.user_id, str(claim.expires), claim.name, claim.email)
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def stands(secret: str, widget: UUID, claim: Identity, now: datetime) -> bool:
    """Say whether a claim is signed with ``secret`` and has not run out; in constant time for each secret."""
    right = signature(secret, widget, claim)
    same = hmac.compare_digest(right.encode(), claim.hmac.lower().encode())
    told = any("\n" in text for text in (claim.user_id, claim.name, claim.email))
    until = claim.expires - now.timestamp()
    return bool(secret) and same and not told and 0 < until <= _LONGEST_SECONDS + _SKEW_SECONDS


def visitor_of(widget: UUID, user_id: str) -> str:
    """Return the address of a verified visitor in their channel: the same for ever, and no other widget's."""
    digest = hashlib.sha256(f"{widget.hex}\n{user_id}".encode()).hexdigest()
    return f"user-{digest[:40]}"
