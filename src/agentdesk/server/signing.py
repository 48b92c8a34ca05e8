"""Thread tokens: the signed names of conversations that travel inside Message-IDs and plus-addresses."""

from __future__ import annotations

from uuid import UUID

from agentdesk.base.secrets import Vault
from agentdesk.sdk.inbound import ThreadToken
from agentdesk.sdk.tokens import encode_token

_PURPOSE = "thread"


def sign_conversation(vault: Vault, conversation_id: UUID) -> str:
    """Return the token text of a conversation; only this server's key makes it."""
    return encode_token(conversation_id, vault.sign(conversation_id.hex, _PURPOSE))


def verify(vault: Vault, token: ThreadToken) -> UUID | None:
    """Return the conversation that ``token`` names, or None unless we signed it."""
    try:
        conversation_id = UUID(token.conversation)
    except ValueError:
        return None
    return conversation_id if vault.signed_by_us(conversation_id.hex, _PURPOSE, token.signature) else None
