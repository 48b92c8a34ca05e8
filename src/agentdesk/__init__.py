"""AgentDesk: one queue for everything that customers write."""

from __future__ import annotations

__version__ = "0.1.0"
