"""Secrets at rest: sealed bytes, and the server's passwords with a key readable by its owner only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg

_NONCE_BYTES = 12
_KEY_BYTES = 32
_SIGNATURE_DIGITS = 20


class NotOpened(AgentDeskError):
    """Sealed bytes are damaged, or were sealed with another key or for another purpose."""

    def __init__(self) -> None:
        super().__init__(msg("This was sealed with another key."))


class Box:
    """Seals bytes with one key of 32 bytes (AES-256-GCM)."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, content: bytes | bytearray, purpose: str) -> bytes:
        """Return ``content`` sealed; it can be opened only for the same ``purpose``."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, content, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Return the content of ``sealed``. Raises NotOpened."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise NotOpened from error


class Vault:
    """Seals and opens short secrets (AES-256-GCM) and signs tokens (HMAC-SHA-256) with one key."""

    def __init__(self, key: bytes) -> None:
        self._box = Box(key)
        self._sign_key = hmac.digest(key, b"agentdesk signing", "sha256")

    @classmethod
    def at(cls, path: Path) -> Vault:
        """Return the vault whose key lies at ``path``; the key is made on first use (mode 0600)."""
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            key = _create_key(path)
        if len(key) != _KEY_BYTES:
            raise AgentDeskError(
                msg("The key file {path} is damaged.", path=str(path)),
                msg("Restore it from a back-up: stored passwords cannot be read without it."),
            )
        return cls(key)

    def seal(self, secret: str, purpose: str) -> bytes:
        """Return ``secret`` sealed; it can be opened only for the same ``purpose``."""
        return self._box.seal(secret.encode(), purpose)

    def open(self, sealed: bytes, purpose: str) -> str:
        """Return the secret in ``sealed``.

        Raises AgentDeskError where it was sealed with another key or for another purpose.
        """
        try:
            plain = self._box.open(sealed, purpose)
        except NotOpened as error:
            raise AgentDeskError(
                msg("A stored password cannot be read with this server's key."),
                msg("Enter it again, or restore the key file that belongs to this database."),
            ) from error
        return plain.decode()

    def sign(self, text: str, purpose: str) -> str:
        """Return 20 hexadecimal digits (80 bits) that prove we made ``text`` for ``purpose``."""
        mac = hmac.new(self._sign_key, f"{purpose}\0{text}".encode(), hashlib.sha256)
        return mac.hexdigest()[:_SIGNATURE_DIGITS]

    def token(self, text: str, purpose: str) -> str:
        """Return 32 bytes that nobody else can make of ``text``, as 43 letters, digits, ``-`` and ``_``."""
        made = hmac.digest(self._sign_key, f"token\0{purpose}\0{text}".encode(), "sha256")
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    def signed_by_us(self, text: str, purpose: str, signature: str) -> bool:
        """Say in constant time whether ``signature`` is ours for ``text``."""
        return hmac.compare_digest(self.sign(text, purpose).encode(), signature.encode())


def _create_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = os.urandom(_KEY_BYTES)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # the first of two starters wins
    except FileExistsError:
        return path.read_bytes()
    finally:
        temporary.unlink(missing_ok=True)
    return key
