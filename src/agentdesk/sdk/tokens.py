"""Thread tokens: the text form in which a conversation's signed name travels inside ids and addresses.

Form: ``ad-<32 hex digits of the conversation>-<20 hex digits of signature>``; letters, digits and hyphens
only, so it fits the local part of an address and of a Message-ID (RFC 5322 ``atext``).
"""

from __future__ import annotations

import re
from uuid import UUID

from agentdesk.sdk.inbound import ThreadToken

__all__ = ["encode_token", "find_tokens"]

_TOKEN = re.compile(r"ad-([0-9a-f]{32})-([0-9a-f]{20})")


def encode_token(conversation_id: UUID, signature: str) -> str:
    """Return the token text for a conversation."""
    return f"ad-{conversation_id.hex}-{signature}"


def find_tokens(*texts: str) -> tuple[ThreadToken, ...]:
    """Return the tokens in ``texts``, the last one first, each once; texts may come from strangers."""
    found: dict[ThreadToken, None] = {}
    for text in reversed(texts):
        for match in _TOKEN.finditer(text.lower()):
            found.setdefault(ThreadToken(str(UUID(match[1])), match[2]), None)
    return tuple(found)
