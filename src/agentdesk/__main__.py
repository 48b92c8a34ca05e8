"""``python -m agentdesk``."""

from __future__ import annotations

import sys

from agentdesk.cli import main

sys.exit(main())
