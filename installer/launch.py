"""Where the frozen program begins: the same as ``python -m agentdesk``."""

from __future__ import annotations

import multiprocessing
import sys

from agentdesk.cli import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
