"""The rules of the suite, a family to a file."""

from __future__ import annotations

__all__: list[str] = []
