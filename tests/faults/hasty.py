"""``agentdesk`` whose server takes "it is not there" for true after a moment, which tests can wait for."""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

from agentdesk.cli import main
from agentdesk.server.delivery import Delivery

_SETTLE_SECONDS = 2.0
_judged = Delivery._judged


def _hastily(self: Delivery, row: Any, found: Any, _settle_seconds: float) -> Any:
    return _judged(self, row, found, _SETTLE_SECONDS)


if __name__ == "__main__":
    with patch.object(Delivery, "_judged", _hastily):
        sys.exit(main())
