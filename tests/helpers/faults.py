"""How often the tests of faults try."""

from __future__ import annotations

import os

FULL = os.environ.get("AGENTDESK_FAULTS") == "full"
"""Whether they take the time to play at full count, as `scripts/faults` does."""
