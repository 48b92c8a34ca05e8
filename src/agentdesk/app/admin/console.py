"""What the subjects of ``agentdesk admin`` say, and what is typed for them."""

from __future__ import annotations

import getpass
import sys

from agentdesk.base.i18n import render
from agentdesk.base.text import Msg


def say(message: Msg) -> None:
    """Print a sentence at once, also where the output is a file."""
    sys.stdout.write(render(message) + "\n")
    sys.stdout.flush()


def typed() -> str:
    """Return a secret that is typed or piped in: one line, of which nothing is shown."""
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
