"""One sentence about what is wrong, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentdesk.base.text import Msg


@dataclass(frozen=True, slots=True)
class Finding:
    """``topic`` is a word for programs. ``wrong`` is false where it is only worth knowing; ``ends`` is true
    where nothing more can be looked at."""

    topic: str
    words: Msg
    remedy: Msg | None = None
    wrong: bool = True
    ends: bool = False


def moment_text(moment: datetime) -> str:
    """Return a moment as this computer's clock shows it, to the minute."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
