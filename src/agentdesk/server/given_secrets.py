"""Secrets that are at hand: of an account that is only looked at, or tried before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["GivenSecrets"]


class GivenSecrets:
    """Keeps the secrets it was given, and what is set, for itself."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def get(self, name: str) -> str | None:
        """Return the secret ``name``, or None where it was never given."""
        return self._values.get(name)

    async def set(self, name: str, value: str) -> None:
        """Keep a new value for as long as this lasts."""
        self._values[name] = value
