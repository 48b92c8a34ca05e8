"""An authenticator app, as on a phone: codes from a secret."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from agentdesk.base import clock


def code_of(secret: str, steps: int = 0) -> str:
    """The code of a secret (base32) now, or ``steps`` of 30 seconds later."""
    moment = int(clock.now().timestamp()) + 30 * steps
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(moment).decode()
