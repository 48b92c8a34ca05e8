"""How the accounts of channels are doing."""

from __future__ import annotations

__all__ = ["TROUBLED"]

TROUBLED = ("unreachable", "auth_failed", "error")
"""The states of an account in which something has to be done, or waited for."""
