"""What the tests of a connector need: a memory in place of the core (``memory``), a base for simulators of
services (``simulator``), and the suite that every connector passes (``conformance``, which needs pytest)."""

from __future__ import annotations

from agentdesk.sdk.testing.memory import MemorySecrets, MemorySink

__all__ = ["MemorySecrets", "MemorySink"]
