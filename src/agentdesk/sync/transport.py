"""What carries frames between a desk and its server."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """Whole frames in both directions."""

    async def receive(self) -> bytes | None:
        """Return the next frame, or None when the other side has gone."""
        ...

    async def send(self, frame: bytes) -> None:
        """Send a frame, waiting while the other side cannot take it. Raises ConnectionError."""
        ...

    async def close(self) -> None: ...
