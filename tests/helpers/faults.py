"""How often the tests of faults try."""

from __future__ import annotations

import os


def rounds(full: int) -> int:
    """Return how many rounds to play: ``full`` with AGENTDESK_FAULTS=full, else a tenth, at least one."""
    return full if os.environ.get("AGENTDESK_FAULTS") == "full" else max(1, full // 10)
