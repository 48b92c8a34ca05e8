"""The key of what a desk keeps on its disk: two halves, one of this computer and one of the server's.

The computer's half never leaves it (key ring, or a private file where there is none). The server's half is
kept beside the desk's files as a *lease*: sealed with the other half, with an end, and forgotten when that
has come. What this stops and what it does not is written down in docs/decisions/.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.files import write_private
from agentdesk.base.log import get_logger

if TYPE_CHECKING:
    from agentdesk.base.secrets import Box

__all__ = ["HALF_BYTES", "DeskKeys", "DeviceKey", "Lease", "LeaseFile"]

HALF_BYTES = 32
_LEEWAY = timedelta(minutes=10)
"""How far a clock may go back: time services correct by less."""
_ID_DIGITS = 32

_log = get_logger(__name__)


@dataclass(frozen=True, repr=False)
class DeviceKey:
    """This computer's half, and the id under which the server keeps the other one."""

    id: UUID
    half: bytes

    @classmethod
    def make(cls, key_id: UUID) -> DeviceKey:
        """Return a new one."""
        return cls(key_id, os.urandom(HALF_BYTES))

    @classmethod
    def parse(cls, text: str) -> DeviceKey:
        """Return what :attr:`text` gave. Raises ValueError."""
        key = cls(UUID(text[:_ID_DIGITS]), bytes.fromhex(text[_ID_DIGITS:]))
        if len(key.half) != HALF_BYTES:
            raise ValueError("not a device key")
        return key

    @property
    def text(self) -> str:
        """What is kept of it."""
        return self.id.hex + self.half.hex()


class DeskKeys:
    """The keys that both halves make together: one each for what a desk keeps (HKDF, RFC 5869)."""

    def __init__(self, device: DeviceKey, server_half: bytes) -> None:
        self._secret = hmac.digest(device.half, server_half, "sha256")

    @cached_property
    def replica(self) -> bytes:
        """For what the server sent."""
        return self._expanded(b"replica")

    @cached_property
    def outbox(self) -> bytes:
        """For what was typed and not confirmed."""
        return self._expanded(b"outbox")

    @cached_property
    def files(self) -> bytes:
        """For attachments."""
        return self._expanded(b"files")

    @cached_property
    def screen(self) -> bytes:
        """For what the window showed last."""
        return self._expanded(b"screen")

    def _expanded(self, purpose: bytes) -> bytes:
        return hmac.digest(self._secret, b"agentdesk desk " + purpose + b"\x01", "sha256")


class Lease(msgspec.Struct, frozen=True):
    """The server's half until ``expires_at``; ``seen_at`` is the latest time this computer's clock showed."""

    half: bytes
    expires_at: datetime
    seen_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it may be used: a clock that was set back since does not prolong it."""
        return self.seen_at - _LEEWAY <= now < self.expires_at


class LeaseFile:
    """The lease on the disk, sealed with the computer's half: a copy of the disk alone does not give it."""

    def __init__(self, path: Path, device: DeviceKey) -> None:
        self._path = path
        self._purpose = f"lease {device.id}"
        self._seal_key = hmac.digest(device.half, b"agentdesk desk lease", "sha256")

    def read(self, now: datetime) -> Lease | None:
        """Return the lease where it holds; one that does not is deleted. Blocks."""
        try:
            lease = msgspec.msgpack.decode(self._box.open(self._path.read_bytes(), self._purpose), type=Lease)
        except FileNotFoundError:
            return None
        except (OSError, AgentDeskError, msgspec.MsgspecError) as error:
            _log.warning("the lease cannot be read", why=str(error))
            return None
        if not lease.holds(now):
            _log.info("the lease has run out")
            self.delete()
            return None
        return lease

    def write(self, lease: Lease) -> None:
        """Keep ``lease``. Raises OSError. Blocks."""
        write_private(self._path, self._box.seal(msgspec.msgpack.encode(lease), self._purpose))

    def delete(self) -> None:
        """Forget the server's half."""
        self._path.unlink(missing_ok=True)

    @cached_property
    def _box(self) -> Box:
        from agentdesk.base.secrets import Box  # its library costs 20 ms

        return Box(self._seal_key)
