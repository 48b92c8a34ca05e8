"""Runs the IMAP server of the small world: ``python -m agentdesk.app.demo.imap_server``."""

from __future__ import annotations

if __name__ == "__main__":
    from pymap.main import main

    main()
