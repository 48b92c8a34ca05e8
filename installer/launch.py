"""Where the frozen program begins: the same as ``python -m agentdesk``.

Called as ``agentdesk interpret …`` by the server itself, it is the worker that reads doubtful input.
"""

from __future__ import annotations

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()
    if sys.argv[1:2] == ["interpret"]:
        from agentdesk.server import worker

        worker.main()
    else:
        from agentdesk.cli import main

        sys.exit(main())
